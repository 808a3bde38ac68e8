"""What is known about a customer and a product on the day of a forecast: their own cycle and the shared rhythms."""

from __future__ import annotations

from datetime import date

import polars as pl

from omnix_cli.steps.forecasts.shared_rhythms import shrunk

OWN_PRIOR_GAPS = 3.0
PRIOR_SPREAD = 1.0
CUSTOMER_PRIOR_GAPS = 10.0
OWN_PRIOR_REPEATS = 2.0
_SHARED = (
    "gaps",
    "mean_log_gap",
    "daily_rate",
    "repeaters",
    "recency_weight",
    "pairs",
    "typical_quantity",
    "buyers_7d",
    "buyers_28d",
)


def evidence(
    cycles: pl.LazyFrame, rhythms: pl.LazyFrame, products: pl.LazyFrame, *, as_of: date, personal_purchases: int
) -> pl.LazyFrame:
    """The cycles, joined with the rhythms of the product, its category and the whole shop, and derived columns.

    - `own_gaps`: the gaps that count as a personal rhythm, 0 below `personal_purchases` purchase days;
    - `product_log_gap`, `customer_log_gap`: typical log gap of the product and of the customer, shrunk to the global;
    - `own_log_gap` = (own_gaps * own mean + 3 * product_log_gap) / (own_gaps + 3);
    - `own_spread` = (own_gaps * variance of the own log gaps + 3 * 1) / (own_gaps + 3): small for a steady rhythm;
    - `base_rate` = (repeats + 2) / (days since the first purchase + 2 / the product's daily rate): the posterior mean
      of a gamma-Poisson model whose prior is the product's rate;
    - `elapsed_days` since the last purchase, `visit_days` since the customer's last visit, `sold_days` since anybody
      bought the product, `history_days` of the customer.
    """
    repeats = pl.col("purchase_days") - 1
    customer_gaps = pl.col("customer_purchase_days") - pl.col("customer_products")
    customer_mean, everyone = pl.col("customer_mean_log_gap").fill_null(0.0), pl.col("mean_log_gap_global")
    own_mean, product_mean = pl.col("mean_log_gap").fill_null(0.0), pl.col("product_log_gap")
    own_variance = pl.col("std_log_gap").fill_null(0.0) ** 2 * (1.0 - 1.0 / pl.max_horizontal(repeats, 1))
    exposed = _days_since("first_day", as_of) + OWN_PRIOR_REPEATS / _nearest("daily_rate")
    return (
        _with_rhythms(cycles, rhythms, products)
        .with_columns(
            pl.when(pl.col("purchase_days") >= personal_purchases).then(repeats).otherwise(0).alias("own_gaps"),
            _nearest("mean_log_gap").alias("product_log_gap"),
            shrunk(customer_mean, customer_gaps, everyone, CUSTOMER_PRIOR_GAPS).alias("customer_log_gap"),
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
            shrunk(own_mean, pl.col("own_gaps"), product_mean, OWN_PRIOR_GAPS).alias("own_log_gap"),
            shrunk(own_variance, pl.col("own_gaps"), pl.lit(PRIOR_SPREAD), OWN_PRIOR_GAPS).alias("own_spread"),
        )
        .sort("customer_id", "product_id")
    )


def _with_rhythms(cycles: pl.LazyFrame, rhythms: pl.LazyFrame, products: pl.LazyFrame) -> pl.LazyFrame:
    """The cycles with the rhythms of each level, marked `_product`, `_category` and `_global`."""
    everything = rhythms.filter(pl.col("level") == "global").select(pl.col(*_SHARED).name.suffix("_global"))
    return (
        cycles.join(products.select("product_id", "category"), on="product_id", how="left")
        .join(_of_level(rhythms, "product", "product_id"), on="product_id", how="left")
        .join(_of_level(rhythms, "category", "category"), on="category", how="left")
        .join(everything, how="cross")
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
