"""Keys and checksums on disk, split by a hash of the key: two tables of any size are compared one bucket at a time."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from omnix_cli.stores.workspace.files import disk_errors

BUCKETS = 64
ROWS_IN_MEMORY = 100_000
_SCHEMA = {"bucket": pl.UInt8, "side": pl.String, "key": pl.String, "checksum": pl.Binary}


class KeyBuckets:
    """Buckets in a folder; rows are written when `rows_in_memory` of them have come. Several threads may add."""

    def __init__(self, folder: Path, *, rows_in_memory: int = ROWS_IN_MEMORY) -> None:
        self._folder = folder
        self._rows_in_memory = rows_in_memory
        self._lock = threading.Lock()
        self._rows: list[tuple[int, str, str, bytes]] = []
        self._files: list[list[Path]] = [[] for _ in range(BUCKETS)]

    def add(self, side: str, rows: Iterable[tuple[str, bytes]]) -> None:
        """Adds keys and checksums of one side."""
        placed = [(zlib.crc32(key.encode()) % BUCKETS, side, key, checksum) for key, checksum in rows]
        with self._lock:
            self._rows += placed
            if len(self._rows) >= self._rows_in_memory:
                self._write()

    def buckets(self) -> Iterator[pl.DataFrame]:
        """Frames with the columns side, key, checksum; all rows of a key are in one bucket."""
        with self._lock:
            self._write()
        for files in self._files:
            if files:
                yield pl.concat([pl.scan_ipc(file, glob=False) for file in files]).collect().drop("bucket")

    def _write(self) -> None:
        rows = pl.DataFrame(self._rows, schema=_SCHEMA, orient="row")
        self._rows = []
        with disk_errors(self._folder):
            for part in rows.partition_by("bucket"):
                bucket = int(part.item(0, "bucket"))
                path = self._folder / f"{bucket:02d}-{len(self._files[bucket]):05d}.arrow"
                part.write_ipc(path)
                self._files[bucket].append(path)
