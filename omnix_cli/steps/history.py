"""The purchase history that a run may use: the lines of earlier days, without cancelled and returned units."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

_PAIR = ["customer_id", "product_id"]
ANONYMOUS = "anonymous#"
"""How the customer id of an order begins that no customer is known for; the order id follows."""
SEEN_COLUMNS = [*_PAIR, "purchase_id", "purchased_at", "purchase_day", "quantity", "total_price", "kind"]
"""The columns that `seen` reads."""


def seen(purchases: pl.LazyFrame, *, as_of: date) -> pl.LazyFrame:
    """The purchase lines of days before `as_of`, without cancellations and returns, in no particular order.

    A return removes units from earlier lines of the same customer and product, newest first. A line without units left
    is removed; one with fewer units keeps its total price in proportion. The columns are those of `schemas.Purchases`;
    `kind` is always `purchase`.
    """
    known = purchases.filter(pl.col("purchase_day") < as_of, pl.col("kind") != "cancelled")
    sold = known.filter(pl.col("kind") == "purchase")
    # Computed here, since most histories have no return: then nothing is joined, and no column is needed for it.
    returned = known.filter(pl.col("kind") == "return").select(*_PAIR).unique().collect()
    if returned.is_empty():
        return sold
    touched = known.join(returned.lazy(), on=_PAIR, how="semi").map_batches(
        settle_returns, predicate_pushdown=False, projection_pushdown=False, slice_pushdown=False
    )
    return pl.concat([sold.join(returned.lazy(), on=_PAIR, how="anti"), touched])


def of_customers(purchases: pl.LazyFrame) -> pl.LazyFrame:
    """The lines of known customers, without those of anonymous orders."""
    return purchases.filter(~pl.col("customer_id").str.starts_with(ANONYMOUS))


def settle_returns(lines: pl.DataFrame) -> pl.DataFrame:
    """The purchase lines with the units that are left after all returns."""
    ordered = lines.sort(*_PAIR, "purchased_at", pl.col("kind").cast(pl.String), "purchase_id")
    pair = ordered.select(pl.struct(_PAIR).rle_id()).to_series().to_numpy()
    is_return = (ordered["kind"] == "return").to_numpy()
    left = ordered["quantity"].to_numpy().copy()
    open_lines: list[int] = []
    for row in range(len(left)):
        if row and pair[row] != pair[row - 1]:
            open_lines.clear()
        if not is_return[row]:
            open_lines.append(row)
            continue
        while left[row] > 0 and open_lines:
            taken = min(left[row], left[open_lines[-1]])
            left[row] -= taken
            left[open_lines[-1]] -= taken
            if left[open_lines[-1]] <= 0:
                open_lines.pop()
    share = pl.Series("share", np.divide(left, ordered["quantity"].to_numpy()))
    return (
        ordered.with_columns(
            pl.Series("quantity", left),
            (pl.col("total_price").cast(pl.Float64) * share).round(2).cast(ordered.schema["total_price"]),
        )
        .filter(~pl.Series(is_return), pl.Series(left) > 0)
        .select(lines.columns)
    )
