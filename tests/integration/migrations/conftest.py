"""Stores to move tables between, and a fixture that calls `omnix tables`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.cli import main
from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.accounts import new_stage, store_maker

TABLE = "purchase-history"
Item = dict[str, Any]
Omnix = Callable[..., str]


def purchase(number: int, **more: Any) -> Item:
    """An item with every type there is."""
    return {
        "id": f"p{number:06d}",
        "customerId": f"c{number % 7}",
        "productId": f"m{number % 5}",
        "purchaseDate": f"2026-01-{number % 28 + 1:02d}T10:00:00.000Z",
        "quantity": number % 3 + 1,
        "totalPrice": Decimal(number % 3 + 1) * Decimal("1.50"),
        "digits": Decimal("1234567890123456789012345678.0123456789"),
        "large": 10**30 + number,
        "picture": bytes([0, 255, number % 256]),
        "tags": {"a", "b"},
        "sizes": {1, Decimal("2.5")},
        "pictures": {b"x", b"y"},
        "none": None,
        "list": [1, "1", {"$set": [True]}, []],
        "map": {"deep": {"er": Decimal("0.10")}, "nothing": None},
        **more,
    }


def by_id(items: Iterable[Item]) -> dict[str, Item]:
    return {item["id"]: item for item in items}


@dataclass(frozen=True)
class Side:
    """A store, and how the command line names it."""

    open: Callable[[], TableStore]
    place: tuple[str, ...]

    def put(self, items: list[Item]) -> None:
        with closing(self.open()) as store:
            store.create_tables()
            store.put_many(TABLE, items)

    def items(self) -> dict[str, Item]:
        with closing(self.open()) as store:
            return by_id(store.scan(TABLE))

    def to(self) -> list[str]:
        return [part for setting in self.place for part in ("--to", setting)]


@pytest.fixture
def source(tmp_path: Path) -> Side:
    """The store of the settings: SQLite in the workspace."""
    return Side(lambda: SqliteStore(tmp_path / ".omnix" / "store.sqlite"), ())


@pytest.fixture(params=["sqlite", "dynamodb"])
def target(request: pytest.FixtureRequest, tmp_path: Path, aws_environment: None) -> Side:
    if request.param == "sqlite":
        path = tmp_path / "other.sqlite"
        return Side(lambda: SqliteStore(path, stage="prod"), (f"path={path}", "stage=prod"))
    return in_dynamodb(request.getfixturevalue("ministack"))


@pytest.fixture
def dynamodb(ministack: str, aws_environment: None) -> Side:
    return in_dynamodb(ministack)


def in_dynamodb(url: str) -> Side:
    stage = new_stage()
    return Side(store_maker(url, stage=stage), ("dynamodb", f"endpoint_url={url}", f"stage={stage}"))


@pytest.fixture
def omnix(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Omnix:
    """Calls `omnix tables`, which must end with that code; returns stdout, and stderr too after a failure."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, code: int = 0) -> str:
        ended = main(["tables", *arguments])
        printed = capfd.readouterr()
        assert ended == code, printed.err
        return printed.out if code == 0 else printed.out + printed.err

    return call


def images(folder: Path) -> int:
    return len(list(folder.glob(".omnix/migrations/*/images/[!.]*")))


@contextmanager
def started(program: str, *arguments: str, folder: Path, chunks: int = 1) -> Iterator[subprocess.Popen[str]]:
    """A copy in a process of its own, which has begun to write that many chunks."""
    awaited = images(folder) + chunks
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while images(folder) < awaited and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        yield process
