"""Keys with their checksums, set down on disk by a hash of the key, so that two sides of any size can be compared a
bucket at a time."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from omnix_cli.stores.workspace.files import disk_errors

BUCKETS = 64
WAITING_ROWS = 100_000
"""Rows kept in memory before they are written."""
_SCHEMA = {"bucket": pl.UInt8, "side": pl.String, "key": pl.String, "checksum": pl.Binary}


class KeyBuckets:
    """Buckets in a folder. Implements `protocols.Buckets`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, str, str, bytes]] = []
        self._files: list[list[Path]] = [[] for _ in range(BUCKETS)]

    def add(self, side: str, rows: Iterable[tuple[str, bytes]]) -> None:
        placed = [(zlib.crc32(key.encode()) % BUCKETS, side, key, checksum) for key, checksum in rows]
        with self._lock:
            self._waiting += placed
            if len(self._waiting) >= WAITING_ROWS:
                self._write()

    def buckets(self) -> Iterator[pl.DataFrame]:
        with self._lock:
            self._write()
        for files in self._files:
            if files:
                yield pl.concat([pl.read_ipc(file) for file in files]).drop("bucket")

    def _write(self) -> None:
        rows = pl.DataFrame(self._waiting, schema=_SCHEMA, orient="row")
        self._waiting = []
        with disk_errors(self._folder):
            for part in rows.partition_by("bucket"):
                bucket = int(part.item(0, "bucket"))
                path = self._folder / f"{bucket:02d}-{len(self._files[bucket]):05d}.arrow"
                part.write_ipc(path)
                self._files[bucket].append(path)
