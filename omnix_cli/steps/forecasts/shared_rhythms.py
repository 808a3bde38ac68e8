"""The rhythms of products, of categories and of the whole shop: the forecast for a pair with little history."""

from __future__ import annotations

from datetime import date
from math import log

import polars as pl

from omnix_cli import schemas
from omnix_cli.steps.cycles import fixed_point, from_fixed_point

PRODUCT_PRIOR_GAPS = 10.0
CATEGORY_PRIOR_GAPS = 20.0
PRIOR_REPEATS = 2.0
RECENT_DAYS = (7, 28)
_FIRST_GUESS = {"mean_log_gap": log(30), "daily_rate": 1 / 365}


def shrunk(mean: pl.Expr, count: pl.Expr, prior: pl.Expr, strength: float) -> pl.Expr:
    """(count * mean + strength * prior) / (count + strength)."""
    return (mean * count + prior * strength) / (count + strength)


def shared_rhythms(cycles: pl.LazyFrame, products: pl.LazyFrame, *, as_of: date) -> pl.DataFrame:
    """The frame `rhythms`: each level shrunk toward the one above it, the top toward a gap of 30 days.

    Log gaps: `shrunk` with strength 10 gaps for a product, 20 for a category. Daily rate: (repeats + 2) /
    (days since the first purchases + 2 / rate above), so that a product without repeat purchases keeps a small rate.
    """
    category_of = products.select("product_id", "category")
    sums = _totals(cycles, as_of).join(category_of, on="product_id", how="left").collect(engine="streaming")
    if sums.is_empty():
        return schemas.FRAMES["rhythms"].empty()
    by_category = sums.filter(pl.col("category").is_not_null())
    repeats = cycles.filter(pl.col("purchase_days") > 1).join(category_of, on="product_id", how="left")
    top = _shrink(_add_up(sums, pl.lit("")), pl.DataFrame(_FIRST_GUESS), 1.0)
    category = _shrink(_add_up(by_category, pl.col("category")), top.drop("key"), CATEGORY_PRIOR_GAPS)
    above = sums.select(pl.col("product_id").alias("key"), "category").join(
        category.select(pl.col("key").alias("category"), *_FIRST_GUESS), on="category", how="left"
    )
    above = above.with_columns(pl.col(column).fill_null(top[column].item()) for column in _FIRST_GUESS)
    product = _shrink(_add_up(sums, pl.col("product_id")), above.drop("category"), PRODUCT_PRIOR_GAPS)
    top, category, product = (
        level.join(_repeaters(repeats, key), on="key", how="left").with_columns(pl.col("repeaters").fill_null(0))
        for level, key in ((top, pl.lit("")), (category, pl.col("category")), (product, pl.col("product_id")))
    )
    levels = (("global", top), ("category", category), ("product", product))
    frame = pl.concat(level.with_columns(pl.lit(name).alias("level")) for name, level in levels)
    named = frame.with_columns(pl.col("level").cast(pl.Enum(schemas.RHYTHM_LEVELS)))
    return schemas.FRAMES["rhythms"].conform(named.sort("level", "key"))


def _totals(cycles: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Whole-number sums per product, so that categories are exact sums whatever the order."""
    gaps = pl.col("purchase_days").cast(pl.Int64) - 1
    log_sum = (pl.col("mean_log_gap") * gaps).fill_null(0.0)
    days_since = (pl.lit(as_of) - pl.col("last_day")).dt.total_days()
    return cycles.group_by("product_id").agg(
        pl.len().cast(pl.Int64).alias("pairs"),
        gaps.sum().alias("gaps"),
        fixed_point(log_sum).sum().alias("log_sum"),
        (pl.lit(as_of) - pl.col("first_day")).dt.total_days().sum().alias("exposure"),
        fixed_point(pl.col("recency_weight")).sum().alias("recency_sum"),
        fixed_point(pl.col("typical_quantity")).sum().alias("quantity_sum"),
        *((days_since <= days).sum().cast(pl.Int64).alias(f"buyers_{days}d") for days in RECENT_DAYS),
        pl.col("last_day").max(),
    )


def _add_up(sums: pl.DataFrame, key: pl.Expr) -> pl.DataFrame:
    return sums.group_by(key.alias("key")).agg(pl.col(pl.Int64).sum(), pl.col("last_day").max())


def _repeaters(repeats: pl.LazyFrame, key: pl.Expr) -> pl.DataFrame:
    """The number of different customers behind the repeats of each key."""
    named = repeats.select(key.alias("key"), "customer_id").drop_nulls()
    return named.group_by("key").agg(pl.col("customer_id").n_unique().alias("repeaters")).collect(engine="streaming")


def _shrink(sums: pl.DataFrame, above: pl.DataFrame, strength: float) -> pl.DataFrame:
    """The statistics of `schemas.Rhythms` from the sums; `above` has the level above, per `key` or for all."""
    prior = above.select(pl.selectors.by_name("key", require_all=False), pl.col(*_FIRST_GUESS).name.prefix("prior_"))
    joined = sums.join(prior, on="key", how="left") if "key" in prior.columns else sums.join(prior, how="cross")
    log_sum, gaps = from_fixed_point(pl.col("log_sum")), pl.col("gaps")
    return joined.select(
        "key",
        "pairs",
        "gaps",
        ((log_sum + pl.col("prior_mean_log_gap") * strength) / (gaps + strength)).alias("mean_log_gap"),
        ((gaps + PRIOR_REPEATS) / (pl.col("exposure") + PRIOR_REPEATS / pl.col("prior_daily_rate"))).alias(
            "daily_rate"
        ),
        from_fixed_point(pl.col("recency_sum")).alias("recency_weight"),
        (from_fixed_point(pl.col("quantity_sum")) / pl.col("pairs")).alias("typical_quantity"),
        *(f"buyers_{days}d" for days in RECENT_DAYS),
        "last_day",
    )
