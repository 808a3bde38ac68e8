"""`omnix show`: what the runs found out, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from omnix_cli.cli.options import AsOf, Output, Session, expand
from omnix_cli.cli.quarantine import show_quarantine

if TYPE_CHECKING:
    from polars import DataFrame

    from omnix_cli.services.lookups.findings import Findings

app = typer.Typer(
    help="Look at what came out: recommendations, neighbours, due products, customers.", no_args_is_help=True
)

LIST = ("rank", "product_id", "product_name", "score", "confidence", "shelf", "reason")
"""What a table shows of a list; JSON, CSV and Parquet have everything."""


@dataclass(frozen=True)
class Chosen:
    """Which run is looked at."""

    run: Annotated[str, typer.Option("--run", help="A run's id, the beginning of one, or `latest`.")] = "latest"
    as_of: AsOf = None

    def findings(self, session: Session) -> Findings:
        """What that run found out."""
        return session.open(as_of=self.as_of).findings(self.run, on_day=self.as_of is not None)


Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many rows.")]


@app.command(epilog="Example: omnix show recommendations 1142 --context homepage")
@expand
def recommendations(
    session: Session,
    output: Output,
    chosen: Chosen,
    customer: Annotated[str, typer.Argument(help="A customer id.")],
    context: Annotated[str, typer.Option("--context", help="homepage or replenishment.")] = "homepage",
    limit: Limit = 20,
) -> None:
    """Show a customer's list with the reasons; an unknown customer gets the popular products, labelled so."""
    found = chosen.findings(session).recommendations(customer, context=context, limit=limit)
    output.write(found, title=f"Recommendations for {customer} ({context})", brief=LIST)


@app.command(epilog="Example: omnix show similar 1082185 --limit 5")
@expand
def similar(
    session: Session,
    output: Output,
    chosen: Chosen,
    product: Annotated[str, typer.Argument(help="A product id.")],
    limit: Limit = 10,
) -> None:
    """Show the nearest products of a product, and what makes them near."""
    found = chosen.findings(session).similar(product, limit=limit)
    columns = ("rank", "neighbour_id", "product_name", "score", "co_purchase", "content", "support", "lift")
    output.write(found, title=f"Similar to {product}", brief=columns)


@app.command(epilog="Example: omnix show due --days 7 --limit 20")
@expand
def due(
    session: Session,
    output: Output,
    chosen: Chosen,
    days: Annotated[
        int, typer.Option("--days", min=0, max=3650, help="Due within so many days from the day of the run.")
    ] = 7,
    customer: Annotated[str | None, typer.Option("--customer", help="Only of this customer.")] = None,
    limit: Limit = 20,
) -> None:
    """Show who needs what in the coming days, surest first."""
    found = chosen.findings(session).due(days=days, customer=customer, limit=limit)
    columns = ("customer_id", "product_id", "product_name", "predicted_date", "confidence", "urgency", "reason")
    output.write(found, title=f"Due within {days} days", brief=columns)


@app.command(epilog="Example: omnix show trending --limit 10")
@expand
def trending(session: Session, output: Output, chosen: Chosen, limit: Limit = 10) -> None:
    """Show what lately rose faster than the shop as a whole, by the customers who bought it."""
    output.write(chosen.findings(session).shop_list("trending#all", limit=limit), title="Trending", brief=LIST)


@app.command(epilog="Example: omnix show seasonal --season winter")
@expand
def seasonal(
    session: Session,
    output: Output,
    chosen: Chosen,
    season: Annotated[str, typer.Option("--season", help="spring, summer, autumn, winter or current.")] = "current",
    limit: Limit = 10,
) -> None:
    """Show what this shop sells above all in a season."""
    found = chosen.findings(session)
    name = found.season(season)
    output.write(found.shop_list(f"seasonal#{name}", limit=limit), title=f"Seasonal: {name}", brief=LIST)


@app.command(epilog="Example: omnix show customer 1142")
@expand
def customer(
    session: Session,
    output: Output,
    chosen: Chosen,
    customer: Annotated[str, typer.Argument(metavar="ID", help="A customer id.")],
    profile: Annotated[bool, typer.Option("--profile", help="The imported profile instead of the rhythm.")] = False,
    analysis: Annotated[
        bool, typer.Option("--analysis", help="What a model found out, instead of the rhythm.")
    ] = False,
    limit: Limit = 20,
) -> None:
    """Show a customer's profile and rhythm: what is bought how often, and when it is due."""
    findings = chosen.findings(session)
    if analysis:
        output.write(findings.analysis(customer), title=f"Analysis of {customer}")
        return
    facts = findings.profile(customer)
    if profile:
        output.write(facts, title=f"Profile of {customer}")
        return
    found = findings.customer(customer, limit=limit)
    rhythm = ("purchase_days", "last_day", "median_gap_days", "predicted_date", "confidence", "urgency")
    output.write(found, title=f"Customer {customer}{summary(facts)}", brief=("product_id", "product_name", *rhythm))


def summary(profile: DataFrame) -> str:
    """What is known of a customer, in a line."""
    known = [(name, value) for row in profile.drop("customer_id").rows(named=True) for name, value in row.items()]
    return "".join(f", {name.replace('_', ' ')} {value}" for name, value in known if value not in (None, []))


app.command("quarantine", hidden=True, epilog="Example: omnix show quarantine purchases")(show_quarantine)
