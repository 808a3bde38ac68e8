"""What purchase lines need beyond their types: kinds, signs, prices that follow from each other."""

from __future__ import annotations

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.schemas import PURCHASE_KINDS
from omnix_cli.steps.imports import fields

_KIND = pl.Enum(PURCHASE_KINDS)


def settle(rows: pl.DataFrame, raw: pl.DataFrame, mapping: ColumnMapping) -> pl.DataFrame:
    """Purchase rows with kind, positive quantities, and the price that was not given.

    A returned line has its quantity and prices without their sign. Of `unit_price` and `total_price` one follows from
    the other: total = unit * quantity.
    """
    returned = _returned(rows, mapping)
    amounts = pl.col("quantity"), pl.col("unit_price").cast(pl.Float64), pl.col("total_price").cast(pl.Float64)
    if returned.any():
        amounts = tuple(pl.when(returned).then(amount.abs()).otherwise(amount) for amount in amounts)  # type: ignore[assignment]
    quantity, unit, total = amounts
    if mapping.zero_quantity == "one":
        quantity = pl.when(quantity == 0).then(1.0).otherwise(quantity)
    cancelled = pl.when(_cancelled(raw, mapping)).then(pl.lit("cancelled", _KIND))
    return rows.with_columns(
        quantity.alias("quantity"),
        _money(pl.coalesce(unit, total / quantity)).alias("unit_price"),
        _money(pl.coalesce(total, unit * quantity)).alias("total_price"),
        cancelled.when(returned)
        .then(pl.lit("return", _KIND))
        .otherwise(pl.coalesce("kind", pl.lit("purchase", _KIND)))
        .alias("kind"),
        pl.coalesce("promotion_used", _discounted(raw, mapping)).alias("promotion_used"),
    )


def _returned(rows: pl.DataFrame, mapping: ColumnMapping) -> pl.Series:
    returned = rows["kind"] == "return"
    if mapping.returns.negative_quantity:
        returned |= rows["quantity"] < 0
    if mapping.returns.order_id_prefix:
        returned |= rows["order_id"].str.starts_with(mapping.returns.order_id_prefix)
    return returned.fill_null(False)


def _cancelled(raw: pl.DataFrame, mapping: ColumnMapping) -> pl.Series:
    cancelled = pl.repeat(False, raw.height, dtype=pl.Boolean, eager=True)
    for column, values in mapping.cancelled.items():
        cancelled |= fields.text(raw[column], mapping.null_values).str.to_lowercase().is_in(values).fill_null(False)
    return cancelled


def _discounted(raw: pl.DataFrame, mapping: ColumnMapping) -> pl.Series:
    discounted = pl.repeat(False, raw.height, dtype=pl.Boolean, eager=True)
    for column in mapping.discounts:
        amounts = fields.number(raw[column], mapping.null_values, decimal_comma=bool(mapping.decimal_comma)).values
        discounted |= (amounts != 0).fill_null(False)
    return discounted


def _money(amounts: pl.Expr) -> pl.Expr:
    return amounts.round(2).cast(fields.MONEY, strict=False)
