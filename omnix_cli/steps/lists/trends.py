"""Trends: the customers of a recent window compared with those of the window before."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

SHRINK_CUSTOMERS = 10
INTEREST_WEIGHT = 0.25
_PAIR = ["product_id", "customer_id"]


def trending(days: pl.LazyFrame, interactions: pl.LazyFrame, *, as_of: date, window_days: int) -> pl.DataFrame:
    """Products that rose faster than the shop in the last `window_days` days, with the counts behind it.

    The demand d of a product in a window is the number of its distinct customers plus a quarter of the customers who
    only showed interest. Had the product moved with the shop, its recent demand would be e = d(before) * growth, with
    separate growth rates for purchases and for interest. The score is (d - e) / (d + 10): the share of the
    recent demand above that, shrunk for few customers; only rises are kept. Nothing
    trends while the window before is empty.
    """
    bought = _by_window(days.select(*_PAIR, day="purchase_day"), as_of, window_days)
    wanted = interactions.filter(pl.col("interaction_type") != "remove_from_cart").select(*_PAIR, day="interaction_day")
    interested = _by_window(wanted, as_of, window_days).join(bought, on=[*_PAIR, "window"], how="anti")
    counts = (
        _counts(bought, "customers")
        .join(_counts(interested, "interested"), on="product_id", how="full", coalesce=True)
        .fill_null(0)
        .collect(engine="streaming")
    )
    recent = pl.col("customers") + INTEREST_WEIGHT * pl.col("interested")
    expected = pl.col("customers_before") * _growth("customers") + INTEREST_WEIGHT * pl.col(
        "interested_before"
    ) * _growth("interested")
    return (
        counts.filter(pl.col("customers_before").sum() > 0)
        .with_columns(
            kind=pl.lit("trending"),
            scope=pl.lit("all"),
            score=(recent - expected) / (recent + SHRINK_CUSTOMERS),
        )
        .filter(pl.col("customers") > 0, pl.col("score") > 0)
    )


def _by_window(events: pl.LazyFrame, as_of: date, window_days: int) -> pl.LazyFrame:
    """Each customer and product once per window: 0 is the recent one, 1 the one before."""
    age = (pl.lit(as_of) - pl.col("day")).dt.total_days()
    return (
        events.filter(pl.col("day") < as_of, pl.col("day") >= as_of - timedelta(days=2 * window_days))
        .select(*_PAIR, window=(age - 1) // window_days)
        .unique()
    )


def _counts(events: pl.LazyFrame, name: str) -> pl.LazyFrame:
    recent = (pl.col("window") == 0).sum().cast(pl.Int64)
    return events.group_by("product_id").agg(
        recent.alias(name), (pl.len().cast(pl.Int64) - recent).alias(f"{name}_before")
    )


def _growth(count: str) -> pl.Expr:
    """The shop's growth from one window to the next; 1 where the window before is empty."""
    before = pl.col(f"{count}_before").sum()
    return pl.when(before > 0).then(pl.col(count).sum() / before).otherwise(1.0)
