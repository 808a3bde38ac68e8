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
    days = numbered(purchase_days(of_customers(purchases), as_of=as_of))
    habits = customer_habits(days, as_of=as_of)
    pairs = pair_rhythms(days, as_of=as_of).join(habits, on="customer_id", how="left", maintain_order="left")
    frame = schemas.FRAMES["cycles"].conform(pairs.collect())
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


def purchase_days(purchases: pl.LazyFrame, *, as_of: date) -> pl.DataFrame:
    """One row per customer, product and purchase day before `as_of`, sorted, from any frame that has the columns which
    `history.seen` reads."""
    return (
        seen(purchases, as_of=as_of)
        .group_by(*_PAIR, "purchase_day")
        .agg(
            from_fixed_point(fixed_point(pl.col("quantity")).sum()).alias("quantity"),
            pl.col("total_price").sum().alias("spend"),
            pl.col("total_price").count().alias("priced"),
        )
        .sort(*_PAIR, "purchase_day")
        .collect()
    )


def numbered(days: pl.DataFrame) -> pl.DataFrame:
    """The `purchase_days` with the number of the `pair`, and the `gap` to the purchase day before. Groups by a sorted
    number are slices, which makes them cheap."""
    gap = pl.when(pl.col("pair") == pl.col("pair").shift()).then(pl.col("purchase_day").diff().dt.total_days())
    with_pair = days.with_columns(pair=pl.struct(_PAIR).rle_id().set_sorted())
    return with_pair.with_columns(gap=gap.cast(pl.UInt16))


def pair_rhythms(days: pl.DataFrame, *, as_of: date) -> pl.LazyFrame:
    """The columns of `cycles` about a pair, from its `numbered` purchase days: what is not selected of them costs
    nothing."""
    age = (pl.lit(as_of) - pl.col("purchase_day")).dt.total_days()
    pairs = (
        days.lazy()
        .with_columns(fixed_point((-age / RECENCY_DAYS).exp()).alias("weight"))
        .group_by("pair", maintain_order=True)
        .agg(
            pl.col(_PAIR).first(),
            pl.len().alias("purchase_days"),
            pl.col("purchase_day").first().alias("first_day"),
            pl.col("purchase_day").last().alias("last_day"),
            pl.col("weight").sum(),
            pl.col("quantity").median().alias("typical_quantity"),
            pl.col("quantity").last().alias("last_quantity"),
            pl.col("spend", "priced").sum(),
        )
    )
    gaps = pl.col("gaps")
    sums = {
        name: from_fixed_point(pl.col(f"{name}_sum"))
        for name in ("log", "square", "bought", "bought_square", "product")
    }
    mean_log, mean_bought = sums["log"] / gaps, sums["bought"] / gaps
    variance = (sums["square"] - mean_log * sums["log"]) / (gaps - 1)
    days_between = (pl.col("last_day") - pl.col("first_day")).dt.total_days()
    return (
        pairs.join(_between_days(days.lazy()), on="pair", how="left", maintain_order="left")
        .join(_between_occasions(days.lazy()), on="pair", how="left", maintain_order="left")
        .with_columns(gaps.fill_null(0), pl.col("gap_days").fill_null(pl.lit([], pl.List(pl.UInt16))))
        .with_columns(
            (gaps + 1).alias("occasions"),
            from_fixed_point(pl.col("weight")).alias("recency_weight"),
            pl.when(pl.col("priced") > 0).then(pl.col("spend").clip(upper_bound=_MOST_SPENT)).alias("spend"),
            pl.when(pl.col("purchase_days") > 1)
            .then(days_between / (pl.col("purchase_days") - 1))
            .alias("mean_gap_days"),
            pl.when(gaps > 0).then(mean_log).alias("mean_log_gap"),
            pl.when(gaps > 1).then(variance.clip(0).sqrt()).alias("std_log_gap"),
            pl.when(gaps > 0).then(mean_bought).alias("mean_log_quantity"),
            pl.when(gaps > 0)
            .then((sums["bought_square"] - mean_bought * sums["bought"]).clip(0))
            .alias("quantity_square"),
            pl.when(gaps > 0).then(sums["product"] - mean_bought * sums["log"]).alias("quantity_gap_product"),
        )
    )


def _between_days(numbered: pl.LazyFrame) -> pl.LazyFrame:
    """The latest gaps between the purchase days of each pair that has any."""
    known = numbered.filter(pl.col("gap").is_not_null()).select(pl.col("pair").set_sorted(), "gap")
    return known.group_by("pair", maintain_order=True).agg(pl.col("gap").tail(KEPT_GAPS).alias("gap_days"))


def _between_occasions(numbered: pl.LazyFrame) -> pl.LazyFrame:
    """The number of gaps between the occasions of each pair that has any, their quartiles, and sums of their logs and
    of those of the quantities bought before them."""
    mean_gap = pl.col("gap").mean().over("pair")
    log_gap, log_quantity = pl.col("between").log(), pl.col("bought").log()
    return (
        numbered.select("pair", "gap", bought=pl.col("quantity").shift())
        .filter(pl.col("gap").is_not_null())
        .with_columns(pl.col("pair").set_sorted())
        .filter(pl.col("gap") > burst_days(mean_gap))
        .select(pl.col("pair").set_sorted(), "bought", between=pl.col("gap").cast(pl.Float64))
        .with_columns(
            fixed_point(log_gap).alias("log"),
            fixed_point(log_gap**2).alias("square"),
            fixed_point(log_quantity).alias("bought"),
            fixed_point(log_quantity**2).alias("bought_square"),
            fixed_point(log_quantity * log_gap).alias("product"),
        )
        .group_by("pair", maintain_order=True)
        .agg(
            pl.len().alias("gaps"),
            pl.col("between").median().alias("median_gap_days"),
            pl.col("between").quantile(0.25, "lower").alias("lower_gap_days"),
            pl.col("between").quantile(0.75, "higher").alias("upper_gap_days"),
            pl.col("log", "square", "bought", "bought_square", "product").sum().name.suffix("_sum"),
        )
    )


def customer_habits(days: pl.DataFrame, *, as_of: date) -> pl.LazyFrame:
    """The columns of `cycles` about a customer, over all products, from `numbered` purchase days: how often they shop,
    how recently, and how much of it is repetition."""
    log_gap = fixed_point(pl.col("gap").cast(pl.Float64).log())
    recent = (pl.lit(as_of) - pl.col("purchase_day")).dt.total_days() <= RECENT_DAYS
    products = pl.col("pair").last() - pl.col("pair").first() + 1
    return (
        days.lazy()
        .with_columns(log_gap=log_gap, recent_day=pl.when(recent).then("purchase_day"))
        .group_by("customer_id", maintain_order=True)
        .agg(
            pl.col("purchase_day").n_unique().alias("customer_shopping_days"),
            pl.col("recent_day").drop_nulls().n_unique().alias("customer_recent_shopping_days"),
            products.alias("customer_products"),
            pl.len().alias("customer_purchase_days"),
            (from_fixed_point(pl.col("log_gap").sum()) / pl.col("gap").count())
            .fill_nan(None)
            .alias("customer_mean_log_gap"),
            pl.col("purchase_day").min().alias("customer_first_day"),
            pl.col("purchase_day").max().alias("customer_last_day"),
        )
    )
