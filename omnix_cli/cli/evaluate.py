"""`omnix evaluate`: how good the results are, measured on the workspace's own purchases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from omnix_cli.cli.options import AS_OF, RUN, AsOf, Customers, Force, OutputSession, command, expand, note

if TYPE_CHECKING:
    from omnix_cli.services.evaluation.evaluations import EvaluationComparison, EvaluationReport

app = typer.Typer(
    name="evaluate", help="Measure how good the results are on your own purchases.", invoke_without_command=True
)

Convention = Literal["omnix", "rectools", "lenskit", "reality-check"]
Places = Annotated[int, typer.Option("--places", min=1, max=1000, help="Judge the first so many products.")]
Compare = Annotated[
    str | None, typer.Option("--compare", metavar=RUN, help="Show the figures beside those that this run keeps.")
]
Reliability = Annotated[
    bool, typer.Option("--reliability", help="Show what was said and what happened, in tenths of probability.")
]


@dataclass(frozen=True)
class Shown:
    """Which figures are shown."""

    compare: Compare = None
    reliability: Reliability = False
    force: Force = False


@app.callback(epilog="Example: omnix evaluate --compare 20260101")
@expand
def evaluate(context: typer.Context, session: OutputSession, compare: Compare = None) -> None:
    """Compare the newest evaluation with the one that an earlier run keeps."""
    if context.invoked_subcommand:
        return
    if compare is None:
        raise typer.BadParameter("give a command, or a run to compare with", param_hint="--compare")
    _show_comparison(session.workspace.evaluate.compare(compare), session)


@command(app, "omnix evaluate next-basket --as-of each --customers 1000", name="next-basket")
def next_basket(
    session: OutputSession,
    *,
    as_of: Annotated[str, typer.Option("--as-of", metavar="each|once|DAY", help=AS_OF)] = "each",
    places: Places = 10,
    customers: Customers = None,
    test_customers: Annotated[
        Path | None,
        typer.Option("--test-customers", metavar="FILE", help="Ask only the customers that this file names."),
    ] = None,
    order_only: Annotated[
        bool, typer.Option("--order-only", help="Use the order of each customer's baskets, not their dates.")
    ] = False,
    history: Annotated[
        list[Path] | None,
        typer.Option(
            "--history",
            metavar="FILE",
            help="Baskets in their order, in place of the imported purchases: user_id, order_number, product_id, or "
            "JSON of baskets. Implies --order-only; repeatable.",
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", metavar="FILE", help="The baskets after those of --history, which are asked for."),
    ] = None,
    min_baskets: Annotated[
        int, typer.Option("--min-baskets", min=2, help="Leave out customers with fewer baskets.")
    ] = 2,
    min_product_baskets: Annotated[
        int, typer.Option("--min-product-baskets", min=1, help="Leave out products of fewer baskets.")
    ] = 1,
    convention: Annotated[
        Convention, typer.Option("--convention", help="The formulas of the metrics: those of a library or paper.")
    ] = "omnix",
    shown: Shown,
) -> None:
    """Measure the order of products for the next basket. With --as-of each, everybody is asked the moment before the
    own last basket; with once, for the same baskets on the day after the newest purchase; with a day, on that day for
    the first basket from then on."""
    call = session.workspace.evaluate.next_basket
    _show(
        lambda: call(
            as_of=as_of,
            places=places,
            customers=customers,
            test_customers=test_customers,
            order_only=order_only,
            history=history or (),
            truth=truth,
            min_baskets=min_baskets,
            min_product_baskets=min_product_baskets,
            convention=convention,
            force=shown.force,
        ),
        session,
        shown,
    )


@command(app, "omnix evaluate next-purchase --as-of 2017-10-01", name="next-purchase")
def next_purchase(session: OutputSession, *, as_of: AsOf = None, customers: Customers = None, shown: Shown) -> None:
    """Measure chances and dates of the next purchase. By default asked 92 days before the day of the run, or a quarter
    of a shorter history."""
    call = session.workspace.evaluate.next_purchase
    _show(lambda: call(as_of=as_of, customers=customers, force=shown.force), session, shown)


@command(app, "omnix evaluate similarity --products 1000")
def similarity(
    session: OutputSession,
    *,
    as_of: AsOf = None,
    products: Annotated[
        int, typer.Option("--products", min=1, help="Judge at most so many products, chosen by the hash of their id.")
    ] = 3000,
    places: Places = 10,
    shown: Shown,
) -> None:
    """Measure whether neighbours are bought together later. By default the first four fifths of the time are known."""
    call = session.workspace.evaluate.similarity
    _show(lambda: call(as_of=as_of, products=products, places=places, force=shown.force), session, shown)


@command(app, "omnix evaluate lists --as-of 2017-12-01")
def lists(
    session: OutputSession,
    *,
    as_of: AsOf = None,
    places: Places = 10,
    customers: Customers = None,
    shown: Shown,
) -> None:
    """Measure the lists of customers, and each shelf, by the next basket. By default as of 28 days before the day of
    the run, or a quarter of a shorter history."""
    call = session.workspace.evaluate.lists
    _show(lambda: call(as_of=as_of, places=places, customers=customers, force=shown.force), session, shown)


@command(app, "omnix evaluate live --reliability")
def live(session: OutputSession, *, customers: Customers = None, shown: Shown) -> None:
    """Compare what past runs predicted with what was bought since. By predictor, urgency, category and probability;
    only predictions whose time has ended count."""
    call = session.workspace.evaluate.live
    _show(lambda: call(customers=customers, force=shown.force), session, shown)


@command(app, "omnix evaluate show latest --format json")
def show(
    session: OutputSession,
    run: Annotated[str, typer.Argument(metavar=RUN, help="A run's id, the beginning of one, or `latest`.")] = "latest",
    reliability: Reliability = False,
    compare: Compare = None,
) -> None:
    """Show an evaluation that a run keeps."""
    workspace = session.workspace
    if compare is not None:
        _show_comparison(workspace.evaluate.compare(compare, run), session)
    else:
        _show_report(workspace.evaluate.show(run), session, reliability=reliability)


def _show(call: Callable[[], EvaluationReport], session: OutputSession, shown: Shown) -> None:
    report = call()
    if shown.compare is not None:
        _show_comparison(session.workspace.evaluate.compare(shown.compare, report.run.run_id), session)
    else:
        _show_report(report, session, reliability=shown.reliability)


def _show_report(report: EvaluationReport, session: OutputSession, *, reliability: bool) -> None:
    from omnix_cli.reports.evaluation_tables import evaluation_notes, tables

    for line in evaluation_notes(report.evaluations, report.figures):
        note(line)
    title = f"Evaluation of {report.name}, run {report.run.run_id}, purchases before {report.run.as_of}"
    if reliability:
        session.write(report.reliability.drop("row"), title=f"{title}: what was said and what happened")
    elif session.format == "table":
        shown = tables(report.evaluations)
        session.write_tables([(title, table) for table in shown] or [(title, report.evaluations.drop("row"))])
    else:
        session.write(report.evaluations.drop("row"), title=title)


def _show_comparison(made: EvaluationComparison, session: OutputSession) -> None:
    brief = ("part", "metric", "method", "before", "after", "change", "verdict")
    session.write(made.frame, title=f"From {made.before} to {made.after}", brief=brief)
