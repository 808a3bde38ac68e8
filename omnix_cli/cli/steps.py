"""`omnix run`, a command for each step, and `omnix explain`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnix_cli.cli.options import AsOf, DryRun, Force, Output, Session, expand, note
from omnix_cli.errors import PartialError

if TYPE_CHECKING:
    from omnix_cli.records import RunRecord
    from omnix_cli.wiring.workspaces import Workspace

COMMANDS = {
    "similarity": ("similarity",),
    "predict": ("predict",),
    "recommend": ("recommend", "shop_lists"),
    "publish": ("recommend", "shop_lists"),
    "run": ("similarity", "predict", "recommend", "shop_lists"),
}
"""The steps of the plan that each command brings up to date."""

MaxMemory = Annotated[
    str | None, typer.Option("--max-memory", help="Plan with no more than this, such as 2GiB: works in blocks instead.")
]

PredictorName = Annotated[
    str | None,
    typer.Option("--predictor", help="What makes the predictions: statistical, bedrock, bedrock-batch or auto."),
]
Store = Annotated[str | None, typer.Option("--store", help="Where to publish: sqlite or dynamodb.")]
Rollback = Annotated[
    str | None, typer.Option("--rollback", metavar="RUN", help="Put the lists of an earlier run back instead.")
]

BRIEF = ("step", "status", "rows_in", "rows_out", "seconds", "peak_mb", "why")
"""What a table of steps shows; `omnix runs show` adds the figures, JSON, CSV and Parquet have everything."""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(epilog="Example: omnix run --config configs/sample.toml")(expand(run))
    app.command(epilog="Example: omnix explain --as-of 2018-01-01")(expand(explain))
    app.command(epilog="Example: omnix similarity --force")(expand(similarity))
    app.command(epilog="Example: omnix recommend --workspace /data/omnix")(expand(recommend))
    app.command(epilog="Example: omnix publish --dry-run")(expand(publish))


@dataclass(frozen=True)
class Work:
    """How steps are brought up to date."""

    as_of: AsOf = None
    force: Force = False
    dry_run: DryRun = False


def run(
    session: Session,
    output: Output,
    work: Work,
    max_memory: MaxMemory = None,
    predictor: PredictorName = None,
    store: Store = None,
) -> None:
    """Do the whole nightly job: import the configured sources, run every step, publish."""
    flags = {"engine__max_memory": max_memory, "prediction__predictor": predictor, "store__kind": store}
    bring_up_to_date("run", session, output, work, publishes=True, **flags)


def similarity(session: Session, output: Output, work: Work, max_memory: MaxMemory = None) -> None:
    """Find the nearest products of every product, by co-purchase and by content."""
    bring_up_to_date("similarity", session, output, work, engine__max_memory=max_memory)


def recommend(session: Session, output: Output, work: Work) -> None:
    """Make the recommendation lists: personal, replenishment, similar, trending, seasonal."""
    bring_up_to_date("recommend", session, output, work)


def publish(session: Session, output: Output, work: Work, store: Store = None, rollback: Rollback = None) -> None:
    """Write the lists to the store: only what changed, and remove what is stale."""
    if rollback is None:
        bring_up_to_date("publish", session, output, work, store__kind=store, publishes=True)
    else:
        _roll_back(rollback, session, output, work, store=store)


def explain(session: Session, output: Output, as_of: AsOf = None, force: Force = False) -> None:
    """Say what `omnix run` would compute and what it would reuse, and why."""
    from omnix_cli.reports.tables import steps_table

    runner = session.open(as_of=as_of).runner()
    steps = runner.preview(COMMANDS["run"], force=runner.step_names if force else ())
    output.write(steps_table(steps), title="What would run, and why", brief=("step", "status", "why"))


def bring_up_to_date(
    command: str, session: Session, output: Output, work: Work, *, publishes: bool = False, **flags: Any
) -> None:
    """Brings the steps of a command up to date and shows what became of them; `flags` are settings that go first."""
    from omnix_cli.reports.tables import steps_table

    targets = COMMANDS[command]
    with session.locked(command, dry_run=work.dry_run, as_of=work.as_of, **flags) as workspace:
        imported = workspace.import_sources(dry_run=work.dry_run) if command == "run" else ()
        runner = workspace.runner()
        forced = (runner.step_names if command == "run" else targets) if work.force else ()
        publisher = workspace.publisher(force=work.force, dry_run=work.dry_run, show=_show) if publishes else None
        if work.dry_run:
            steps = (*imported, *runner.preview(targets, force=forced, publisher=publisher))
            output.write(steps_table(steps), title=f"omnix {command}: what would happen", brief=BRIEF)
            return
        with told(workspace, output):
            runner.execute(targets, command=command, force=forced, publisher=publisher, imported=imported)


@contextmanager
def told(workspace: Workspace, output: Output) -> Iterator[None]:
    """Shows what became of the run that is done within, also of one that is finished in part."""
    try:
        yield
    except PartialError:
        _tell(workspace.records.load(workspace.run_id), output)
        raise
    _tell(workspace.records.load(workspace.run_id), output)


def _tell(record: RunRecord, output: Output) -> None:
    """Shows what became of the steps, and about whom a model was asked."""
    from omnix_cli.reports.tables import model_report, steps_table

    for step in record.steps:
        if step.status == "ran" and "asked" in step.figures:
            note(model_report(step.figures))
    output.write(steps_table(record.steps), title=f"Run {record.run_id}, as of {record.as_of}", brief=BRIEF)


def _roll_back(run_id: str, session: Session, output: Output, work: Work, *, store: str | None) -> None:
    from omnix_cli.reports.tables import steps_table

    with session.locked("publish", dry_run=work.dry_run, store__kind=store) as workspace:
        publisher = workspace.publisher(force=work.force, dry_run=work.dry_run, earlier=True, show=_show)
        steps = workspace.runner().roll_back(run_id, publisher, dry_run=work.dry_run)
    output.write(steps_table(steps), title=f"Back to run {run_id}", brief=BRIEF)


def _show(item: Mapping[str, Any]) -> None:
    """Shows an item that a dry run would write."""
    note(f"would write {json.dumps(item, default=str, ensure_ascii=False)}")
