"""Finding the checkpoint that holds a frame: of one run, or of the newest run that made it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from omnix_cli.errors import ConfigError, CorruptCheckpoint, DataError
from omnix_cli.protocols.checkpoints import SOURCES, Checkpoint, Checkpoints, Figures, RunRecords, StoredFrame
from omnix_cli.records import RunRecord

_log = logging.getLogger(__name__)
LATEST = "latest"
_BY_MODELS = ("analyses", "dead_letters", "usage")


@dataclass(frozen=True)
class RunFrames:
    """The frames of the run `run`. For `latest`, each frame comes from the newest run that made it, if `as_of` is
    given from the newest run for that day; a warning says when the run before was for a later day. `source` gives an
    imported frame as it is now."""

    records: RunRecords
    checkpoints: Checkpoints
    source: Callable[[str], StoredFrame]
    run: str = LATEST
    as_of: date | None = None

    def scan(self, name: str, *columns: str) -> pl.LazyFrame:
        """The rows of a frame that a step made, with all columns, or at least `columns`.

        Raises `CorruptCheckpoint` when its checkpoint is damaged, and `DataError` when no run has made it."""
        checkpoint = self._made(name)[1]
        damage = self.checkpoints.damage(checkpoint.manifest.key)
        if damage:
            message = f"checkpoint {checkpoint.manifest.key} is damaged ({damage})"
            raise CorruptCheckpoint(message, hint="`omnix run` builds it again.")
        return checkpoint.frame(name).scan(*columns)

    def scan_if_made(self, name: str, *columns: str) -> pl.LazyFrame | None:
        """As `scan`; None when no run has made the frame, as a run of an earlier release."""
        try:
            self._made(name)
        except CorruptCheckpoint:
            raise
        except DataError:
            return None
        return self.scan(name, *columns)

    def any_frame(self, name: str) -> pl.DataFrame:
        """All rows of a frame: one that a step made, or an imported one as it is now."""
        if name not in SOURCES:
            return self.scan(name).collect()
        if self.run != LATEST or self.as_of:
            raise ConfigError(f"{name} are imported: no run has them to itself", hint="Leave out the run and the day.")
        return self.source(name).scan().collect()

    def record(self, name: str) -> RunRecord:
        """The record of the run that made a frame."""
        return self._made(name)[0]

    def day(self, name: str) -> date:
        """The day (as-of) of the run that made a frame."""
        return self._made(name)[0].as_of

    @cached_property
    def _told(self) -> set[str]:
        """The runs of which a warning was given."""
        return set()

    def _tell_if_earlier(self, newest: RunRecord, before: RunRecord) -> None:
        if newest.as_of < before.as_of and newest.run_id not in self._told:
            self._told.add(newest.run_id)
            message = "the latest run is as of %s; the one before is as of %s (--as-of %s shows it)"
            _log.warning(message, newest.as_of, before.as_of, before.as_of)

    def figures(self, name: str) -> Figures:
        """The figures of the step that made a frame."""
        return self._made(name)[1].manifest.figures

    def _made(self, name: str) -> tuple[RunRecord, Checkpoint]:
        is_latest = self.run == LATEST  # an older run must not pass for the newest one, whose record is damaged
        runs = self.records.newest_first(skip_damaged=False) if is_latest else iter([self.records.load(self.run)])
        unreadable: dict[str, CorruptCheckpoint] = {}
        for record in (run for run in runs if self.as_of in (None, run.as_of)):
            for step in (step for step in record.steps if step.key and step.status in ("ran", "reused")):
                try:
                    checkpoint = self.checkpoints.open(step.key)
                except CorruptCheckpoint as error:
                    unreadable.setdefault(step.name, error)
                    continue
                if name in checkpoint.manifest.parts:
                    if step.name in unreadable:  # in a newer run: an older result must not pass for the newest
                        raise unreadable[step.name]
                    if is_latest and not self.as_of:
                        self._tell_if_earlier(record, next(runs, record))
                    return record, checkpoint
        if unreadable:
            raise next(iter(unreadable.values()))
        day = f" as of {self.as_of}" if self.as_of else ""
        command = "predict --predictor bedrock" if name in _BY_MODELS else "run"
        hint = f"Run `omnix {command}{day and f' --as-of {self.as_of}'}` first."
        raise DataError(f"no run has made {name}{day} yet", hint=hint)
