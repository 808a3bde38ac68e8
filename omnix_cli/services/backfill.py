"""Imported purchases as items of `purchase-history`, with the dates on which they were made.

What was cancelled or brought back is taken off (see `steps.history.seen`): the table knows purchases only. A line of
which everything came back is no item; of one that lost a part, quantity and total price are those that are left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from omnix_cli.protocols import StoredFrame
from omnix_cli.services.items import iso
from omnix_cli.steps.history import seen

TABLE = "purchase-history"
_PIECE_ROWS = 20_000
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class PurchaseItems:
    """The purchases that stand, as a table to be copied. Implements `protocols.ItemSource`.

    A segment holds the customers of one hash, so that as many segments as fit into memory make no difference to it."""

    purchases: StoredFrame

    def address(self, table: str) -> str:
        return self.purchases.key

    def expected_items(self, table: str) -> int:
        return self.purchases.rows

    def scan(
        self,
        table: str,
        *,
        attributes: Sequence[str] | None = None,
        segment: int = 0,
        segments: int = 1,
        after: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        own = self.purchases.scan().filter(pl.col("customer_id").hash(seed=0) % segments == segment)
        rows = seen(own, as_of=date.max).sort("purchase_id")
        later = rows if after is None else rows.filter(pl.col("purchase_id") > after)
        for item in _items(later.collect()):
            yield item if attributes is None else {name: item[name] for name in attributes if name in item}

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        lines = self.purchases.scan()
        customers = lines.filter(pl.col("purchase_id").is_in(list(keys))).select("customer_id").unique()
        own = lines.join(customers, on="customer_id", how="semi")  # a return is another line of the same customer
        yield from _items(seen(own, as_of=date.max).filter(pl.col("purchase_id").is_in(list(keys))).collect())


def purchase_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """One line of `schemas.Purchases` as an item; what is null is absent."""
    values = {
        "id": row["purchase_id"],
        "customerId": row["customer_id"],
        "productId": row["product_id"],
        "orderId": row["order_id"],
        "purchaseDate": iso(row["purchased_at"]),
        "quantity": _number(row["quantity"]),
        "unitPrice": _money(row["unit_price"]),
        "totalPrice": _money(row["total_price"]),
        "storeLocation": row["store_location"],
        "promotionUsed": row["promotion_used"],
        "rating": row["rating"],
        "review": row["review"],
    }
    return {name: value for name, value in values.items() if value is not None}


def _items(rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for piece in rows.iter_slices(_PIECE_ROWS):
        yield from map(purchase_item, piece.iter_rows(named=True))


def _number(value: float) -> int | Decimal:
    return int(value) if value.is_integer() else Decimal(repr(value))


def _money(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(_CENT)
