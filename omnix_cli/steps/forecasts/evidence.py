"""What is known about a customer and a product on the day of a forecast: their own cycle, and the rhythms of the
product, its category and the whole shop."""

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
QUANTITY_PRIOR = 5.0
"""So much squared deviation of log quantities that stands for the level above, or the product, in a slope."""
LEAST_SLOPE = 0.5
"""Below such a slope, gaps do not follow the quantity: six times as much would last less than two and a half times as
long. Dates moved by smaller slopes were no better on Complete Journey as of 2017-10-01, where slopes are about 0.1."""
_FIRST_GUESS = {"mean_log_gap": log(30), "daily_rate": 1 / 365, "quantity_slope": 0.0}
OWN_PRIOR_GAPS = 3.0
PRIOR_SPREAD = 1.0
CUSTOMER_PRIOR_GAPS = 10.0
OWN_PRIOR_REPEATS = 2.0
_SHARED = (
    *("gaps", "mean_log_gap", "daily_rate", "repeaters", "recency_weight"),
    *("pairs", "customers", "typical_gap_days", "quantity_slope", "typical_quantity", "buyers_7d", "buyers_28d"),
)


def shrunk(mean: pl.Expr, count: pl.Expr, prior: pl.Expr, strength: float) -> pl.Expr:
    """(count * mean + strength * prior) / (count + strength)."""
    return (mean * count + prior * strength) / (count + strength)


def shared_rhythms(cycles: pl.LazyFrame, products: pl.LazyFrame, *, as_of: date) -> pl.DataFrame:
    """The frame `rhythms`: each level shrunk toward the one above it, the top toward a gap of 30 days.

    Log gaps: `shrunk` with strength 10 gaps for a product, 20 for a category. Slope: a regression of log gaps on log
    quantities within each pair, with a ridge of strength 5 toward the slope of the level above. Daily rate:
    (repeats + 2) / (days since the first purchases + 2 / rate above), so that a product without repeat purchases keeps
    a small rate.
    """
    category_of = products.select("product_id", "category")
    text = pl.col("product_id", "category").cast(pl.String)
    sums = _totals(cycles, as_of).join(category_of, on="product_id", how="left").with_columns(text).collect()
    if sums.is_empty():
        return schemas.FRAMES["rhythms"].empty()
    pairs = cycles.select("customer_id", "product_id", "occasions").join(category_of, on="product_id", how="left")
    top = _level("global", pl.lit(""), sums, _buyers(pairs, pl.lit("")), pl.DataFrame(_FIRST_GUESS), 1.0)
    guess, in_category = top.select(*_FIRST_GUESS), pl.col("category")
    category = _level("category", in_category, sums, _buyers(pairs, in_category), guess, CATEGORY_PRIOR_GAPS)
    above = sums.select("category", key="product_id").join(
        category.select(*_FIRST_GUESS, category="key"), on="category", how="left"
    )
    above = above.with_columns(pl.col(column).fill_null(top[column].item()) for column in _FIRST_GUESS)
    buyers = sums.select(key="product_id", customers="pairs", repeaters="repeating_pairs")
    product = _level("product", pl.col("product_id"), sums, buyers, above, PRODUCT_PRIOR_GAPS)
    frame = pl.concat([top, category, product]).with_columns(pl.col("level").cast(pl.Enum(schemas.RHYTHM_LEVELS)))
    return schemas.FRAMES["rhythms"].conform(frame.sort("level", "key"))


def _totals(cycles: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Whole-number sums per product, so that categories are exact sums whatever the order."""
    gaps = pl.col("occasions").cast(pl.Int64) - 1
    log_sum, age = (pl.col("mean_log_gap") * gaps).fill_null(0.0), _days_since("last_day", as_of)
    return cycles.group_by("product_id").agg(
        pl.len().cast(pl.Int64).alias("pairs"),
        gaps.sum().alias("gaps"),
        (gaps > 0).sum().cast(pl.Int64).alias("repeating_pairs"),
        (pl.col("purchase_days").cast(pl.Int64) - 1).sum().alias("repeats"),
        fixed_point(pl.col("quantity_square").fill_null(0.0)).sum().alias("quantity_square"),
        fixed_point(pl.col("quantity_gap_product").fill_null(0.0)).sum().alias("quantity_gap_product"),
        fixed_point(log_sum).sum().alias("log_sum"),
        _days_since("first_day", as_of).sum().alias("exposure"),
        fixed_point(pl.col("recency_weight")).sum().alias("recency_sum"),
        fixed_point(pl.col("typical_quantity")).sum().alias("quantity_sum"),
        *((age <= days).sum().cast(pl.Int64).alias(f"buyers_{days}d") for days in RECENT_DAYS),
        pl.col("last_day").max(),
    )


def _buyers(pairs: pl.LazyFrame, key: pl.Expr) -> pl.DataFrame:
    """The customers of each key, and the repeaters among them, who bought something of the key again."""
    known = pairs.select("customer_id", "occasions", key=key).drop_nulls()
    most = known.group_by("key", "customer_id").agg(pl.col("occasions").max())
    counts = most.group_by("key").agg(pl.len().alias("customers"), (pl.col("occasions") > 1).sum().alias("repeaters"))
    return counts.with_columns(pl.col("key").cast(pl.String)).collect()


def _level(
    level: str, key: pl.Expr, sums: pl.DataFrame, buyers: pl.DataFrame, above: pl.DataFrame, strength: float
) -> pl.DataFrame:
    """The statistics of one level, by `key`; `above` has those of the level above, per key or for all."""
    totals = sums.group_by(key.alias("key")).agg(pl.col(pl.Int64).sum(), pl.col("last_day").max()).drop_nulls("key")
    joined = totals.join(above, on="key", how="left") if "key" in above.columns else totals.join(above, how="cross")
    log_sum, gaps = from_fixed_point(pl.col("log_sum")), pl.col("gaps")
    return joined.join(buyers, on="key", how="left").select(
        "key",
        "pairs",
        "gaps",
        "last_day",
        pl.col("customers", "repeaters").cast(pl.Int64),
        *(f"buyers_{days}d" for days in RECENT_DAYS),
        level=pl.lit(level),
        mean_log_gap=(log_sum + pl.col("mean_log_gap") * strength) / (gaps + strength),
        typical_gap_days=pl.when(gaps > 0).then((log_sum / gaps).exp()),
        quantity_slope=(
            (from_fixed_point(pl.col("quantity_gap_product")) + QUANTITY_PRIOR * pl.col("quantity_slope"))
            / (from_fixed_point(pl.col("quantity_square")) + QUANTITY_PRIOR)
        ),
        daily_rate=(pl.col("repeats") + PRIOR_REPEATS) / (pl.col("exposure") + PRIOR_REPEATS / pl.col("daily_rate")),
        recency_weight=from_fixed_point(pl.col("recency_sum")),
        typical_quantity=from_fixed_point(pl.col("quantity_sum")) / pl.col("pairs"),
    )


def evidence(
    cycles: pl.LazyFrame, rhythms: pl.LazyFrame, products: pl.LazyFrame, *, as_of: date, personal_purchases: int
) -> pl.LazyFrame:
    """The cycles in their order, joined with the rhythms of the product and its category, and derived columns.

    - `own_gaps`: the gaps that count as a personal rhythm, 0 below `personal_purchases` occasions;
    - `product_log_gap`, `customer_log_gap`: typical log gap of the product and of the customer, shrunk to the global;
    - `own_log_gap` = (own_gaps * own mean + 3 * product_log_gap) / (own_gaps + 3);
    - `own_spread` = (own_gaps * variance of the own log gaps + 3 * 1) / (own_gaps + 3): small for a steady rhythm;
    - `quantity_shift`: what the quantity bought last adds to the log gap: the slope of the pair, drawn to that of the
      product, at most 1 and 0 below 0.5, times the log of the quantity over the usual one of the pair (or product);
    - `base_rate` = (repeats + 2) / (days since the first purchase + 2 / the product's daily rate): the posterior mean
      of a gamma-Poisson model whose prior is the product's rate;
    - `elapsed_days` since the last purchase, `visit_days` since the customer's last visit, `sold_days` since anybody
      bought the product, `history_days` of the customer.
    """
    repeats, gaps = pl.col("purchase_days") - 1, pl.col("occasions") - 1
    customer_gaps = pl.col("customer_purchase_days") - pl.col("customer_products")
    customer_mean, own_mean = pl.col("customer_mean_log_gap").fill_null(0.0), pl.col("mean_log_gap").fill_null(0.0)
    own_variance = pl.col("std_log_gap").fill_null(0.0) ** 2 * (1.0 - 1.0 / pl.max_horizontal(gaps, 1))
    exposed = _days_since("first_day", as_of) + OWN_PRIOR_REPEATS / _nearest("daily_rate")
    return (
        _with_rhythms(cycles, rhythms, products)
        .with_columns(
            pl.when(pl.col("occasions") >= personal_purchases).then(gaps).otherwise(0).alias("own_gaps"),
            _quantity_shift().alias("quantity_shift"),
            _nearest("mean_log_gap").alias("product_log_gap"),
            shrunk(customer_mean, customer_gaps, pl.col("mean_log_gap_global"), CUSTOMER_PRIOR_GAPS).alias(
                "customer_log_gap"
            ),
            ((repeats + OWN_PRIOR_REPEATS) / exposed).alias("base_rate"),
            _days_since("last_day", as_of).alias("elapsed_days"),
            _days_since("customer_last_day", as_of).alias("visit_days"),
            _days_since("customer_first_day", as_of).alias("history_days"),
            pl.coalesce(_days_since("last_day_product", as_of), _days_since("last_day", as_of)).alias("sold_days"),
            (_nearest("recency_weight") / _nearest("pairs")).alias("product_recency"),
            _nearest("typical_quantity").alias("product_quantity"),
            pl.col("buyers_7d_product", "buyers_28d_product").fill_null(0),
        )
        .with_columns(
            shrunk(own_mean, pl.col("own_gaps"), pl.col("product_log_gap"), OWN_PRIOR_GAPS).alias("own_log_gap"),
            shrunk(own_variance, pl.col("own_gaps"), pl.lit(PRIOR_SPREAD), OWN_PRIOR_GAPS).alias("own_spread"),
        )
        .select(pl.exclude("^.*_global$"))
    )


def _quantity_shift() -> pl.Expr:
    square, product = (pl.col(f"quantity_{name}").fill_null(0.0) for name in ("square", "gap_product"))
    slope = (product + QUANTITY_PRIOR * _nearest("quantity_slope")) / (square + QUANTITY_PRIOR)
    usual = pl.col("mean_log_quantity").fill_null(_nearest("typical_quantity").log())
    follows = pl.when(slope >= LEAST_SLOPE).then(slope.clip(0.0, 1.0)).otherwise(0.0)
    return follows * (pl.col("last_quantity").log() - usual)


def _with_rhythms(cycles: pl.LazyFrame, rhythms: pl.LazyFrame, products: pl.LazyFrame) -> pl.LazyFrame:
    """The cycles with the rhythms of each level, marked `_product`, `_category` and `_global`."""
    everything = rhythms.filter(pl.col("level") == "global").select(pl.col(*_SHARED).name.suffix("_global"))
    return (
        cycles.join(products.select("product_id", "category"), on="product_id", how="left", maintain_order="left")
        .join(_of_level(rhythms, "product", "product_id"), on="product_id", how="left", maintain_order="left")
        .join(_of_level(rhythms, "category", "category"), on="category", how="left", maintain_order="left")
        .join(everything, how="cross", maintain_order="left")
    )


def _of_level(rhythms: pl.LazyFrame, level: str, key: str) -> pl.LazyFrame:
    """The rhythms of one level, their columns marked with it, under the name of the key in the cycles."""
    columns = pl.col(*_SHARED, "last_day").name.suffix(f"_{level}")
    return rhythms.filter(pl.col("level") == level).select(pl.col("key").alias(key), columns)


def _nearest(column: str) -> pl.Expr:
    """The product's value, else the category's, else the global one."""
    return pl.coalesce(f"{column}_product", f"{column}_category", f"{column}_global")


def _days_since(column: str, as_of: date) -> pl.Expr:
    return (pl.lit(as_of) - pl.col(column)).dt.total_days()
