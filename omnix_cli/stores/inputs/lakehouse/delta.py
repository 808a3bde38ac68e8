"""Delta tables, read through their log: deleted and replaced rows are not read."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.lakehouse.snapshots import table_errors, version_at
from omnix_cli.stores.inputs.parts import Part, load


def delta_table(root: str, options: Mapping[str, str], at: str | None) -> Part:
    """A version of a table: the newest, or the one `at` a number or time."""
    (deltalake,) = load("delta", "deltalake")
    with table_errors(root, "Delta"):
        table = deltalake.DeltaTable(root, storage_options=dict(options))
        newest = table.version()
        version = newest if at is None else _version(root, table, at)
        if version != newest:
            table = deltalake.DeltaTable(root, version=version, storage_options=dict(options))
        key = hashlib.sha256(f"delta {table.metadata().id} {version}".encode()).hexdigest()
    found = {"format": "Delta", "table version": str(version)}
    return Part(root, lambda: _rows(root, table), lambda: key, found)


def _version(root: str, table: Any, at: str) -> int:
    newest: int = table.version()
    if at.isascii() and at.isdecimal() and len(at) != 8:
        if int(at) > newest:
            raise DataError(f"{root}: the table has no version {at}", hint=f"The newest one is {newest}.")
        return int(at)
    # `load_as_version` goes by the modification times of the log's files, which a copy does not keep
    commits = [(one["version"], one["timestamp"]) for one in table.history() if one.get("timestamp") is not None]
    history = [(version, datetime.fromtimestamp(stamp / 1000, UTC)) for version, stamp in sorted(commits)]
    return version_at(root, at, history)


@contextmanager
def _rows(root: str, table: Any) -> Iterator[IO[bytes]]:
    """The rows as one Parquet file. Whole: filters on the statistics of decimals would lose rows."""
    with tempfile.TemporaryDirectory(prefix="omnix-") as folder:
        path = Path(folder) / "rows.parquet"
        with table_errors(root, "Delta"):
            pl.scan_delta(table).sink_parquet(path, compression="lz4")
        with path.open("rb") as file:
            yield file
