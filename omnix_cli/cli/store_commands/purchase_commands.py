"""`omnix purchases`: order lines of a customer, and orders as the shop has them, straight into the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnix_cli.cli.options import OutputSession, command
from omnix_cli.cli.store_commands.customer_commands import Customer
from omnix_cli.cli.store_commands.shown_documents import number, read, read_several, write_items
from omnix_cli.errors import ConfigError, DataError, PartialError

if TYPE_CHECKING:
    from omnix_cli.services.customers.order_lines import Added
    from omnix_cli.services.customers.order_states import Applied

app = typer.Typer(name="purchases", help="Add purchases to the store.", no_args_is_help=True)


@dataclass(frozen=True)
class LineOptions:
    """The fields of one order line."""

    quantity: Annotated[str, typer.Option("--quantity", help="Units (1 or more).")] = "1"
    unit_price: Annotated[str | None, typer.Option("--unit-price", help="The price of a unit.")] = None
    total_price: Annotated[str | None, typer.Option("--total-price", help="What the line cost.")] = None
    purchase_date: Annotated[
        str | None, typer.Option("--purchased-at", help="When it was bought (ISO 8601; default: now).")
    ] = None
    order_id: Annotated[str | None, typer.Option("--order-id", help="The order that the line belongs to.")] = None
    store_location: Annotated[str | None, typer.Option("--store-location", help="The shop.")] = None

    def values(self, product: str) -> dict[str, Any]:
        """As a document."""
        prices = {"unitPrice": self.unit_price, "totalPrice": self.total_price, "quantity": self.quantity}
        texts = {"purchaseDate": self.purchase_date, "orderId": self.order_id, "storeLocation": self.store_location}
        numbers = {name: number(text) for name, text in prices.items() if text is not None}
        return {"productId": product, **numbers, **{name: text for name, text in texts.items() if text is not None}}


@command(app, "omnix purchases add 1142 1082185 --unit-price 1.99 --purchased-at 2018-01-15T10:00:00Z")
def add(
    customer: Customer,
    session: OutputSession,
    line: LineOptions,
    product: Annotated[str | None, typer.Argument(metavar="[PRODUCT]", help="The product's id.")] = None,
    data: Annotated[str | None, typer.Option("--data", metavar="FILE", help="A JSON file (`-`: stdin).")] = None,
) -> None:
    """Add one order line, or with --data a JSON list of them. A line that is there already is not added again; one
    that is wrong is refused alone (exit code 5)."""
    if product is not None and data is None:
        rows = [line.values(product)]
    elif data is not None and product is None:
        rows = read(data)
    else:
        raise ConfigError("there must be a product or a file", hint="Give PRODUCT and --unit-price, or --data FILE.")
    if not isinstance(rows, list):
        raise DataError(f"{data} is not a list of purchases", hint="Write [{...}, {...}].")
    with session.workspace.customers() as customers:
        added = customers.add_purchases(customer, rows)
    write_items(session, [one.values() for one in added], title=f"Purchases of {customer}")
    _check_refused(added, "purchase", "add", "added")


@command(app, "omnix purchases orders --data orders.ndjson")
def orders(
    session: OutputSession,
    data: Annotated[
        str,
        typer.Option("--data", metavar="FILE", help="A JSON file (`-`: stdin)."),
    ],
) -> None:
    """Apply order documents from a JSON file: one, a list of them, or one a line. The lines of completed orders are
    purchases, with the same ids as after an import; those of cancelled orders are removed. Of several documents about
    an order the newest counts (`updatedAt`), in whatever order they come, and however often. One that is wrong is
    refused alone (exit code 5)."""
    from omnix_cli.services.customers.order_states import OrderEvent

    documents = read_several(data)
    if not documents:
        raise DataError(f"{data} has no orders", hint="Write {...}, [{...}, {...}], or one document on each line.")
    with session.workspace.customers() as customers:
        applied = customers.apply_orders([OrderEvent(document) for document in documents])
    write_items(session, [vars(one) for one in applied], title="Orders")
    _check_refused(applied, "order", "apply", "applied")


def _check_refused(results: Sequence[Added] | Sequence[Applied], what: str, verb: str, done: str) -> None:
    """Raises `DataError` if all were refused, `PartialError` if some were."""
    refused = [one for one in results if one.status == "refused"]
    if len(refused) == len(results):
        raise DataError(f"no {what} was {done}: {refused[0].reason}", hint=f"Correct it and {verb} it again.")
    if refused:
        message = f"{len(refused)} of {len(results)} {what}s were refused"
        raise PartialError(message, hint=f"Correct them and {verb} them again.")
