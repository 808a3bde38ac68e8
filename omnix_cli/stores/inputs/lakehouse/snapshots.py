"""What is common to tables of a lakehouse: where one begins, and which of its versions is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from omnix_cli.errors import ConfigError, DataError, OmnixError

WRITING: dict[str, Any] = {"compression": "lz4", "use_dictionary": False, "write_statistics": False}
"""How the rows of a table are written to be read once: fast."""

_MARKS = {"Delta": "/_delta_log/", "Iceberg": "/metadata/", "Hudi": "/.hoodie/"}


def table_roots(names: Sequence[str]) -> dict[str, str]:
    """The folders that are tables, with their kind, by the names of all files. A table within another is no table."""
    roots: dict[str, str] = {}
    for kind, mark in _MARKS.items():
        for name in names:
            if mark in f"/{name}" and (kind != "Iceberg" or name.endswith(".metadata.json")):
                roots.setdefault(f"/{name}".partition(mark)[0][1:] or ".", kind)
    return {root: kind for root, kind in roots.items() if not any(root.startswith(f"{outer}/") for outer in roots)}


def refuse_data_files(names: Sequence[str], holds: Callable[[str, str], bool]) -> None:
    """Raises `DataError` for a Parquet file that lies within a table. `holds` says whether a folder has files whose
    names end so."""
    known: dict[str, str | None] = {}
    for name in names:
        if not name.lower().endswith((".parquet", ".orc", ".avro")) and "/_delta_log/" not in name:
            continue
        folder = name.rpartition("/")[0]
        above = [folder, *(folder[:end] for end in range(len(folder)) if folder[end] == "/")]
        for place in above:
            if place not in known:
                known[place] = _kind(place, holds)
            if (kind := known[place]) is not None:
                message = f"{name}: this file is part of the {kind} table {place}"
                why = "By itself it may hold rows that were deleted or replaced."
                raise DataError(message, hint=f"{why} Import the table: give the folder {place}.")


def _kind(folder: str, holds: Callable[[str, str], bool]) -> str | None:
    if not folder or folder.endswith(("/", ":")) or folder in (".", ".."):
        return None
    ends = {"Delta": ".json", "Iceberg": ".metadata.json", "Hudi": ""}
    return next((kind for kind, mark in _MARKS.items() if holds(folder + mark.rstrip("/"), ends[kind])), None)


def parse_time(text: str) -> datetime:
    """An ISO 8601 date or time; one without an offset is in UTC. Raises `ConfigError`."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        hint = "Give the number of a version, or a time such as 2024-05-31T18:00:00+02:00."
        raise ConfigError(f"--at {text}: not a version and not a time", hint=hint) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def version_at(table: str, text: str, history: Sequence[tuple[int, datetime]]) -> int:
    """The version that was current at a time. `history` has the versions and when they were committed, oldest first.
    Raises `DataError` for a time before the first of them."""
    time = parse_time(text)
    if not (past := [version for version, committed in history if committed <= time]):
        first = f"{history[0][1]:%Y-%m-%d %H:%M:%S} UTC" if history else "unknown"
        raise DataError(f"{table}: the table has no version of {text}", hint=f"The oldest one known is of {first}.")
    return past[-1]


def counted(batches: Iterable[pa.RecordBatch], rows: int | None, file: str) -> Iterator[pa.RecordBatch]:
    """The batches. Raises `DataError` when they have other than this number of rows, if it is known."""
    read = 0
    for batch in batches:
        read += batch.num_rows
        yield batch
    if rows is not None and read != rows:
        message = f"{file}: {read:,} rows were read, by the table it has {rows:,}"
        raise DataError(message, hint="The table is damaged: get it again, or export it to Parquet, and import that.")


@contextmanager
def table_errors(table: str, kind: str) -> Iterator[None]:
    """Turns what the libraries of these tables raise into `DataError`: they have no common class of errors."""
    try:
        yield
    except OmnixError:
        raise
    except Exception as error:
        message = " ".join(str(error).split())[:300]
        hint = "It is damaged, or uses a feature that omnix cannot read. Export it to Parquet, and import that."
        raise DataError(f"{table}: the {kind} table cannot be read: {message}", hint=hint) from error
