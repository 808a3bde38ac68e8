"""A search for a customer that knows nothing of omnix: every byte of a folder, packed or not."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq


def naming(folder: Path, customer: str) -> list[str]:
    """The files of a folder that have the id of a customer anywhere: in their bytes, or in what they decode to."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and (customer.encode() in path.read_bytes() or customer in _decoded(path))
    )


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith(b"PAR1"):
        return str(pq.ParquetFile(path).read().to_pylist())
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content).decode(errors="replace")
    if content.startswith(b"SQLite format 3\x00"):
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return "\n".join(database.iterdump())
    return ""
