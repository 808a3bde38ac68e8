"""What the boosted trees read: columns of `steps.forecasts.evidence` and of the latest purchases of a pair."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.steps.cycles import burst_days, fixed_point, from_fixed_point

Floats = npt.NDArray[np.float64]
_PAIR = ["customer_id", "product_id"]
_DECAYS = (10, 25)

INTERVAL = {
    "own": pl.col("own_log_gap"),
    "own_spread": pl.col("own_spread"),
    "own_gaps": pl.col("own_gaps"),
    "product": pl.col("product_log_gap"),
    "customer": pl.col("customer_log_gap"),
    "last_gap": pl.col("last_log_gap"),
    "gap_before": pl.col("log_gap_before"),
    "longest_gap": pl.col("longest_log_gap"),
    "mean_gap": pl.col("mean_gap_days"),
    "category": pl.col("mean_log_gap_category"),
    "visit_rate": pl.col("customer_shopping_days") / (pl.col("history_days") + 7),
    "repetition": pl.col("customer_purchase_days") / pl.col("customer_products"),
    "product_rate": pl.col("daily_rate_product"),
    "product_pairs": pl.col("pairs_product"),
    "product_repeaters": pl.col("repeaters_product"),
}
"""The log gap after a purchase, from what was known on that day."""

CHANCE = {
    **{
        name: pl.col(name)
        for name in (
            *("purchase_days", "recency_weight", "base_rate", "elapsed_days", "own_log_gap", "own_spread"),
            *("product_log_gap", "customer_log_gap", "visit_days", "sold_days", "history_days", "product_recency"),
            *("customer_recent_shopping_days", "customer_weight", "longest_log_gap"),
            *("daily_rate_product", "daily_rate_category", "pairs_product", "buyers_7d_product", "buyers_28d_product"),
            *("category_purchase_days", "category_weight", "category_days"),
            *(f"decayed_{days}d" for days in _DECAYS),
        )
    },
    "lateness": (pl.col("elapsed_days") + 0.5).log() - pl.col("own_log_gap"),
    "visit_rate": pl.col("customer_shopping_days") / (pl.col("history_days") + 7),
    "repetition": pl.col("customer_purchase_days") / pl.col("customer_products"),
    "share_of_days": pl.col("purchase_days") / pl.col("customer_shopping_days"),
    "product_trend": (pl.col("buyers_7d_product") + 1) / (pl.col("buyers_28d_product") + 4),
    "product_share": pl.col("buyers_28d_product") / pl.col("pairs_product"),
}
"""A purchase within 14 days, from what is known on the day of the forecast."""


def columns_of(frame: pl.DataFrame, features: dict[str, pl.Expr]) -> dict[str, Floats]:
    """The features of the rows, NaN where nothing is known, in single precision: the last bits of a quotient vary."""
    chosen = frame.select(
        expression.cast(pl.Float32).cast(pl.Float64).fill_null(np.nan).alias(name)
        for name, expression in features.items()
    )
    return {name: chosen[name].to_numpy() for name in chosen.columns}


def with_customer_habits(pairs: pl.LazyFrame, cycles: pl.LazyFrame, products: pl.LazyFrame) -> pl.LazyFrame:
    """Some of the `cycles` with what the customer buys over all products (`customer_weight`) and in the product's
    category: `category_purchase_days`, `category_weight`, `category_last_day`."""
    categories = products.select("product_id", "category")
    habits = (
        cycles.join(categories, on="product_id", how="left")
        .group_by("customer_id", "category")
        .agg(
            fixed_point(pl.col("recency_weight")).sum().alias("weight"),
            pl.col("purchase_days").sum().alias("category_purchase_days"),
            pl.col("last_day").max().alias("category_last_day"),
        )
        .with_columns(
            from_fixed_point(pl.col("weight")).alias("category_weight"),
            from_fixed_point(pl.col("weight").sum().over("customer_id")).alias("customer_weight"),
        )
        .drop("weight")
    )
    return (
        pairs.join(categories, on="product_id", how="left", maintain_order="left")
        .join(habits, on=["customer_id", "category"], how="left", nulls_equal=True, maintain_order="left")
        .drop("category")
    )


def with_latest_purchases(past: pl.LazyFrame, *, as_of: date) -> pl.DataFrame:
    """The evidence with decayed counts of the purchase days (`decayed_*d`, sums of exp(-age / days)), the last two gaps
    between occasions (`last_log_gap`, `log_gap_before`), the longest one, and the days since the last purchase in the
    category (`category_days`).

    Needs the columns of `with_customer_habits`. Without `gap_days`, which are many."""
    evidence = past.with_row_index("row").collect()
    reversed_gaps = pl.col("gap_days").cast(pl.List(pl.Int64)).list.reverse()
    ages = pl.concat_list(pl.col("elapsed_days").cast(pl.Int64), reversed_gaps)
    days = (
        evidence.select("row", ages.alias("age"))
        .explode("age", empty_as_null=False, keep_nulls=False)
        .with_columns(pl.col("age").cum_sum().over("row"))
    )
    counts = days.group_by("row", maintain_order=True).agg(
        *(
            from_fixed_point(fixed_point((-pl.col("age") / decay).exp()).sum()).alias(f"decayed_{decay}d")
            for decay in _DECAYS
        ),
    )
    gaps = (
        evidence.select("row", "gap_days", burst_days(pl.col("mean_gap_days")).alias("burst"))
        .explode("gap_days", empty_as_null=False, keep_nulls=False)
        .filter(pl.col("gap_days") > pl.col("burst"))
        .group_by("row", maintain_order=True)
        .agg(
            pl.col("gap_days").last().cast(pl.Float64).log().alias("last_log_gap"),
            pl.col("gap_days").slice(-2, 1).filter(pl.len() > 1).first().cast(pl.Float64).log().alias("log_gap_before"),
            pl.col("gap_days").max().cast(pl.Float64).log().alias("longest_log_gap"),
        )
    )
    known = evidence.drop("gap_days").with_columns(
        category_days=(pl.lit(as_of) - pl.col("category_last_day")).dt.total_days()
    )
    return (
        known.join(counts, on="row", how="left", maintain_order="left")
        .join(gaps, on="row", how="left", maintain_order="left")
        .drop("row")
    )
