"""The record of a run in progress: what each step did, and how the run ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omnix_cli.errors import Interrupted, exit_code
from omnix_cli.protocols.checkpoints import Checkpoint, RunRecords, StoredFrame
from omnix_cli.records import RunRecord, StepRecord
from omnix_cli.services.runs.planning import Decision

_log = logging.getLogger(__name__)


@dataclass
class Journal:
    """The record of a run in progress, and its copy on disk."""

    records: RunRecords
    record: RunRecord

    def save(self, **changes: Any) -> None:
        self.record = self.record.model_copy(update=changes)
        self.records.save(self.record)

    def note(self, step: StepRecord) -> None:
        """Adds a step that is done, and logs it."""
        self.save(steps=(*self.record.steps, step))
        log_step(step)


def log_step(step: StepRecord) -> None:
    """Logs a step that is done, or has failed."""
    facts = {name: getattr(step, name) for name in ("status", "key", "reason", "rows_in", "rows_out", "seconds")}
    _log.info(
        "step failed" if step.status == "failed" else "step done", extra={"step": step.name, **facts, **step.figures}
    )


def step_record(decision: Decision, checkpoint: Checkpoint, frames: Mapping[str, StoredFrame]) -> StepRecord:
    """A step that is done, or reused."""
    manifest, ran = checkpoint.manifest, decision.reuse is None
    return StepRecord(
        name=decision.step.name,
        key=decision.key,
        status="ran" if ran else "reused",
        reason=decision.reason,
        incomplete=str(manifest.figures.get("incomplete", "")),
        rows_in=sum(frames[name].rows for name in decision.step.inputs if name in frames),
        rows_out=sum(manifest.rows(name) for name in decision.step.outputs),
        seconds=manifest.seconds if ran else 0.0,
        peak_memory_bytes=manifest.peak_memory_bytes if ran else 0,
        figures=dict(manifest.figures),
    )


def ending(error: BaseException) -> dict[str, Any]:
    """How a run that did not finish ended. A signal that arrives while `_recorded` is entered closes it instead."""
    if isinstance(error, KeyboardInterrupt | GeneratorExit | Interrupted):
        return {"status": "interrupted", "exit_code": Interrupted.exit_code, "error": "interrupted"}
    return {"status": "failed", "exit_code": exit_code(error), "error": f"{type(error).__name__}: {error}"}
