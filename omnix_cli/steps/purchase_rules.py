"""What purchase lines need beyond their types: kinds, signs, prices that follow from each other."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.schemas import PURCHASE_KINDS
from omnix_cli.steps import fields

_KIND = pl.Enum(PURCHASE_KINDS)


def settle(rows: pl.DataFrame, mapping: ColumnMapping, texts: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Purchase rows with kind, positive quantities, and the price that was not given.

    A returned line has its quantity and prices without their sign. Of `unit_price` and `total_price` one follows from
    the other: total = unit * quantity.
    """
    returned = _returned(rows, mapping)
    cancelled = _cancelled(rows, mapping, texts)
    kind = pl.when(cancelled).then(pl.lit("cancelled")).when(returned).then(pl.lit("return"))
    positive = pl.when(returned).then(pl.col("quantity").abs()).otherwise("quantity")
    if mapping.zero_quantity == "one":
        positive = pl.when(pl.col("quantity") == 0).then(1.0).otherwise(positive)
    prices = {
        name: pl.when(returned).then(pl.col(name).cast(pl.Float64).abs()).otherwise(pl.col(name).cast(pl.Float64))
        for name in ("unit_price", "total_price")
    }
    rows = rows.with_columns(
        positive.alias("quantity"),
        pl.coalesce(kind.otherwise(None), pl.col("kind").cast(pl.String), pl.lit("purchase")).cast(_KIND).alias("kind"),
        pl.coalesce("promotion_used", _discounted(rows, mapping, texts)),
        **prices,
    )
    return rows.with_columns(
        _money(pl.coalesce("unit_price", pl.col("total_price") / pl.col("quantity"))).alias("unit_price"),
        _money(pl.coalesce("total_price", pl.col("unit_price") * pl.col("quantity"))).alias("total_price"),
    )


def _returned(rows: pl.DataFrame, mapping: ColumnMapping) -> pl.Series:
    returned = rows["kind"].cast(pl.String).eq_missing(pl.Series(["return"]))
    if mapping.returns.negative_quantity:
        returned |= (rows["quantity"] < 0).fill_null(False)
    if mapping.returns.order_id_prefix:
        returned |= rows["order_id"].str.starts_with(mapping.returns.order_id_prefix).fill_null(False)
    return returned


def _cancelled(rows: pl.DataFrame, mapping: ColumnMapping, texts: Mapping[str, pl.Series]) -> pl.Series:
    cancelled = pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    for column, values in mapping.cancelled.items():
        cancelled |= texts[column].str.to_lowercase().is_in(values).fill_null(False)
    return cancelled


def _discounted(rows: pl.DataFrame, mapping: ColumnMapping, texts: Mapping[str, pl.Series]) -> pl.Series:
    discounted = pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
    for column in mapping.discounts:
        amounts = fields.number(texts[column], texts[column], decimal_comma=bool(mapping.decimal_comma))
        discounted |= (amounts != 0).fill_null(False)
    return discounted


def _money(amounts: pl.Expr) -> pl.Expr:
    return amounts.round(2).cast(fields.MONEY, strict=False)
