"""The commands without a group: `omnix init`, `omnix run`, a command for each step, and `omnix explain`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omnix_cli.cli.options import (
    RUN,
    AsOf,
    Chosen,
    DryRun,
    Force,
    OutputSession,
    PredictorName,
    Session,
    StoreKind,
    command,
    note,
    render,
)
from omnix_cli.counted_nouns import counted

if TYPE_CHECKING:
    from omnix_cli.records import StepRecord
    from omnix_cli.services.runs.commands import RunReport

app = typer.Typer()

MaxMemory = Annotated[
    str | None,
    typer.Option("--max-memory", metavar="SIZE", help="The most memory that the process may use, such as 2GiB."),
]
Predictor = Annotated[PredictorName | None, typer.Option("--predictor", help="What makes the predictions.")]
Store = Annotated[StoreKind | None, typer.Option("--store", help="Where to publish.")]
Rollback = Annotated[
    str | None, typer.Option("--rollback", metavar=RUN, help="Publish the lists of this earlier run again.")
]

_BRIEF = ("step", "status", "rows_in", "rows_out", "quarantined", "seconds", "peak_mb", "why")
"""The columns of a table of steps; `omnix runs show` adds the figures, other formats have everything."""

_EXPLAINED = ("step", "status", "rows_in", "seconds", "peak_mb", "why")


@dataclass(frozen=True)
class Work:
    """How steps are brought up to date."""

    as_of: AsOf = None
    force: Force = False
    dry_run: DryRun = False


@command(app, "omnix init --config shop.toml")
def init(session: Session) -> None:
    """Make a workspace and a configuration file. The file is omnix.toml, or the one that --config names."""
    file = session.config or Path("omnix.toml")
    if not file.exists():
        session = replace(session, config=None)
    made = session.workspace.initialise(file)
    for line in [f"created {path}" for path in made] or ["nothing to do: everything exists already"]:
        note(line)


@command(app, "omnix run --config configs/sample.toml")
def run(
    session: OutputSession, work: Work, max_memory: MaxMemory = None, predictor: Predictor = None, store: Store = None
) -> None:
    """Do the whole nightly job. Imports the configured sources, runs every step and publishes."""
    call = session.workspace.run
    show_run(lambda: call(**vars(work), max_memory=max_memory, predictor=predictor, store=store), session)


@command(app, "omnix explain 1142 1082185")
def explain(
    session: OutputSession,
    chosen: Chosen,
    customer: Annotated[str | None, typer.Argument(help="A customer id.")] = None,
    product: Annotated[str | None, typer.Argument(help="A product id.")] = None,
    force: Force = False,
) -> None:
    """Explain the lists of a customer, or one product for that customer: why it is shown and why on that day, or why
    not. Without a customer, show what `omnix run` would compute and what it would reuse, and why."""
    if customer is None:
        _explain_plan(session, chosen, force=force)
        return
    if force:
        raise typer.BadParameter("it is for the plan of a run, not for a customer", param_hint="--force")
    explanation = session.workspace.explain_customer(customer, product, **vars(chosen))
    subject = f"customer {customer}" if product is None else f"product {product} for customer {customer}"
    session.write(explanation.table(), title=f"Why: {subject}", objects=[explanation.document()])


def _explain_plan(session: OutputSession, chosen: Chosen, *, force: bool) -> None:
    from omnix_cli.reports.output import steps_table

    if chosen.run != "latest":
        raise typer.BadParameter("name a customer, too", param_hint="--run")
    report = session.workspace.explain(as_of=chosen.as_of, force=force)
    for line in filter(None, map(_to_ask, report.steps)):
        note(line)
    session.write(steps_table(report.steps), title="What would run, and why", brief=_EXPLAINED)


@command(app, "omnix similarity --force")
def similarity(session: OutputSession, work: Work, max_memory: MaxMemory = None) -> None:
    """Find the nearest products of every product. Uses co-purchase and content."""
    show_run(lambda: session.workspace.similarity(**vars(work), max_memory=max_memory), session)


@command(app, "omnix recommend --workspace /data/omnix")
def recommend(session: OutputSession, work: Work) -> None:
    """Make the recommendation lists: personal, replenishment, usual, similar, trending, seasonal and popular."""
    show_run(lambda: session.workspace.recommend(**vars(work)), session)


@command(app, "omnix publish --dry-run")
def publish(session: OutputSession, work: Work, store: Store = None, rollback: Rollback = None) -> None:
    """Write the lists to the store. Writes only what changed and removes what is stale."""
    if rollback is None:
        show_run(lambda: session.workspace.publish(**vars(work), store=store), session)
    else:
        call = session.workspace.roll_back
        show_run(lambda: call(rollback, force=work.force, dry_run=work.dry_run, store=store), session)


def show_run(call: Callable[[], RunReport], session: OutputSession) -> None:
    """Shows what a command did to each step, or would do, and about whom it asked a model."""
    from omnix_cli.reports.output import model_report, steps_table

    def show(report: RunReport) -> None:
        for item in report.samples:
            note(f"would write {json.dumps(item, default=str, ensure_ascii=False)}")
        for line in filter(None, map(_to_ask, () if report.run else report.steps)):
            note(line)
        for step in report.steps if report.run else ():
            if left_out := int(step.figures.get("anonymous_lines_left_out", 0)):
                were = counted(left_out, "line of anonymous orders was", "lines of anonymous orders were")
                note(f"{were} left out of predictions and of customers' lists")
            for told in filter(None, (_not_offered(step), _without_list(step))):
                note(told)
            if step.status == "ran" and "asked" in step.figures:
                note(model_report(step.figures))
        run = report.run
        title = f"Run {run.run_id}, as of {run.as_of}" if run else f"omnix {report.command}: what would happen"
        session.write(steps_table(report.steps), title=title, brief=_BRIEF)

    render(call, show)


def _to_ask(step: StepRecord) -> str:
    """What a model would be asked, and what that costs; nothing if none would be asked."""
    if "to_ask" not in step.figures:
        return ""
    asked, cost = int(step.figures["to_ask"]), float(step.figures["cost_usd"])
    most = float(step.figures.get("cost_usd_at_most", cost))
    return f"a model would be asked about {counted(asked, 'customer')}: about {cost:.4f} dollars, at most {most:.4f}"


def _not_offered(step: StepRecord) -> str:
    """How many products are in no list, by the reason."""
    if step.name != "assortment" or not step.figures:
        return ""
    counts = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in step.figures.items())
    return f"products that are not offered: {counts}"


def _without_list(step: StepRecord) -> str:
    """How many customers have no list, by the rule that left nothing."""
    number = int(step.figures.get("without_list", 0))
    if not number:
        return ""
    rules = {name: count for name, count in step.figures.items() if name.startswith("without_list_")}
    told = ", ".join(
        f"{count:,} {name.removeprefix('without_list_').replace('_', ' ')}" for name, count in rules.items()
    )
    return f"{counted(number, 'customer has', 'customers have')} no list, because of a rule: {told}"
