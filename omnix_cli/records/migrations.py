"""A copy into tables and its progress."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from omnix_cli.records.record import Record


class MigrationRecord(Record):
    """A copy into tables. Two copies with equal plans are the same copy. `target` are the settings of the store that
    was written to, `undone` the items restored in each table."""

    run_id: str
    plan: dict[str, Any]
    target: dict[str, Any]
    state: Literal["copying", "done", "undoing", "undone"] = "copying"
    started_at: datetime
    finished_at: datetime | None = None
    undone: dict[str, int] = {}


class SegmentProgress(Record):
    """How much of one segment of a table has been copied: everything up to the key `after`."""

    after: str | None = None
    chunks: int = 0
    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    refused_keys: tuple[str, ...] = ()
    read_bytes: int = 0
    write_units: int = 0
    done: bool = False
