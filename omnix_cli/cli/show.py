"""`omnix show`: the results of runs, for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from omnix_cli.cli.options import RUN, AsOf, Limit, Output, Session, expand
from omnix_cli.cli.quarantine import show_quarantine

if TYPE_CHECKING:
    from polars import DataFrame

app = typer.Typer(help="Look at the results of runs.", no_args_is_help=True)

_LISTED = ("rank", "product_id", "product_name", "score", "confidence", "shelf", "reason")
"""The columns of a list in a table; JSON, CSV and Parquet have all of them."""


class Context(StrEnum):
    """Where a customer's list is shown."""

    HOMEPAGE = "homepage"
    REPLENISHMENT = "replenishment"


class Season(StrEnum):
    """A season, or the one of the day of the run."""

    CURRENT = "current"
    SPRING = "spring"
    SUMMER = "summer"
    AUTUMN = "autumn"
    WINTER = "winter"


@dataclass(frozen=True)
class Chosen:
    """The run whose results are shown."""

    run: Annotated[str, typer.Option("--run", metavar=RUN, help="A run's id, the beginning of one, or `latest`.")] = (
        "latest"
    )
    as_of: AsOf = None


@app.command(epilog="Example: omnix show recommendations 1142 --context homepage")
@expand
def recommendations(
    session: Session,
    output: Output,
    chosen: Chosen,
    customer: Annotated[str, typer.Argument(help="A customer id.")],
    context: Annotated[Context, typer.Option("--context", help="Where the list is shown.")] = Context.HOMEPAGE,
    limit: Limit = 20,
) -> None:
    """Show a customer's list with the reasons. An unknown customer gets the popular products, marked as `fallback`."""
    rows = session.workspace.recommendations(customer, context=context, limit=limit, **vars(chosen))
    output.write(rows, title=f"Recommendations for {customer} ({context})", brief=_LISTED)


@app.command(epilog="Example: omnix show similar 1082185 --limit 5")
@expand
def similar(
    session: Session,
    output: Output,
    chosen: Chosen,
    product: Annotated[str, typer.Argument(help="A product id.")],
    limit: Limit = 10,
) -> None:
    """Show the nearest products of a product. Includes what makes them near."""
    columns = ("rank", "neighbour_id", "product_name", "score", "co_purchase", "content", "support", "lift")
    rows = session.workspace.similar(product, limit=limit, **vars(chosen))
    output.write(rows, title=f"Similar to {product}", brief=columns)


@app.command(epilog="Example: omnix show due --days 7 --limit 20")
@expand
def due(
    session: Session,
    output: Output,
    chosen: Chosen,
    days: Annotated[
        int, typer.Option("--days", min=0, max=3650, help="Due within so many days of the day of the run.")
    ] = 7,
    customer: Annotated[str | None, typer.Option("--customer", help="Only for this customer.")] = None,
    limit: Limit = 20,
) -> None:
    """Show who needs what in the coming days. The most confident predictions come first."""
    columns = ("customer_id", "product_id", "product_name", "predicted_date", "confidence", "urgency", "reason")
    rows = session.workspace.due(days=days, customer=customer, limit=limit, **vars(chosen))
    output.write(rows, title=f"Due within {days} days", brief=columns)


@app.command(epilog="Example: omnix show trending --limit 10")
@expand
def trending(session: Session, output: Output, chosen: Chosen, limit: Limit = 10) -> None:
    """Show what is trending. Its customers lately rose faster than those of the shop as a whole."""
    output.write(session.workspace.trending(limit=limit, **vars(chosen)), title="Trending", brief=_LISTED)


@app.command(epilog="Example: omnix show seasonal --season winter")
@expand
def seasonal(
    session: Session,
    output: Output,
    chosen: Chosen,
    season: Annotated[
        Season, typer.Option("--season", help="A season; `current` is that of the day of the run.")
    ] = Season.CURRENT,
    limit: Limit = 10,
) -> None:
    """Show what this shop sells above all in a season."""
    name = session.workspace.season(season, **vars(chosen))
    rows = session.workspace.seasonal(name, limit=limit, **vars(chosen))
    output.write(rows, title=f"Seasonal: {name}", brief=_LISTED)


@app.command(epilog="Example: omnix show customer 1142")
@expand
def customer(
    session: Session,
    output: Output,
    chosen: Chosen,
    customer: Annotated[str, typer.Argument(metavar="ID", help="A customer id.")],
    profile: Annotated[bool, typer.Option("--profile", help="Show the imported profile instead.")] = False,
    analysis: Annotated[bool, typer.Option("--analysis", help="Show a model's analysis instead.")] = False,
    limit: Limit = 20,
) -> None:
    """Show a customer's profile and rhythm. The rhythm says what is bought how often, and when it is due."""
    workspace = session.workspace
    if analysis:
        output.write(workspace.analysis(customer, **vars(chosen)), title=f"Analysis of {customer}")
    elif profile:
        output.write(workspace.profile(customer), title=f"Profile of {customer}")
    else:
        rhythm = ("purchase_days", "last_day", "median_gap_days", "predicted_date", "confidence", "urgency")
        title = f"Customer {customer}{_summary(workspace.profile(customer))}"
        rows = workspace.customer(customer, limit=limit, **vars(chosen))
        output.write(rows, title=title, brief=("product_id", "product_name", *rhythm))


def _summary(profile: DataFrame) -> str:
    """A profile in one line."""
    known = [(name, value) for row in profile.drop("customer_id").rows(named=True) for name, value in row.items()]
    return "".join(f", {name.replace('_', ' ')} {value}" for name, value in known if value not in (None, []))


app.command("quarantine", hidden=True, epilog="Example: omnix show quarantine purchases")(show_quarantine)
