"""Delta tables, read through their log: deleted and replaced rows are not read.

The log is read by deltalake, the data files here. What their folders are called counts for nothing: the values of
partition columns, and the names of columns that were renamed, are in the log.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.byte_streams import seekable
from omnix_cli.stores.inputs.lakehouse.data_files import rows_of
from omnix_cli.stores.inputs.lakehouse.snapshots import WRITING, counted, table_errors, version_at
from omnix_cli.stores.inputs.parts import Part, load

_FEATURES = frozenset(
    ("columnMapping", "deletionVectors", "timestampNtz", "typeWidening", "v2Checkpoint", "vacuumProtocolCheck")
)
"""What a table may use; a reader that ignores another feature reads wrong rows."""
_MODE = "delta.columnMapping.mode"


def delta_table(root: str, options: Mapping[str, str], at: str | None, open_file: Callable[[str], IO[bytes]]) -> Part:
    """A version of a table: the newest, or the one `at` a number or time. `open_file` opens a data file by its path."""
    (deltalake,) = load("delta", "deltalake")
    with table_errors(root, "Delta"):
        table = deltalake.DeltaTable(root, storage_options=dict(options))
        newest = table.version()
        version = newest if at is None else _version(root, table, at)
        if version != newest:
            table = deltalake.DeltaTable(root, version=version, storage_options=dict(options))
        _check_features(root, table)
        identity = str(table.metadata().id)
        key = hashlib.sha256(f"delta {identity} {version}".encode()).hexdigest()
    found = {"format": "Delta", "table version": str(version)}
    return Part(root, partial(_rows, root, table, open_file), lambda: key, found, table=identity)


def _check_features(root: str, table: Any) -> None:
    protocol = table.protocol()
    unknown = sorted({*(protocol.reader_features or ())} - _FEATURES)
    if protocol.min_reader_version > 3 or unknown:
        needed = ", ".join(unknown) or f"reader version {protocol.min_reader_version}"
        hint = "Export the table to Parquet, and import that."
        raise DataError(f"{root}: the Delta table needs {needed}, which omnix cannot read", hint=hint)


def _version(root: str, table: Any, at: str) -> int:
    newest: int = table.version()
    if at.isascii() and at.isdecimal() and len(at) != 8:
        if int(at) > newest:
            raise DataError(f"{root}: the table has no version {at}", hint=f"The newest one is {newest}.")
        return int(at)
    # `load_as_version` goes by the modification times of the log's files, which a copy does not keep
    commits = sorted((one["version"], one.get("timestamp")) for one in table.history())
    if undated := [version for version, stamp in commits if stamp is None]:
        message = f"{root}: version {undated[0]} of the table does not say when it was written"
        raise DataError(message, hint="Give the number of a version.")
    history = [(version, datetime.fromtimestamp(stamp / 1000, UTC)) for version, stamp in commits]
    return version_at(root, at, history)


@contextmanager
def _rows(root: str, table: Any, open_file: Callable[[str], IO[bytes]]) -> Iterator[IO[bytes]]:
    """The rows as one Parquet file. All of them: filters on the statistics of decimals would lose rows."""
    with tempfile.TemporaryDirectory(prefix="omnix-") as folder:
        path = Path(folder) / "rows.parquet"
        with table_errors(root, "Delta"):
            schema = pa.schema(table.schema().to_arrow())
            by_number = table.metadata().configuration.get(_MODE) == "id"
            with pq.ParquetWriter(path, schema, **WRITING) as writer:
                for file in _data_files(root, table):
                    with open_file(file.path) as stored, seekable(stored) as content:
                        rows = rows_of(content, schema, by_number=by_number, constants=file.values, kept=file.kept)
                        for batch in counted(rows, file.rows, file.path):
                            writer.write_batch(batch)
        with path.open("rb") as content:
            yield content


@dataclass(frozen=True)
class _DataFile:
    """A data file: its path, its values of partition columns, how many rows are left of it (None: the log does not
    say), and whether each of its rows is (None: all are)."""

    path: str
    values: Mapping[str, pa.Scalar]
    rows: int | None
    kept: npt.NDArray[np.bool_] | None = None


def _data_files(root: str, table: Any) -> Iterator[_DataFile]:
    files = pa.table(table.get_add_actions())
    names = [name for name in ("path", "num_records", "partition") if name in files.column_names]
    files, vectors = files.select(names).combine_chunks(), _deletion_vectors(table)
    for file in files.to_batches(max_chunksize=1):
        path = _path(table, file["path"][0].as_py())
        stored = file["num_records"][0].as_py() if "num_records" in names else None
        values = dict(file["partition"][0].items()) if "partition" in names else {}
        kept = vectors.pop(path, None)
        deleted = 0 if kept is None else int((~kept).sum())
        yield _DataFile(path, values, None if stored is None else stored - deleted, kept)
    if vectors:
        hint = "The table is damaged: get it again."
        message = f"{root}: the log deletes rows of {next(iter(vectors))}, which the table does not have"
        raise DataError(message, hint=hint)


def _deletion_vectors(table: Any) -> dict[str, npt.NDArray[np.bool_]]:
    """Of the data files that rows were deleted from: whether each row is left."""
    if "deletionVectors" not in (table.protocol().reader_features or ()):
        return {}
    vectors = pa.table(table.deletion_vectors())
    left = zip(vectors["filepath"].to_pylist(), vectors["selection_vector"], strict=True)
    return {_path(table, name): rows.values.to_numpy(zero_copy_only=False) for name, rows in left}


def _path(table: Any, name: str) -> str:
    """The path of a data file, which the log has encoded, and relative to the table if it lies there."""
    path = unquote(name).removeprefix("file://")
    root = unquote(table.table_uri).removeprefix("file://").rstrip("/")
    return path if "://" in path or path.startswith("/") else f"{root}/{path}"
