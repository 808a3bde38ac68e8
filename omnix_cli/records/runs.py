"""A run and its steps."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from omnix_cli.records.record import Record

StepStatus = Literal["ran", "reused", "pending", "skipped"]


class StepRecord(Record):
    """What happened to one step of a run. `reason`: why it ran, or that nothing changed. `incomplete`: what it could
    not finish."""

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


class RunRecord(Record):
    """One run: its command and settings, the checkpoints it used and made, and how it ended."""

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
        """The step with this name, if the run had it."""
        return next((step for step in self.steps if step.name == name), None)


def run_id_at(started: datetime) -> str:
    """The id of a run that starts at this time. Ids sort by time."""
    return f"{started:%Y%m%dT%H%M%S-%f}"
