"""A purchase as an item of `purchase-history`: the one place that knows both sides."""

from __future__ import annotations

from typing import Any

import polars as pl

from omnix_cli.errors import DataError

PURCHASE_TABLE = "purchase-history"


def purchase_items(lines: pl.DataFrame) -> pl.DataFrame:
    """Rows of `schemas.Purchases` as items. Raises `DataError` for a quantity that cannot be stored exactly."""
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
    """Integers where all are whole, otherwise decimals with the digits that the numbers are written with."""
    written = quantities.cast(pl.String)
    places: Any = written.str.extract(r"\.(\d+)$").replace("0", "").str.len_bytes().max() or 0
    dtype = pl.Decimal(38, places) if places else pl.Int64()
    exact = (written.cast(dtype, strict=False) if places else quantities.cast(dtype, strict=False)).alias("quantity")
    if exact.null_count():
        largest: Any = quantities.filter(exact.is_null()).max()
        raise DataError(f"a quantity of {largest} cannot be stored exactly", hint="Correct it and import it again.")
    return exact
