"""What each command asks of the plan and imports before, and the report it ends with."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from omnix_cli.errors import OmnixError
from omnix_cli.processes.peak_memory import PeakMemory
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.progress import NO_PROGRESS, Progress
from omnix_cli.records import Finding, RunRecord, StepRecord
from omnix_cli.services.importing.reports import ImportReport
from omnix_cli.services.publishing.publisher import Publisher
from omnix_cli.services.runs.run_journal import log_step
from omnix_cli.services.runs.runner import PROFILE_STEP, Runner
from omnix_cli.services.runs.steps_to_come import LIST_STEPS
from omnix_cli.services.runs.timed_steps import timed
from omnix_cli.settings import SourceSettings

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Command:
    """A command that brings steps of the plan up to date. `--force` computes these steps again, or with `forces_all`
    every step."""

    name: str
    steps: tuple[str, ...]
    imports: bool = False
    publishes: bool = False
    forces_all: bool = False

    def forced(self, runner: Runner) -> tuple[str, ...]:
        return tuple(step.name for step in runner.plan) if self.forces_all else self.steps


RUN = Command(
    "run", ("similarity", "predict", *LIST_STEPS, PROFILE_STEP), imports=True, publishes=True, forces_all=True
)
SIMILARITY = Command("similarity", ("similarity",))
PREDICT = Command("predict", ("predict",))
RECOMMEND = Command("recommend", LIST_STEPS)
PUBLISH = Command("publish", (*LIST_STEPS, PROFILE_STEP), publishes=True)
EXPLAIN = replace(RUN, name="explain")
"""Always a dry run, which leaves the store alone."""


@dataclass(frozen=True)
class RunReport:
    """What a command did to each step, or in a dry run would do. `run` is the record of the run; a dry run has none.
    `samples` are some of the items that a dry run would write to the store."""

    command: str
    steps: tuple[StepRecord, ...]
    run: RunRecord | None = None
    samples: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Finding, ...] = ()
    """What was noticed about the data when the run began."""


def bring_up_to_date(
    command: Command,
    open_runner: Callable[[], Runner],
    *,
    import_sources: Callable[[], Iterable[StepRecord]] = tuple,
    check_data: Callable[[], tuple[Finding, ...]] = tuple,
    publisher: Publisher | None = None,
    ask: Callable[[], Figures] = dict,
    force: bool = False,
    dry_run: bool = False,
) -> RunReport:
    """Brings the steps of a command up to date, after its imports and before its publish.

    `open_runner` is called after the imports, so that the run reads what they added; so is `check_data`, before lists
    are made. In a dry run, the imports must be rehearsed and `publisher` be a dry run, too; `ask` says what would be
    asked of a model, as figures, if predictions would be made.

    Raises `PartialError` with the report when some customers or items failed. A run whose imports fail is
    recorded, too."""
    with _reported(command.name):
        imported: list[StepRecord] = []
        try:
            imported.extend(step for step in (import_sources() if command.imports else ()))
        except OmnixError as error:
            if not dry_run:
                error.report = _recorded(open_runner, command.name, imported, error)
            raise
        runner = open_runner()
        found = check_data() if set(LIST_STEPS) <= set(command.steps) else ()
        forced = command.forced(runner) if force else ()
        if dry_run:
            steps = runner.preview(command.steps, force=forced, publishes=command.publishes, publisher=publisher)
            steps = tuple(_asking(step, ask) for step in steps)
            samples = tuple(publisher.samples) if publisher else ()
            return RunReport(command.name, (*imported, *steps), samples=samples, findings=found)
        run = runner.execute(
            command.steps, command=command.name, force=forced, publisher=publisher, imported=tuple(imported)
        )
        return RunReport(command.name, run.steps, run, findings=found)


def roll_back(runner: Runner, run: str, publisher: Publisher) -> RunReport:
    """Publishes the lists of an earlier run again."""
    if publisher.dry_run:
        past, lists = runner.past_lists(run)
        would = publisher.publish(lists, "dry-run", past.as_of)
        return RunReport(PUBLISH.name, (would,), samples=tuple(publisher.samples))
    with _reported(PUBLISH.name):
        record = runner.roll_back(run, publisher)
        return RunReport(PUBLISH.name, record.steps, record)


def import_source(
    source: SourceSettings,
    import_one: Callable[[SourceSettings], ImportReport],
    progress: Progress = NO_PROGRESS,
    seconds: float = 0.0,
) -> Iterator[StepRecord]:
    """Imports a source, which is expected to take so many `seconds` (0: nobody knows), and gives its record, also when
    it fails, before the error."""
    memory, began = PeakMemory(), time.perf_counter()
    _log.info("import begins", extra={"kind": source.kind, "expected_seconds": seconds})
    try:
        with timed(progress, f"import {source.kind}", seconds):
            report = import_one(source)
    except OmnixError as error:
        found = error.report if isinstance(error.report, ImportReport) else None
        failed = StepRecord(
            name=f"import {source.kind}",
            key="",
            status="failed",
            reason=error.message,
            rows_in=found.read if found else 0,
            seconds=round(time.perf_counter() - began, 3),
            peak_memory_bytes=memory.peak_bytes(),
            figures={"quarantined": found.quarantined} if found else {},
        )
        log_step(failed)
        yield failed
        raise
    is_known = report.known == report.read
    step = StepRecord(
        name=f"import {source.kind}",
        key=report.batch or "",
        status="reused" if is_known else "pending" if report.dry_run else "ran",
        reason="; ".join(report.notes) or ("nothing new" if is_known else "new rows"),
        rows_in=report.read,
        rows_out=report.accepted,
        seconds=round(time.perf_counter() - began, 3),
        peak_memory_bytes=memory.peak_bytes(),
        figures={"quarantined": report.quarantined, "known": report.known, "corrected": report.corrected},
    )
    if not report.dry_run:
        log_step(step)
    yield step


def _asking(step: StepRecord, ask: Callable[[], Figures]) -> StepRecord:
    if step.name != "predict" or step.status != "pending" or not step.key:
        return step
    return step.model_copy(update={"figures": {**step.figures, **ask()}})


def _recorded(
    open_runner: Callable[[], Runner], command: str, imported: Sequence[StepRecord], error: OmnixError
) -> RunRecord | None:
    """The record of a run whose imports failed; None if the workspace is too damaged to write one."""
    try:
        return open_runner().failed_imports(command, tuple(imported), error)
    except OmnixError:
        return None


@contextmanager
def _reported(command: str) -> Iterator[None]:
    """Gives an error of a run the report of the command; reports of others, such as of an import, are dropped."""
    try:
        yield
    except OmnixError as error:
        run = error.report
        error.report = RunReport(command, run.steps, run) if isinstance(run, RunRecord) else None
        raise
