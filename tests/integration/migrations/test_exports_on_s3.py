"""Tables exported to a bucket and loaded from it: whole or not there, as on a disk."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from omnix_cli.cli import main
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.buckets import TestBucket

TABLE = "products"
ITEMS = [
    {"id": f"p{number:04d}", "category": "dairy", "price": Decimal(number) / 100, "picture": bytes([number % 256])}
    for number in range(700)
]
PARTS_OF_25 = (
    "import os, sys; from omnix_cli.api.opening import Opening; from omnix_cli.api.tables import Tables;"
    "Tables(Opening(environment=os.environ), part_items=25).export(['products'], sys.argv[1])"
)
Omnix = Callable[..., str]


@pytest.fixture
def omnix(
    bucket: TestBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Omnix:
    """Calls `omnix tables` in a folder whose embedded store holds the items; it must end with that code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMNIX_S3__ENDPOINT_URL", bucket.url)
    with closing(SqliteStore(tmp_path / ".omnix" / "store.sqlite")) as store:
        store.create_tables()
        store.put_many(TABLE, ITEMS)

    def call(*arguments: str, code: int = 0) -> str:
        ended = main(["tables", *arguments])
        printed = capfd.readouterr()
        assert ended == code, printed.err
        return printed.out + printed.err

    return call


def stored(folder: Path, stage: str) -> list[dict[str, Any]]:
    with closing(SqliteStore(folder / ".omnix" / "store.sqlite", stage=stage)) as store:
        return sorted(store.scan(TABLE), key=lambda item: str(item["id"]))


def test_an_export_in_a_bucket_comes_back_as_it_was(omnix: Omnix, bucket: TestBucket, tmp_path: Path) -> None:
    place = f"{bucket.address}/backup/monday"
    assert f"Exported to {place}" in omnix("export", TABLE, "--to", place)
    manifest = orjson.loads(bucket.read("backup/monday/manifest.json"))
    assert [part["items"] for part in manifest["tables"][TABLE]] == [700]
    omnix("load", place, "--to", "stage=test", "--create")
    assert stored(tmp_path, "test") == ITEMS
    omnix("verify", "--from", f"{place}/", "--to", "stage=test")
    omnix("export", TABLE, "--to", "on-disk")
    omnix("verify", "--from", place, "--to", "on-disk/")
    assert "already holds an export" in omnix("export", TABLE, "--to", place, code=2)


def test_a_killed_export_does_not_count_and_continues(omnix: Omnix, bucket: TestBucket, tmp_path: Path) -> None:
    place = f"{bucket.address}/backup"
    command = [sys.executable, "-c", PARTS_OF_25, place]
    with subprocess.Popen(command, cwd=tmp_path) as process:
        deadline = time.monotonic() + 60
        while len(bucket.keys("backup/")) < 4 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        process.kill()
    assert process.returncode == -signal.SIGKILL, "it was done before it could be killed"
    safe = {name: bucket.read(name) for name in bucket.keys("backup/products-")}
    assert len(safe) >= 2
    assert "repeat `omnix tables export`" in omnix("load", place, "--to", "stage=test", "--create", code=2)
    omnix("export", TABLE, "--to", place)
    assert safe.items() <= {name: bucket.read(name) for name in bucket.keys("backup/products-")}.items()
    assert "backup/unfinished.json" not in bucket.keys("backup/")
    omnix("load", place, "--to", "stage=test", "--create")
    assert stored(tmp_path, "test") == ITEMS


def test_a_damaged_export_in_a_bucket_is_not_loaded(omnix: Omnix, bucket: TestBucket, tmp_path: Path) -> None:
    place = f"{bucket.address}/backup"
    omnix("export", TABLE, "--to", place)
    (name,) = bucket.keys("backup/products-")
    content = bytearray(bucket.read(name))
    content[len(content) // 2] ^= 1
    bucket.write(name, bytes(content))
    printed = omnix("load", place, "--to", "stage=test", "--create", code=3)
    assert f"{place}/: products-000-00000.parquet differs from its checksum" in printed
    omnix("status", "--stage", "test", code=2)  # no table was made


@pytest.mark.parametrize("command", [("export", TABLE, "--to"), ("load",), ("verify", "--from")])
def test_a_bucket_that_does_not_exist_is_named(omnix: Omnix, command: tuple[str, ...]) -> None:
    assert "NoSuchBucket" in omnix(*command, "s3://no-such-bucket/backup", code=2)
    assert "is not a folder" in omnix(*command, "gs://bucket/backup", code=2)


def test_with_a_workspace_on_s3_the_journal_of_a_copy_stays_on_this_machine(
    omnix: Omnix, bucket: TestBucket, tmp_path: Path
) -> None:
    shared = ("--workspace", f"{bucket.address}/team")
    place = f"{bucket.address}/backup"
    omnix("export", TABLE, "--to", place, *shared)
    omnix("load", place, "--to", "stage=test", "--create", *shared)
    assert stored(tmp_path, "test") == ITEMS
    assert len(list((tmp_path / ".omnix" / "migrations").glob("*/images/*.parquet"))) == 1
    assert bucket.keys("team/") == []
    assert "700" in omnix("undo", "latest", *shared)
    assert stored(tmp_path, "test") == []
