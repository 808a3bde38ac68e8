"""What bench_serving serves: Complete Journey as a night publishes it, or a shop of any size that is made up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from omnix_cli import open_workspace
from omnix_cli.services.customers.customer_side import TABLES, CustomerSide
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE, purchase_items
from tests import complete_journey

PRODUCTS, ENTRIES, PURCHASES = 777, 10, 10
NOW = datetime.now(UTC)


def journey(path: Path, folder: Path, households: int | None) -> None:
    """Complete Journey (or so many households of it): the lists of the day after its last, a profile of each household,
    and every order line."""
    configuration = folder / "omnix.toml"
    configuration.write_text(complete_journey.configuration(folder, households))
    workspace = open_workspace(folder / "published", config=configuration, settings={"store.path": str(path)})
    workspace.run()
    lines = workspace.frame("purchases").filter(pl.col("kind") == "purchase")
    with workspace.customers() as side:
        _register(side, sorted(lines["customer_id"].unique()))
        side.store.put_many(PURCHASE_TABLE, purchase_items(lines))


def _register(side: CustomerSide, customers: list[str]) -> None:
    for customer in customers:
        side.register({"customerId": customer, "demographics": {"age": 50}, "preferences": {"brandPreferences": ["A"]}})


def customers_of(path: Path) -> list[str]:
    """The customers who have a profile."""
    with closing(SqliteStore(path)) as store:
        return [item["customerId"] for item in store.scan("customer-profiles", attributes=["customerId"])]


def product(number: int) -> str:
    return f"product-{number % PRODUCTS}"


def published(customer: int, context: str) -> dict[str, Any]:
    entries = [
        {
            "productId": product(customer + rank),
            "productName": f"Fresh milk of the farm, {rank} l",
            "score": Decimal(997 - rank) / 1000,
            "reason": f"bought {rank + 2} times, last on Monday",
            "tags": ["dairy"],
            "rank": rank,
            "confidence": Decimal("0.71"),
        }
        for rank in range(1, ENTRIES + 1)
    ]
    return {
        "id": f"c{customer}#{context}",
        "customerId": f"c{customer}",
        "recommendations": entries,
        "algorithmType": "personal",
        "confidence": Decimal("0.71"),
        "context": context,
        "generatedAt": NOW.isoformat(timespec="milliseconds"),
        "ttl": int((NOW + timedelta(days=7)).timestamp()),
        "status": "active",
    }


def bought(customer: int) -> Iterator[dict[str, Any]]:
    for number in range(PURCHASES):
        yield {
            "id": f"p{customer}-{number}",
            "customerId": f"c{customer}",
            "productId": product(customer + number),
            "quantity": 1,
            "unitPrice": Decimal("1.99"),
            "totalPrice": Decimal("1.99"),
            "purchaseDate": (NOW - timedelta(days=7 * number)).isoformat(timespec="milliseconds"),
            "promotionUsed": False,
        }


def made_up(path: Path, customers: int) -> None:
    """So many customers with a profile, two lists and ten order lines each."""
    store = SqliteStore(path)
    store.create_tables((*TABLES, "products"))
    everyone = range(customers)
    store.put_many(
        "customer-profiles",
        (
            {"customerId": f"c{one}", "demographics": {"age": 50}, "preferences": {"brandPreferences": ["Alp"]}}
            | {"createdAt": NOW.isoformat(), "updatedAt": NOW.isoformat(), "version": 1}
            for one in everyone
        ),
    )
    store.put_many(
        "recommendations", (published(one, context) for one in everyone for context in ("homepage", "usual"))
    )
    store.put_many("purchase-history", (line for one in everyone for line in bought(one)))
    store.put_many(
        "products",
        (
            {"id": product(one), "name": "Fresh milk", "category": "Dairy", "price": Decimal("1.99")}
            for one in range(PRODUCTS)
        ),
    )
    store.close()
