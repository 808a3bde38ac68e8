"""How likely each product that a customer bought before is in the customer's next basket."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

HALF_LIFE_DAYS = 90
UNKNOWN_REPEAT_SHARE = 0.25
_UNIT = 2**20
_KEPT = ("customer_id", "product_id", "last_day")
CYCLE_COLUMNS = (*_KEPT, "gap_days")
"""What `next_basket` reads of the cycles."""


def next_basket(cycles: pl.DataFrame, repeat_shares: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """One row per row of `cycles`, in its order: its key and last_day, `weight` and `basket_score`.

    `weight` is the number of purchase days, each halved for every 90 days of age. The score is the share of the
    customer's shopping days (weighed in the same way) on which the product was bought, times the share of the
    product's purchases in the shop that are repetitions (`repeat_shares`: product_id, repeat_share; a quarter where it
    is unknown): high for products bought often and recently, of a kind that people buy again.
    """
    row, age, worth = _worth(cycles, as_of)
    weight = _added_up(row, worth, cycles.height)
    shopping_days = (
        cycles.select("customer_id")[row]
        .with_columns(age=pl.Series(age), worth=pl.Series(worth))
        .unique()
        .group_by("customer_id")
        .agg(pl.col("worth").sum().alias("shopping_weight"))
    )
    joined = (
        cycles.select(*_KEPT, weight=pl.Series(weight))
        .join(shopping_days, on="customer_id", how="left", maintain_order="left")
        .join(repeat_shares, on="product_id", how="left", maintain_order="left")
        .select(
            *_KEPT,
            "shopping_weight",
            weight=pl.col("weight") / _UNIT,
            repeat_share=pl.col("repeat_share").fill_null(UNKNOWN_REPEAT_SHARE),
        )
    )
    # Divided by numpy: the last bit of a division by polars may change with the number of rows.
    share_of_days = weight / joined["shopping_weight"].clip(1).to_numpy()
    return joined.drop("shopping_weight", "repeat_share").with_columns(
        basket_score=pl.Series(share_of_days * joined["repeat_share"].to_numpy())
    )


def purchase_weights(cycles: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """The rows of `cycles` without their gaps, in their order, with the `weight` of `next_basket`."""
    row, _, worth = _worth(cycles, as_of)
    weight = _added_up(row, worth, cycles.height)
    return cycles.drop("gap_days").with_columns(weight=pl.Series(weight) / _UNIT)


def _worth(cycles: pl.DataFrame, as_of: date) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The row, the age and the fixed-point worth of every purchase day."""
    row, age = _purchase_ages(cycles, as_of)
    return row, age, np.rint(np.exp2(-age / HALF_LIFE_DAYS) * _UNIT).astype(np.int64)


def _added_up(row: np.ndarray, worth: np.ndarray, rows: int) -> np.ndarray:
    # Sums of whole numbers below 2 ** 53, which float64 adds up exactly.
    return np.bincount(row, worth, rows).astype(np.int64)


def _purchase_ages(cycles: pl.DataFrame, as_of: date) -> tuple[np.ndarray, np.ndarray]:
    """The row and the age in days at `as_of` of every purchase day in the last days and the kept gaps."""
    gaps = cycles["gap_days"].list.len().to_numpy().astype(np.int64)
    ends = np.cumsum(gaps)
    before = np.concatenate(
        [[0], np.cumsum(cycles["gap_days"].explode(empty_as_null=False).to_numpy().astype(np.int64))]
    )
    last_age = cycles.select((pl.lit(as_of) - pl.col("last_day")).dt.total_days()).to_series().to_numpy()
    earlier = np.repeat(np.arange(cycles.height), gaps)
    since_last = before[ends[earlier]] - before[:-1]
    row = np.concatenate([np.arange(cycles.height), earlier])
    return row, np.concatenate([last_age, last_age[earlier] + since_last])
