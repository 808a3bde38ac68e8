"""`omnix show`: what the runs found out, for people."""

from __future__ import annotations

from typing import Annotated

import typer

from omnix_cli.cli.options import Output, Session, expand
from omnix_cli.cli.quarantine import Kind, KindOf

app = typer.Typer(
    help="Look at what came out: recommendations, neighbours, due products, customers.", no_args_is_help=True
)

Run = Annotated[str, typer.Option("--run", help="Of this run: an id, the beginning of one, or `latest`.")]
LIST = ("rank", "product_id", "product_name", "score", "confidence", "shelf", "reason")
"""What a table shows of a list; JSON, CSV and Parquet have everything."""

Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many rows.")]


@app.command(epilog="Example: omnix show recommendations 1142 --context homepage")
@expand
def recommendations(
    session: Session,
    output: Output,
    customer: Annotated[str, typer.Argument(help="A customer id.")],
    context: Annotated[str, typer.Option("--context", help="homepage or replenishment.")] = "homepage",
    limit: Limit = 20,
    run: Run = "latest",
) -> None:
    """Show a customer's list with the reasons; an unknown customer gets the popular products, labelled so."""
    found = session.open().findings(run).recommendations(customer, context=context, limit=limit)
    output.write(found, title=f"Recommendations for {customer} ({context})", brief=LIST)


@app.command(epilog="Example: omnix show similar 1082185 --limit 5")
@expand
def similar(
    session: Session,
    output: Output,
    product: Annotated[str, typer.Argument(help="A product id.")],
    limit: Limit = 10,
    run: Run = "latest",
) -> None:
    """Show the nearest products of a product, and what makes them near."""
    found = session.open().findings(run).similar(product, limit=limit)
    columns = ("rank", "neighbour_id", "product_name", "score", "co_purchase", "content", "support", "lift")
    output.write(found, title=f"Similar to {product}", brief=columns)


@app.command(epilog="Example: omnix show due --days 7 --limit 20")
@expand
def due(
    session: Session,
    output: Output,
    days: Annotated[
        int, typer.Option("--days", min=0, max=3650, help="Due within so many days from the day of the run.")
    ] = 7,
    customer: Annotated[str | None, typer.Option("--customer", help="Only of this customer.")] = None,
    limit: Limit = 20,
    run: Run = "latest",
) -> None:
    """Show who needs what in the coming days, surest first."""
    found = session.open().findings(run).due(days=days, customer=customer, limit=limit)
    columns = ("customer_id", "product_id", "product_name", "predicted_date", "confidence", "urgency", "reason")
    output.write(found, title=f"Due within {days} days", brief=columns)


@app.command(epilog="Example: omnix show trending --limit 10")
@expand
def trending(session: Session, output: Output, limit: Limit = 10, run: Run = "latest") -> None:
    """Show what lately rose faster than the shop as a whole, by the customers who bought it."""
    output.write(session.open().findings(run).shop_list("trending#all", limit=limit), title="Trending", brief=LIST)


@app.command(epilog="Example: omnix show seasonal --season winter")
@expand
def seasonal(
    session: Session,
    output: Output,
    season: Annotated[str, typer.Option("--season", help="spring, summer, autumn, winter or current.")] = "current",
    limit: Limit = 10,
    run: Run = "latest",
) -> None:
    """Show what this shop sells above all in a season."""
    found = session.open().findings(run)
    chosen = found.season(season)
    output.write(found.shop_list(f"seasonal#{chosen}", limit=limit), title=f"Seasonal: {chosen}", brief=LIST)


@app.command(epilog="Example: omnix show customer 1142")
@expand
def customer(
    session: Session,
    output: Output,
    customer: Annotated[str, typer.Argument(metavar="ID", help="A customer id.")],
    limit: Limit = 20,
    run: Run = "latest",
) -> None:
    """Show a customer's profile and rhythm: what is bought how often, and when it is due."""
    found = session.open().findings(run).customer(customer, limit=limit)
    rhythm = ("purchase_days", "last_day", "median_gap_days", "predicted_date", "confidence", "urgency")
    output.write(found, title=f"Customer {customer}", brief=("product_id", "product_name", *rhythm))


@app.command(epilog="Example: omnix show quarantine purchases --limit 50")
@expand
def quarantine(
    session: Session,
    output: Output,
    kind: KindOf = Kind.PURCHASES,
    limit: Limit = 20,
) -> None:
    """Show the input rows that were set aside: file, row, column, value, reason."""
    from omnix_cli.services.quarantine import quarantine_show

    rows = quarantine_show(session.open().importer(), kind.value, limit=limit).rows
    output.write(rows.drop("batch", "item", "row"), title=f"Quarantine of {kind}")
