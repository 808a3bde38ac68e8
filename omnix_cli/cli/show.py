"""`omnix show`: the results of runs, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from omnix_cli.cli.options import Chosen, Limit, OutputSession, command

if TYPE_CHECKING:
    from polars import DataFrame

app = typer.Typer(name="show", help="Look at the results of runs.", no_args_is_help=True)

_LISTED = ("rank", "product_id", "product_name", "score", "confidence", "shelf", "reason")
"""The columns of a list in a table; JSON, CSV and Parquet have all of them."""

_RELATIONS = {"similar": "Similar to", "complements": "Bought together with", "substitutes": "Instead of"}

Context = Literal["homepage", "replenishment", "usual"]
Relation = Literal["similar", "complements", "substitutes"]
Season = Literal["current", "spring", "summer", "autumn", "winter"]
Customer = Annotated[str, typer.Argument(help="A customer id.")]
Product = Annotated[str, typer.Argument(help="A product id.")]


@command(app, "omnix show recommendations 1142 --context homepage")
def recommendations(
    session: OutputSession,
    chosen: Chosen,
    customer: Customer,
    context: Annotated[Context, typer.Option("--context", help="Where the list is shown.")] = "homepage",
    limit: Limit = 20,
) -> None:
    """Show a customer's list with the reasons. An unknown customer gets the popular products, marked as `fallback`."""
    rows = session.workspace.recommendations(customer, context=context, limit=limit, **vars(chosen))
    is_personal = rows.is_empty() or bool((rows["shelf"] != "fallback").fill_null(True).any())
    what = "Recommendations" if is_personal else "Popular products"
    session.write(rows, title=f"{what} for {customer} ({context})", brief=_LISTED)


@command(app, "omnix show similar 1082185 --relation complements --limit 5")
def similar(
    session: OutputSession,
    chosen: Chosen,
    product: Product,
    relation: Annotated[
        Relation, typer.Option("--relation", help="Only what is bought together, or what meets the same need.")
    ] = "similar",
    limit: Limit = 10,
) -> None:
    """Show the nearest products of a product. Includes what makes them near."""
    columns = ("rank", "neighbour_id", "product_name", "score", "co_purchase", "content", "support", "lift", "relation")
    rows = session.workspace.similar(product, relation=relation, limit=limit, **vars(chosen))
    session.write(rows, title=f"{_RELATIONS[relation]} {product}", brief=columns)


@command(app, "omnix show due --days 7 --limit 20")
def due(
    session: OutputSession,
    chosen: Chosen,
    days: Annotated[
        int, typer.Option("--days", min=0, max=3650, help="Within so many days, the day of the run being the first.")
    ] = 7,
    customer: Annotated[str | None, typer.Option("--customer", help="Only for this customer.")] = None,
    limit: Limit = 20,
) -> None:
    """Show who needs what in the coming days. The likeliest purchases within these days come first."""
    columns = ("customer_id", "product_id", "product_name", "probability", "predicted_date", "urgency", "reason")
    rows = session.workspace.due(days=days, customer=customer, limit=limit, **vars(chosen))
    session.write(rows, title=f"Due within {days} days", brief=columns)


@command(app, "omnix show trending --limit 10")
def trending(session: OutputSession, chosen: Chosen, limit: Limit = 10) -> None:
    """Show what is trending. Its customers lately rose faster than those of the shop as a whole."""
    session.write(session.workspace.trending(limit=limit, **vars(chosen)), title="Trending", brief=_LISTED)


@command(app, "omnix show seasonal --season winter")
def seasonal(
    session: OutputSession,
    chosen: Chosen,
    season: Annotated[Season, typer.Option("--season", help="A season; `current` is that of the day.")] = "current",
    limit: Limit = 10,
) -> None:
    """Show what this shop sells above all in a season."""
    name = session.workspace.season(season, **vars(chosen))
    rows = session.workspace.seasonal(name, limit=limit, **vars(chosen))
    session.write(rows, title=f"Seasonal: {name}", brief=_LISTED)


@command(app, "omnix show customer 1142")
def customer(
    session: OutputSession,
    chosen: Chosen,
    customer: Annotated[str, typer.Argument(metavar="ID", help="A customer id.")],
    profile: Annotated[bool, typer.Option("--profile", help="Show the imported profile instead.")] = False,
    analysis: Annotated[bool, typer.Option("--analysis", help="Show a model's analysis instead.")] = False,
    limit: Limit = 20,
) -> None:
    """Show a customer's profile and rhythm. The rhythm says what is bought how often, and when it is due."""
    workspace = session.workspace
    if analysis:
        session.write(workspace.analysis(customer, **vars(chosen)), title=f"Analysis of {customer}")
    elif profile:
        session.write(workspace.profile(customer), title=f"Profile of {customer}")
    else:
        rhythm = ("purchase_days", "last_day", "median_gap_days", "predicted_date", "probability_14d", "urgency")
        title = f"Customer {customer}{_summary(workspace.profile(customer))}"
        rows = workspace.customer(customer, limit=limit, **vars(chosen))
        session.write(rows, title=title, brief=("product_id", "product_name", *rhythm))


def _summary(profile: DataFrame) -> str:
    """A profile in one line."""
    known = [(name, value) for row in profile.drop("customer_id").rows(named=True) for name, value in row.items()]
    return "".join(f", {name.replace('_', ' ')} {value}" for name, value in known if value not in (None, []))
