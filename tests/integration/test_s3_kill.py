"""Processes that are killed while they write to S3, or that meet trouble there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3.workspace import S3Workspace
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from tests.aws.buckets import TestBucket

PARTS = 6
WRITER = """
import sys
from tests.integration.test_s3_kill import opened, write
write(opened(sys.argv[1], sys.argv[2]), progress=lambda: print("part", flush=True))
print("committed", flush=True)
sys.stdin.read()
"""


def opened(address: str, url: str, *, hours_later: float = 0) -> ParquetCheckpoints:
    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(hours=hours_later)

    place = S3Workspace(address, S3Settings(endpoint_url=url, leftover_hours=1), now=clock)
    return ParquetCheckpoints(place.shelf("checkpoints"), now=clock, part_rows=1000)


def write(store: ParquetCheckpoints, progress: Callable[[], None] = lambda: None) -> None:
    with store.write(key="count-1", step="count", version="1", parameters={}, inputs={}) as writer:
        for part in range(PARTS):
            writer.append("numbers", pl.DataFrame({"n": range(part * 1000, part * 1000 + 1000)}))
            progress()


def kill_after(lines: int, bucket: TestBucket) -> list[str]:
    """Starts a writer, ends it with SIGKILL once it has said so many lines, and returns them."""
    command = [sys.executable, "-c", WRITER, f"{bucket.address}/team", bucket.url]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout
        said = [process.stdout.readline().strip() for _ in range(lines)]
        process.kill()
    return said


def test_a_killed_writer_leaves_nothing_that_counts(bucket: TestBucket) -> None:
    address = f"{bucket.address}/team"
    for parts in (2, PARTS):
        assert kill_after(parts, bucket) == ["part"] * parts
        store = opened(address, bucket.url)
        assert store.find("count-1") is None
        assert list(store.manifests()) == []
    left = len(bucket.keys("team/checkpoints/count-1/"))
    assert left >= 2 + PARTS

    assert store.sweep() == 0, "a running writer could own what is this young"
    write(store)
    assert opened(address, bucket.url, hours_later=2).sweep() == left
    found = opened(address, bucket.url).find("count-1")
    assert found is not None
    assert found.frame("numbers").scan().collect()["n"].to_list() == list(range(PARTS * 1000))
    assert len(bucket.keys("team/checkpoints/count-1/")) == PARTS + 1


def test_what_was_committed_before_the_kill_stays(bucket: TestBucket) -> None:
    assert kill_after(PARTS + 1, bucket)[-1] == "committed"
    assert opened(f"{bucket.address}/team", bucket.url).find("count-1") is not None
