"""`omnix recommendations ...`: the published lists, as a shop reads them from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import typer

from omnix_cli.cli.options import OutputSession, command, note
from omnix_cli.cli.store_commands.customer_commands import Customer
from omnix_cli.cli.store_commands.shown_documents import write_document, write_items

app = typer.Typer(
    name="recommendations", help="Read the published lists from the store, and give feedback.", no_args_is_help=True
)

Context = Annotated[
    Literal["homepage", "product_page", "checkout", "email", "replenishment", "usual"],
    typer.Option("--context", help="Where the list is shown."),
]
ListLimit = Annotated[int, typer.Option("--limit", min=1, max=100, help="Show at most so many rows.")]


@command(app, "omnix recommendations customer 1142 --context homepage")
def customer(customer: Customer, session: OutputSession, context: Context = "homepage", limit: ListLimit = 10) -> None:
    """Show a customer's published list; who has none gets the popular products."""
    with session.workspace.customers() as customers:
        found = customers.recommendations(customer, context=context, limit=limit)
    _write(session, found.values(), title=f"Recommendations for {customer} ({context})")


@command(app, "omnix recommendations similar 1082185")
def similar(
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="The product's id.")],
    session: OutputSession,
    limit: ListLimit = 5,
) -> None:
    """Show the published products most like a product."""
    with session.workspace.customers() as customers:
        found = customers.similar(product, limit=limit)
    _write(session, found.values(), title=f"Similar to {product}")


@command(app, "omnix recommendations trending")
def trending(session: OutputSession, limit: ListLimit = 10) -> None:
    """Show what sells better than it used to."""
    with session.workspace.customers() as customers:
        found = customers.trending(limit=limit)
    _write_products(session, found, title="Trending")


@command(app, "omnix recommendations seasonal --season winter")
def seasonal(
    session: OutputSession,
    season: Annotated[
        Literal["current", "spring", "summer", "autumn", "winter"],
        typer.Option("--season", help="A season; `current` is that of the day."),
    ] = "current",
    limit: ListLimit = 10,
) -> None:
    """Show what sells better in a season."""
    with session.workspace.customers() as customers:
        found = customers.seasonal(season, limit=limit)
    _write_products(session, found, title=f"Seasonal ({season})")


@command(app, "omnix recommendations feedback 1142 --status clicked")
def feedback(
    customer: Customer,
    session: OutputSession,
    status: Annotated[
        Literal["clicked", "purchased", "dismissed"], typer.Option("--status", help="What became of it.")
    ],
    context: Context = "homepage",
) -> None:
    """Record what became of a customer's list."""
    with session.workspace.customers() as customers:
        changed = customers.give_feedback({"customerId": customer, "context": context, "status": status})
    write_document(session, changed, title=f"Feedback of {customer}")


def _write(session: OutputSession, found: Mapping[str, Any], *, title: str) -> None:
    if session.format == "json":
        write_document(session, found, title=title)
        return
    made = f"; algorithm {found['algorithm']}, generated at {found['generatedAt']}" if found["generatedAt"] else ""
    note(f"{found['reason']}{made}")
    _write_products(session, found["recommendations"], title=title)


def _write_products(session: OutputSession, products: Sequence[Mapping[str, Any]], *, title: str) -> None:
    if not products:
        note("nothing is published here; `omnix run` publishes, and a list expires after publish.lifetime_days")
    if session.format == "json":
        write_items(session, products, title=title)
        return
    rows = [
        {"productId": one["product"]["id"], "productName": one["product"]["name"]}
        | {name: value for name, value in one.items() if name != "product"}
        for one in products
    ]
    write_items(session, rows, title=title, brief=("productId", "productName", "score", "reason"))
