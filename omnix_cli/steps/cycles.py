"""The purchase cycle of every customer and product: purchase days, the gaps between them, quantities, recency.

A burst is a run of purchase days close to each other: a house that is being painted, a party. It is one occasion to
buy: the days between the tins of paint say nothing about when paint is needed again.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl

from omnix_cli import schemas
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.steps.history import ANONYMOUS, of_customers, seen

KEPT_GAPS = 24
RECENCY_DAYS = 60
RECENT_DAYS = 28
BURST_SHARE = 0.2
MAX_BURST_DAYS = 3.0
MIN_MEAN_GAP_DAYS = 3.0
_MOST_SPENT = Decimal("9999999999999999.99")  # what the column holds
_PAIR = ["customer_id", "product_id"]
_UNIT = 2**20  # floats are summed as whole multiples of 2**-20, so that the sums do not depend on the order of rows


def cycles(purchases: pl.LazyFrame, *, as_of: date) -> StepOutput:
    """One row per customer and product bought before `as_of`, with the statistics of its purchase days.

    A purchase day is a day on which anything of the product was kept after returns; a gap is the number of days
    between two consecutive ones. Purchase days at most `burst_days` apart are one occasion, and the statistics of gaps
    are about the gaps between occasions. `recency_weight` is the sum of exp(-age / 60) over the purchase days, `age` in
    days at `as_of`: old purchases count less. Lines of anonymous orders are left out: an order is nobody's habit. The
    pairs of which nothing was kept are in the frame `returned`.
    """
    frame = schemas.FRAMES["cycles"].conform(pair_cycles(of_customers(purchases), as_of=as_of))
    anonymous = purchases.filter(pl.col("purchase_day") < as_of, pl.col("customer_id").str.starts_with(ANONYMOUS))
    left_out = anonymous.select(pl.len()).collect().item()
    repeated = int((frame["purchase_days"] > 1).sum())
    returned = _returned(of_customers(purchases), frame, as_of)
    return StepOutput(
        {"cycles": frame, "returned": returned}, {"repeated_pairs": repeated, "anonymous_lines_left_out": left_out}
    )


def _returned(purchases: pl.LazyFrame, cycles: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The pairs with a return and without a purchase day."""
    returns = purchases.filter(pl.col("purchase_day") < as_of, pl.col("kind") == "return").select(_PAIR).unique()
    return schemas.FRAMES["returned"].conform(returns.collect().join(cycles, on=_PAIR, how="anti").sort(_PAIR))


def pair_cycles(purchases: pl.LazyFrame, *, as_of: date) -> pl.DataFrame:
    """The rows of `cycles`, from any frame that has the columns of `schemas.Purchases` which they need."""
    days = _purchase_days(purchases, as_of)
    customers = _customer_habits(days, as_of)
    return _pair_rhythms(days, as_of).join(customers, on="customer_id", how="left").sort(_PAIR)


def burst_days(mean_gap_days: pl.Expr) -> pl.Expr:
    """The longest gap inside a burst: a fifth of the mean gap, from 1 to 3 days. A product bought every other day or
    more often has no bursts: its rhythm is that short."""
    longest = (BURST_SHARE * mean_gap_days).floor().clip(1.0, MAX_BURST_DAYS)
    return pl.when(mean_gap_days >= MIN_MEAN_GAP_DAYS).then(longest).otherwise(0.0)


def fixed_point(value: pl.Expr) -> pl.Expr:
    """The value as a whole number of 2**-20, whose sums do not depend on the order of the rows."""
    return (value * _UNIT).round().cast(pl.Int64)


def from_fixed_point(total: pl.Expr) -> pl.Expr:
    """A sum of `fixed_point` values as a float."""
    return total.cast(pl.Float64) / _UNIT


def _purchase_days(purchases: pl.LazyFrame, as_of: date) -> pl.DataFrame:
    """One row per customer, product and purchase day, sorted, with the gap to the purchase day before."""
    same_pair = (pl.col("customer_id") == pl.col("customer_id").shift()) & (
        pl.col("product_id") == pl.col("product_id").shift()
    )
    gap = pl.col("purchase_day").diff().dt.total_days().cast(pl.UInt16)
    return (
        seen(purchases, as_of=as_of)
        .group_by(*_PAIR, "purchase_day")
        .agg(
            from_fixed_point(fixed_point(pl.col("quantity")).sum()).alias("quantity"),
            pl.col("total_price").sum().alias("spend"),
            pl.col("total_price").count().alias("priced"),
        )
        .sort(*_PAIR, "purchase_day")
        .with_columns(pl.when(same_pair).then(gap).alias("gap"))
        .collect()
    )


def _pair_rhythms(days: pl.DataFrame, as_of: date) -> pl.DataFrame:
    age = (pl.lit(as_of) - pl.col("purchase_day")).dt.total_days()
    span = (pl.col("purchase_day").last() - pl.col("purchase_day").first()).dt.total_days()
    mean_gap = (span / (pl.len() - 1)).over(_PAIR)
    between = pl.when(pl.col("gap") > burst_days(mean_gap)).then("gap").cast(pl.Float64)
    log_gap, log_quantity = pl.col("between").log(), pl.col("quantity").log().shift()
    bought = pl.when(pl.col("between").is_not_null()).then(log_quantity)
    gaps = pl.col("gaps")
    sums = {
        name: from_fixed_point(pl.col(f"{name}_sum"))
        for name in ("log", "square", "bought", "bought_square", "product")
    }
    mean_log, mean_bought = sums["log"] / gaps, sums["bought"] / gaps
    variance = (sums["square"] - mean_log * sums["log"]) / (gaps - 1)
    return (
        days.lazy()
        .with_columns(between=between)
        .with_columns(
            fixed_point(log_gap).alias("log_gap"),
            fixed_point(log_gap**2).alias("square"),
            fixed_point(bought).alias("bought"),
            fixed_point(bought**2).alias("bought_square"),
            fixed_point(bought * log_gap).alias("product"),
            fixed_point((-age / RECENCY_DAYS).exp()).alias("weight"),
        )
        .group_by(_PAIR, maintain_order=True)
        .agg(
            pl.len().alias("purchase_days"),
            pl.col("purchase_day").first().alias("first_day"),
            pl.col("purchase_day").last().alias("last_day"),
            pl.col("gap").drop_nulls().tail(KEPT_GAPS).alias("gap_days"),
            pl.col("between").count().alias("gaps"),
            pl.col("between").median().alias("median_gap_days"),
            pl.col("between").quantile(0.25, "lower").alias("lower_gap_days"),
            pl.col("between").quantile(0.75, "higher").alias("upper_gap_days"),
            pl.col("log_gap").sum().alias("log_sum"),
            pl.col("square").sum().alias("square_sum"),
            pl.col("bought", "bought_square", "product").sum().name.suffix("_sum"),
            from_fixed_point(pl.col("weight").sum()).alias("recency_weight"),
            pl.col("quantity").median().alias("typical_quantity"),
            pl.col("quantity").last().alias("last_quantity"),
            pl.when(pl.col("priced").sum() > 0)
            .then(pl.col("spend").sum().clip(upper_bound=_MOST_SPENT))
            .alias("spend"),
        )
        .with_columns(
            (gaps + 1).alias("occasions"),
            pl.when(pl.col("purchase_days") > 1)
            .then((pl.col("last_day") - pl.col("first_day")).dt.total_days() / (pl.col("purchase_days") - 1))
            .alias("mean_gap_days"),
            pl.when(gaps > 0).then(mean_log).alias("mean_log_gap"),
            pl.when(gaps > 1).then(variance.clip(0).sqrt()).alias("std_log_gap"),
            pl.when(gaps > 0).then(mean_bought).alias("mean_log_quantity"),
            pl.when(gaps > 0)
            .then((sums["bought_square"] - mean_bought * sums["bought"]).clip(0))
            .alias("quantity_square"),
            pl.when(gaps > 0).then(sums["product"] - mean_bought * sums["log"]).alias("quantity_gap_product"),
        )
        .collect()
    )


def _customer_habits(days: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Per customer, over all products: how often they shop, how recently, and how much of it is repetition."""
    log_gap = fixed_point(pl.col("gap").cast(pl.Float64).log())
    recent = (pl.lit(as_of) - pl.col("purchase_day")).dt.total_days() <= RECENT_DAYS
    return (
        days.lazy()
        .group_by("customer_id")
        .agg(
            pl.col("purchase_day").n_unique().alias("customer_shopping_days"),
            pl.col("purchase_day").filter(recent).n_unique().alias("customer_recent_shopping_days"),
            pl.col("product_id").n_unique().alias("customer_products"),
            pl.len().alias("customer_purchase_days"),
            (from_fixed_point(log_gap.sum()) / pl.col("gap").count()).fill_nan(None).alias("customer_mean_log_gap"),
            pl.col("purchase_day").min().alias("customer_first_day"),
            pl.col("purchase_day").max().alias("customer_last_day"),
        )
        .collect()
    )
