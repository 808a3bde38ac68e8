"""Iceberg tables, read through their metadata: deleted and replaced rows are not read."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

import pyarrow.parquet as pq

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.lakehouse.snapshots import WRITING, counted, table_errors, version_at
from omnix_cli.stores.inputs.parts import Part, load

_NUMBER = re.compile(r"v?(\d+)\b.*\.metadata\.json")

_OPTIONS = {
    "aws_region": "s3.region",
    "aws_endpoint_url": "s3.endpoint",
    "aws_access_key_id": "s3.access-key-id",
    "aws_secret_access_key": "s3.secret-access-key",
    "aws_session_token": "s3.session-token",
}


def iceberg_table(name: str, metadata: str, options: Mapping[str, str], at: str | None) -> Part:
    """A snapshot of the table that a metadata file describes: the current one, or the one `at` an id or time."""
    tables, pyarrow_io = load("iceberg", "pyiceberg.table", "pyiceberg.io.pyarrow")
    with table_errors(name, "Iceberg"):
        table = tables.StaticTable.from_metadata(_uri(metadata), _properties(options))
        current = table.current_snapshot()
        snapshot = (current.snapshot_id if current else None) if at is None else _snapshot(name, table, at)
        shape = table.metadata.current_schema_id if at is None else "as then"
        key = hashlib.sha256(f"iceberg {table.metadata.table_uuid} {snapshot} {shape}".encode()).hexdigest()
    found = {"format": "Iceberg", "table version": str(snapshot or "none"), "metadata": metadata.rpartition("/")[2]}
    to_arrow = pyarrow_io.schema_to_pyarrow
    identity = str(table.metadata.table_uuid)
    return Part(
        name,
        partial(_rows, name, table, snapshot, to_arrow, is_past=at is not None),
        lambda: key,
        found,
        table=identity,
    )


def newest_metadata(root: str, names: Sequence[str]) -> str:
    """The metadata file of the newest version among the files of a table. Raises `DataError` when two claim that."""
    numbered = [(int(match[1]), name) for name in names if (match := _NUMBER.fullmatch(name.rpartition("/")[2]))]
    newest = [name for number, name in numbered if number == max(numbered)[0]]
    if len(newest) != 1:
        hint = "Give the path of the metadata file that the catalog names."
        raise DataError(f"{root}: {len(newest)} metadata files may be the newest of the table", hint=hint)
    return newest[0]


def _properties(options: Mapping[str, str]) -> dict[str, str]:
    """The options of a bucket as pyiceberg names them."""
    return {_OPTIONS[name]: value for name, value in options.items() if name in _OPTIONS}


def _uri(path: str) -> str:
    return path if "://" in path else Path(path).absolute().as_uri()


def _snapshot(name: str, table: Any, at: str) -> int:
    if at.isascii() and at.isdecimal() and len(at) != 8:
        if table.snapshot_by_id(int(at)) is None:
            known = ", ".join(str(one.snapshot_id) for one in table.metadata.snapshots[-5:])
            raise DataError(f"{name}: the table has no snapshot {at}", hint=f"The newest ones are {known}.")
        return int(at)
    history = [(one.snapshot_id, datetime.fromtimestamp(one.timestamp_ms / 1000, UTC)) for one in table.history()]
    return version_at(name, at, history)


@contextmanager
def _rows(name: str, table: Any, snapshot: int | None, to_arrow: Any, *, is_past: bool) -> Iterator[IO[bytes]]:
    """The rows as one Parquet file."""
    with tempfile.TemporaryDirectory(prefix="omnix-") as folder:
        path = Path(folder) / "rows.parquet"
        with table_errors(name, "Iceberg"):
            if snapshot is None:
                pq.write_table(to_arrow(table.schema()).empty_table(), path)
            else:
                # an older snapshot has the columns of its time, the current one those of the table
                scan = table.scan(snapshot_id=snapshot if is_past else None)
                files = list(scan.plan_files())
                _check_names(name, table, files)
                batches = scan.to_arrow_batch_reader()
                with pq.ParquetWriter(path, batches.schema, **WRITING) as writer:
                    for batch in counted(batches, _total(name, table.snapshot_by_id(snapshot), files), name):
                        writer.write_batch(batch)
        with path.open("rb") as file:
            yield file


def _total(name: str, snapshot: Any, files: Sequence[Any]) -> int | None:
    """How many rows a snapshot has; None if rows of its files are deleted, since deletes of one row may come twice.

    Raises `DataError` when the snapshot and its files differ in that."""
    rows = sum(file.file.record_count for file in files)
    summary = snapshot.summary.additional_properties if snapshot.summary is not None else {}
    stated = summary.get("total-records")
    if stated is not None and int(stated) != rows:
        hint = "The table is damaged: get it again."
        raise DataError(f"{name}: the data files have {rows:,} rows, the snapshot says {int(stated):,}", hint=hint)
    return None if any(file.delete_files for file in files) else rows


def _check_names(name: str, table: Any, files: Sequence[Any]) -> None:
    """Raises `DataError` for files without the numbers of columns, if a name was given to another column later: their
    old values would come back under it."""
    numbers: dict[str, set[int]] = {}
    for schema in table.schemas().values():
        for column in schema.fields:
            numbers.setdefault(column.name, set()).add(column.field_id)
    again = sorted(name for name, found in numbers.items() if len(found) > 1)
    for file in files if again else ():
        with table.io.new_input(file.file.file_path).open() as content:
            columns = pq.read_schema(content)
        if any(b"PARQUET:field_id" not in (column.metadata or {}) for column in columns):
            what = f"{file.file.file_path} was added without numbers of columns"
            message = f"{name}: {what}, and `{again[0]}` names two columns"
            raise DataError(message, hint="Rewrite the data files of the table, or export it to Parquet.")
