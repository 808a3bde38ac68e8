"""Imported purchases as items of `purchase-history`, with the dates on which they were made.

What was cancelled or brought back is taken off (see `steps.history.seen`): the table knows purchases only. A line of
which everything came back is no item; of one that lost a part, quantity and total price are those that are left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.item_frames import items_of
from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.steps.history import seen

TABLE = "purchase-history"
_PIECE_ROWS = 20_000


@dataclass(frozen=True)
class PurchaseItems:
    """The purchases that stand, as a table to be copied. Implements `protocols.ItemSource`
    and `FrameSource`.

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
        for items in self.scan_frames(table, segment=segment, segments=segments, after=after):
            names = items.columns if attributes is None else [name for name in attributes if name in items.columns]
            yield from items_of(items.select(names))

    def scan_frames(
        self, table: str, *, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[pl.DataFrame]:
        own = self.purchases.scan().filter(pl.col("customer_id").hash(seed=0) % segments == segment)
        lines = seen(own, as_of=date.max).sort("purchase_id")
        later = lines if after is None else lines.filter(pl.col("purchase_id") > after)
        yield from map(purchase_items, later.collect().iter_slices(_PIECE_ROWS))

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        lines = self.purchases.scan()
        customers = lines.filter(pl.col("purchase_id").is_in(list(keys))).select("customer_id").unique()
        own = lines.join(customers, on="customer_id", how="semi")  # a return is another line of the same customer
        found = seen(own, as_of=date.max).filter(pl.col("purchase_id").is_in(list(keys))).collect()
        yield from items_of(purchase_items(found))


def purchase_items(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines of `schemas.Purchases` as items. Raises `DataError` for a quantity that cannot be kept exactly."""
    return lines.select(
        id="purchase_id",
        customerId="customer_id",
        productId="product_id",
        orderId="order_id",
        purchaseDate=pl.col("purchased_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
        quantity=_exact(lines["quantity"]),
        unitPrice="unit_price",
        totalPrice="total_price",
        storeLocation="store_location",
        promotionUsed="promotion_used",
        rating="rating",
        review="review",
    )


def _exact(quantities: pl.Series) -> pl.Series:
    """Integers where all are whole, else decimals of the digits that the numbers are written with."""
    written = quantities.cast(pl.String)
    places: Any = written.str.extract(r"\.(\d+)$").replace("0", "").str.len_bytes().max() or 0
    dtype = pl.Decimal(38, places) if places else pl.Int64()
    exact = (written.cast(dtype, strict=False) if places else quantities.cast(dtype, strict=False)).alias("quantity")
    if exact.null_count():
        largest: Any = quantities.filter(exact.is_null()).max()
        raise DataError(f"a quantity of {largest} cannot be stored exactly", hint="Mend it in the purchases.")
    return exact
