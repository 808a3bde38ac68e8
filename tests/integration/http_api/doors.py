"""An API to call: in this process with any tokens, or as a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
from fastapi import FastAPI

from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers.customer_side import CustomerSide
from omnix_cli.serving.http_api.app import application
from omnix_cli.serving.http_api.bounds import Rates
from omnix_cli.settings import ApiSettings, Settings
from omnix_cli.stores.sqlite.store import SqliteStore

SECRET = "a secret of thirty-two signs or more, for tests"
ISSUER, AUDIENCE = "https://login.example.com", "omnix"
NOON = datetime(2018, 1, 15, 12, tzinfo=UTC)


def token(subject: str = "zoe", scope: str | None = "omnix:customer", **claims: Any) -> str:
    """A token of the issuer."""
    now = int(time.time())
    standard = {"sub": subject, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600, "scope": scope}
    key, algorithm = claims.pop("key", SECRET), claims.pop("algorithm", "HS256")
    kept = {name: value for name, value in {**standard, **claims}.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers=claims.pop("headers", None))


def bearer(subject: str = "zoe", scope: str = "omnix:customer", **claims: Any) -> dict[str, str]:
    """The headers of a request with a token."""
    return {"Authorization": f"Bearer {token(subject, scope, **claims)}"}


SERVICE = ("shop", "omnix:service")


def keyed(**settings: Any) -> ApiSettings:
    """Settings with the secret of the tests."""
    return ApiSettings(secret=SECRET, issuer=ISSUER, audience=AUDIENCE, **settings)


@dataclass
class Door:
    """An API in this process."""

    folder: Path
    settings: ApiSettings = field(default_factory=ApiSettings)
    rates: Rates | None = None
    opened: TableStore | None = None
    local_only: bool = False

    def __post_init__(self) -> None:
        self.store: TableStore = self.opened or SqliteStore(self.folder / "store.sqlite")
        self.side = CustomerSide.of(self.store, Settings(), now=lambda: NOON)
        self.app = application(self.side, self.settings, rates=self.rates, local_only=self.local_only)
        assert isinstance(self.app.app, FastAPI)
        self.inner = self.app.app

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to a request."""

        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://omnix.test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(answer())


@dataclass(frozen=True)
class Process:
    """An API as a process of its own."""

    process: subprocess.Popen[str]
    port: int


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Process]:
    """`omnix serve` on a free port, until the block ends."""
    environment = {**os.environ, **{f"OMNIX_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "omnix_cli", "serve", "--port", "0", "--workspace", str(folder / "workspace")]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"listening on http://\S+:(\d+)", line):
                threading.Thread(target=process.stderr.read, daemon=True).start()
                yield Process(process, int(found[1]))
                break
        else:
            raise AssertionError("the server did not start")
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
