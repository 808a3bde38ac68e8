"""An S3 for tests: moto's server in a thread, and buckets in it that tests can look into and harm."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3.prefix import Prefix


@contextmanager
def moto_server() -> Iterator[str]:
    """The URL of a server that keeps everything in memory."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@dataclass(frozen=True)
class TestBucket:
    """A bucket as its owner sees it."""

    __test__ = False

    url: str
    at: Prefix
    """Its objects as omnix sees them."""

    @property
    def settings(self) -> S3Settings:
        return S3Settings(endpoint_url=self.url)

    @property
    def name(self) -> str:
        return self.at.bucket.name

    @property
    def address(self) -> str:
        return f"s3://{self.name}"

    @property
    def client(self) -> Any:
        return self.at.bucket.client

    def keys(self, prefix: str = "") -> list[str]:
        found = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", ())]

    def read(self, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=self.name, Key=key)["Body"].read())

    def write(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)
