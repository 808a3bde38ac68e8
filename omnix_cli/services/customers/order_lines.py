"""Purchases of a customer in the store: read newest first, and added line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import polars as pl

from omnix_cli.days.utc_texts import iso
from omnix_cli.errors import InvalidRecord
from omnix_cli.json_records.customer_records import NewPurchase, parsed
from omnix_cli.protocols.tables import Page, TableStore
from omnix_cli.services.customers.given_times import check_time
from omnix_cli.steps.imports.groups.identity import LINE_NUMBER, RETURNED, WRITTEN, with_made_ids
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE, purchase_items
from omnix_cli.stores.tables.store_tombstones import NEVER, StoreTombstones

INDEX = "customerId-purchaseDate-index"
MAX_ROWS = 1_000
"""The most lines that are added at once."""


@dataclass(frozen=True)
class Added:
    """What became of one line: `created`, `unchanged` (it was there already), `changed` (another line had its id),
    `forgotten` (left out, since the customer was forgotten later), or `refused` with the `reason` and the `error` that
    says which fields are wrong."""

    row: int
    status: Literal["created", "unchanged", "changed", "forgotten", "refused"]
    id: str | None = None
    error: InvalidRecord | None = None

    @property
    def reason(self) -> str | None:
        """Why the line was refused."""
        return self.error.message if self.error else None

    def values(self) -> dict[str, Any]:
        """As a document."""
        return {"row": self.row, "status": self.status, "id": self.id, "reason": self.reason}


def purchases(store: TableStore, customer: str, *, now: datetime, limit: int = 50, cursor: str | None = None) -> Page:
    """A page of a customer's order lines as they are stored, newest first; empty for an unknown customer."""
    return store.query(PURCHASE_TABLE, INDEX, customer, now=now, limit=limit, cursor=cursor)


def add_purchases(
    store: TableStore,
    customer: str,
    rows: Sequence[Any],
    *,
    now: datetime,
    timezone: str = "UTC",
    tombstones: StoreTombstones | None = None,
) -> tuple[Added, ...]:
    """Stores order lines, each a document of `NewPurchase`; one that is wrong is refused alone.

    A line has the id that an import of the same line gives it (see docs/identity.md), so neither a repeated call nor
    an import of the shop's file doubles it; `timezone` is that of the shop's files. Equal lines of one call are lines
    of their own. Raises `InvalidRecord` for more than `MAX_ROWS`."""
    if not 1 <= len(rows) <= MAX_ROWS:
        raise InvalidRecord(f"1 to {MAX_ROWS:,} lines can be added at once, not {len(rows):,}", problems=())
    found: dict[int, Added] = {}
    accepted: dict[int, NewPurchase] = {}
    tombstones = tombstones or StoreTombstones(store)
    welcome_from = tombstones.welcome_from(customer, now=now)
    if welcome_from == NEVER:  # wrong ones, too: a message that is refused is kept as a dead letter
        return tuple(Added(number, "forgotten") for number in range(len(rows)))
    for number, row in enumerate(rows):
        try:
            purchase = parsed(NewPurchase, row)
            check_time("purchaseDate", purchase.purchase_date or now, now=now)
        except InvalidRecord as error:
            found[number] = Added(number, "refused", error=error)
        else:
            if iso(purchase.purchase_date or now) < welcome_from:
                found[number] = Added(number, "forgotten")
            else:
                accepted[number] = purchase
    if accepted:
        stored = _store(store, customer, accepted, now, timezone)
        if tombstones.welcome_from(customer, now=now) > welcome_from:  # forgotten since: these came too late to go
            store.delete_many(PURCHASE_TABLE, [one.id for one in stored.values() if one.id])
            stored = {number: Added(number, "forgotten") for number in accepted}
        found.update(stored)
    return tuple(found[number] for number in sorted(found))


def _store(
    store: TableStore, customer: str, accepted: Mapping[int, NewPurchase], now: datetime, timezone: str
) -> dict[int, Added]:
    items = _items(customer, list(accepted.values()), now, timezone)
    there = {item["id"]: item for item in store.get_many(PURCHASE_TABLE, [item["id"] for item in items])}
    fresh = [item for item in items if there.get(item["id"]) != item]
    store.put_many(PURCHASE_TABLE, fresh)
    found = {}
    for number, item in zip(accepted, items, strict=True):
        stored = there.get(item["id"])
        status: Any = "created" if stored is None else "unchanged" if stored == item else "changed"
        found[number] = Added(number, status, id=item["id"])
    return found


def _items(customer: str, purchases: Sequence[NewPurchase], now: datetime, timezone: str) -> list[dict[str, Any]]:
    """The lines as items, in their order, with ids made of the content."""
    rows = pl.DataFrame(
        [
            {
                "purchase_id": None,
                "customer_id": customer,
                "product_id": line.product_id,
                "order_id": line.order_id,
                "purchased_at": line.purchase_date or now,
                "quantity": float(line.quantity),
                "unit_price": line.unit_price,
                "total_price": line.total,
                "store_location": line.store_location,
                "promotion_used": line.promotion_used,
                "rating": line.rating,
                "review": line.review,
            }
            for line in purchases
        ],
        schema=_LINE,
    )
    written = rows.with_columns(
        pl.col("purchased_at").dt.convert_time_zone(timezone).dt.replace_time_zone(None).alias(WRITTEN),
        pl.lit(False).alias(RETURNED),
        pl.lit(None, pl.String).alias(LINE_NUMBER),
    )
    made = with_made_ids(written, "purchases")
    number = pl.int_range(1, pl.len() + 1).over("purchase_id")
    numbered = made.with_columns(
        pl.when(number > 1)
        .then(pl.format("{}#{}", "purchase_id", number))
        .otherwise("purchase_id")
        .alias("purchase_id")
    )
    items = purchase_items(numbered).to_dicts()
    return [{name: value for name, value in item.items() if value is not None} for item in items]


_MONEY = pl.Decimal(18, 2)
_LINE: dict[str, pl.DataType | type[pl.DataType]] = {
    "purchase_id": pl.String,
    "customer_id": pl.String,
    "product_id": pl.String,
    "order_id": pl.String,
    "purchased_at": pl.Datetime("us", "UTC"),
    "quantity": pl.Float64,
    "unit_price": _MONEY,
    "total_price": _MONEY,
    "store_location": pl.String,
    "promotion_used": pl.Boolean,
    "rating": pl.Int8,
    "review": pl.String,
}
