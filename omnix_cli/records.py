"""Single records with validation: what is not a frame but still has to be right."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

StepStatus = Literal["ran", "reused", "pending", "skipped"]


class Record(BaseModel):
    """Immutable; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StepRecord(Record):
    """What became of one step in a run. `reason` says why it ran, or that nothing changed; `incomplete` what it could
    not do of all it should."""

    name: str
    key: str
    status: StepStatus
    reason: str
    incomplete: str = ""
    rows_in: int = 0
    rows_out: int = 0
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    figures: dict[str, int | float | str] = {}


def run_id_at(started: datetime) -> str:
    """The id of what began at that instant; ids sort by time."""
    return f"{started:%Y%m%dT%H%M%S-%f}"


class RunRecord(Record):
    """One run: what it was asked, what it used and made, and how it ended."""

    run_id: str
    command: str
    status: Literal["running", "done", "failed", "interrupted", "killed"]
    exit_code: int | None = None
    error: str | None = None
    as_of: date
    started_at: datetime
    finished_at: datetime | None = None
    settings: dict[str, Any]
    sources: dict[str, str]
    source_rows: dict[str, int] = {}
    steps: tuple[StepRecord, ...] = ()
    tools: dict[str, str] = {}
    host: str = ""
    process: int = 0

    def step(self, name: str) -> StepRecord | None:
        """The step of that name, if this run had it."""
        return next((step for step in self.steps if step.name == name), None)


class ImportedFile(Record):
    """What became of the rows of one input file: read = accepted + quarantined + known, always."""

    name: str
    sha256: str
    mapping_key: str
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    known: int = 0
    newest_day: date | None = None


class ImportBatch(Record):
    """One import as the ledger remembers it; `key` is that of its checkpoint. `corrected` of the accepted rows took
    the place of earlier ones; `replay` says that the rows came out of the quarantine."""

    key: str
    kind: str
    imported_at: datetime
    files: tuple[ImportedFile, ...]
    corrected: int = 0
    replay: bool = False

    @property
    def accepted(self) -> int:
        """The rows this import added to the ledger."""
        return sum(file.accepted for file in self.files)


class MigrationRecord(Record):
    """A copy into tables: what it was asked (equal plans are the same copy), the settings of the store it wrote to, how
    it stands, and how many of its images were put back, by table."""

    run_id: str
    plan: dict[str, Any]
    target: dict[str, Any]
    state: Literal["copying", "done", "undoing", "undone"] = "copying"
    started_at: datetime
    finished_at: datetime | None = None
    undone: dict[str, int] = {}


class SegmentProgress(Record):
    """How far one segment of a table is: everything up to the key `after` was copied, in so many chunks."""

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
