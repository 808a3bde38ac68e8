"""The ids that omnix 0.1 made: `customer#order#product`, without an order `customer##product#instant`, and
further lines with a number."""

from __future__ import annotations

import polars as pl

from omnix_cli.steps.imports.groups.identity import WRITTEN

VERSIONS = ("1", "2")
"""The versions of cleaning that made them."""


def without_made_ids(rows: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Purchases without the ids that were made, and WRITTEN as far as it is known: the time in the shop's zone, or in
    UTC where that is on another day than the purchase."""
    customer, order, product = (_escaped(name) for name in ("customer_id", "order_id", "product_id"))
    instant = pl.col("purchased_at").dt.to_string("%Y-%m-%dT%H:%M:%S%.fZ")
    timed = pl.when(pl.col("order_id").is_null()).then(instant)
    former = pl.concat_str(customer, order.fill_null(""), product, timed, separator="#", ignore_nulls=True)
    made = (pl.col("purchase_id") == former) | pl.col("purchase_id").str.starts_with(former + "#")
    local = pl.col("purchased_at").dt.convert_time_zone(timezone).dt.replace_time_zone(None)
    utc = pl.col("purchased_at").dt.replace_time_zone(None)
    return rows.with_columns(
        pl.when(made).then(None).otherwise("purchase_id").alias("purchase_id"),
        pl.when(local.dt.date() == pl.col("purchase_day")).then(local).otherwise(utc).alias(WRITTEN),
        (pl.col("kind") == "return").alias("_returned"),
    )


def _escaped(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all("%", "%25", literal=True).str.replace_all("#", "%23", literal=True)
