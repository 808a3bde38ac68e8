"""Rules of purchase lines: their kind, the sign of returns, and prices that follow from each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.schemas import PURCHASE_KINDS
from omnix_cli.steps.imports import numbers, texts
from omnix_cli.steps.imports.deletions import deleted

_KIND = pl.Enum(PURCHASE_KINDS)
_LEAST_QUANTITY = 0.001


def settle(rows: pl.DataFrame, raw: pl.DataFrame, mapping: ColumnMapping, *, decimal_comma: bool) -> pl.DataFrame:
    """Purchase rows with their kind, positive quantities, both prices, and whether they are returns (`_returned`).

    A returned line loses the sign of its quantity and prices. If one of `unit_price` and `total_price` is missing, it
    is computed from the other as the input has it: total = unit * quantity. Prices are not rounded yet.
    """
    returned = _returned(rows, raw, mapping)
    if returned.any():
        signed = pl.col("quantity", "unit_price", "total_price")
        rows = rows.with_columns(pl.when(returned).then(signed.abs()).otherwise(signed))
    is_cancelled = _cancelled(raw, mapping) | (rows["kind"] == "cancelled").fill_null(False)
    if mapping.zero_quantity == "one":
        rows = rows.with_columns(pl.col("quantity").replace(0.0, 1.0))
    elif is_cancelled.any():  # shops write quantity 0 when they cancel a line, which is no error
        one = pl.when(is_cancelled).then(pl.col("quantity").replace(0.0, 1.0))
        rows = rows.with_columns(one.otherwise("quantity").alias("quantity"))
    cancelled = pl.when(is_cancelled).then(pl.lit("cancelled", _KIND))
    return rows.with_columns(
        *_missing_prices(rows),
        cancelled.when(returned)
        .then(pl.lit("return", _KIND))
        .otherwise(pl.coalesce("kind", pl.lit("purchase", _KIND)))
        .alias("kind"),
        pl.coalesce("promotion_used", _discounted(raw, mapping, decimal_comma)).alias("promotion_used"),
        returned.alias("_returned"),
    )


def _missing_prices(rows: pl.DataFrame) -> Iterator[pl.Expr]:
    usable = pl.col("quantity").abs().is_between(_LEAST_QUANTITY, numbers.LARGEST_QUANTITY)
    sensible = [
        pl.when(pl.col(name).abs() <= numbers.LARGEST_MONEY).then(name) for name in ("unit_price", "total_price")
    ]
    unit, total = sensible
    are_whole = bool((rows["quantity"] == rows["quantity"].round(0)).all())
    quantity = pl.when(usable).then("quantity").cast(pl.Int64 if are_whole else numbers.EXACT)
    derived = {"unit_price": total / quantity, "total_price": unit * quantity}
    for name, amount in derived.items():
        if rows[name].null_count():
            yield pl.coalesce(name, amount.cast(numbers.EXACT))


def _returned(rows: pl.DataFrame, raw: pl.DataFrame, mapping: ColumnMapping) -> pl.Series:
    returned = rows["kind"] == "return"
    if mapping.returns.negative_quantity:
        returned |= rows["quantity"] < 0
    if mapping.returns.negative_total:
        returned |= (rows["total_price"] < 0) & (rows["quantity"] > 0)
    if mapping.returns.order_id_prefix:
        returned |= rows["order_id"].str.starts_with(mapping.returns.order_id_prefix)
    return returned.fill_null(False) | _marked(raw, mapping.returns.values)


def _cancelled(raw: pl.DataFrame, mapping: ColumnMapping) -> pl.Series:
    return deleted(raw) | _marked(raw, mapping.cancelled)


def _marked(raw: pl.DataFrame, marks: Mapping[str, Sequence[str]]) -> pl.Series:
    """Which rows have one of the values in one of the columns, whatever their case."""
    marked = pl.repeat(False, raw.height, dtype=pl.Boolean, eager=True)
    for column, values in marks.items():
        wanted = [value.strip().lower() for value in values]
        marked |= texts.text(raw[column], ()).str.to_lowercase().is_in(wanted).fill_null(False)
    return marked


def _discounted(raw: pl.DataFrame, mapping: ColumnMapping, decimal_comma: bool) -> pl.Series:
    discounted = pl.repeat(False, raw.height, dtype=pl.Boolean, eager=True)
    for column in mapping.discounts:
        amounts = numbers.number(raw[column], mapping.null_values, decimal_comma=decimal_comma).values
        discounted |= (amounts != 0).fill_null(False)
    return discounted
