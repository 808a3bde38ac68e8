"""What each command asks of the plan, and the report it ends with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from omnix_cli.errors import OmnixError
from omnix_cli.records import RunRecord, StepRecord
from omnix_cli.services.publishing.publisher import Publisher
from omnix_cli.services.runs.runner import Runner


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
        """The steps that `--force` computes again."""
        return runner.step_names if self.forces_all else self.steps


_LISTS = ("recommend", "shop_lists")
RUN = Command("run", ("similarity", "predict", *_LISTS), imports=True, publishes=True, forces_all=True)
SIMILARITY = Command("similarity", ("similarity",))
PREDICT = Command("predict", ("predict",))
RECOMMEND = Command("recommend", _LISTS)
PUBLISH = Command("publish", _LISTS, publishes=True)


@dataclass(frozen=True)
class RunReport:
    """What a command did to each step, or in a dry run would do. `run` is the record of the run; a dry run has none.
    `samples` are some of the items that a dry run would write to the store."""

    command: str
    steps: tuple[StepRecord, ...]
    run: RunRecord | None = None
    samples: tuple[Mapping[str, Any], ...] = ()


def bring_up_to_date(
    command: Command,
    open_runner: Callable[[], Runner],
    *,
    import_sources: Callable[[], tuple[StepRecord, ...]] = tuple,
    publisher: Publisher | None = None,
    samples: Sequence[Mapping[str, Any]] = (),
    force: bool = False,
    dry_run: bool = False,
) -> RunReport:
    """Brings the steps of a command up to date, after its imports and before its publish.

    `open_runner` is called after the imports, so that the run reads what they added. `publisher` must be a dry run if
    this is one; it may add to `samples`. Raises `PartialError` with the report when some customers or items failed."""
    with _reported(command.name):
        imported = import_sources() if command.imports else ()
        runner = open_runner()
        forced = command.forced(runner) if force else ()
        if dry_run:
            steps = runner.preview(command.steps, force=forced, publisher=publisher)
            return RunReport(command.name, (*imported, *steps), samples=tuple(samples))
        run = runner.execute(command.steps, command=command.name, force=forced, publisher=publisher, imported=imported)
        return RunReport(command.name, run.steps, run)


def explain(runner: Runner, *, force: bool = False) -> RunReport:
    """What `omnix run` would compute and what it would reuse, and why."""
    return RunReport("explain", runner.preview(RUN.steps, force=RUN.forced(runner) if force else ()))


def roll_back(
    runner: Runner, run: str, publisher: Publisher, *, samples: Sequence[Mapping[str, Any]] = (), dry_run: bool = False
) -> RunReport:
    """Publishes the lists of an earlier run again."""
    if dry_run:
        return RunReport(PUBLISH.name, runner.preview_roll_back(run, publisher), samples=tuple(samples))
    with _reported(PUBLISH.name):
        record = runner.roll_back(run, publisher)
        return RunReport(PUBLISH.name, record.steps, record)


@contextmanager
def _reported(command: str) -> Iterator[None]:
    """Gives an error of a run the report of the command; reports of others, such as of an import, are dropped."""
    try:
        yield
    except OmnixError as error:
        run = error.report
        error.report = RunReport(command, run.steps, run) if isinstance(run, RunRecord) else None
        raise
