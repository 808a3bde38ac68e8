"""What was known on earlier days of a history, and what came after: the rows that the models learn from."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil, exp
from typing import NamedTuple

import polars as pl

from omnix_cli.steps.cycles import customer_habits, numbered, pair_rhythms, purchase_days
from omnix_cli.steps.forecasts.evidence import evidence, shared_rhythms
from omnix_cli.steps.forecasts.known_pairs import known_pairs
from omnix_cli.steps.forecasts.pair_features import with_customer_habits, with_latest_purchases
from omnix_cli.steps.history import SEEN_COLUMNS, of_customers

LOOK_BACK_DAYS = (14, 28, 56, 112)
LOOK_BACK_MEMORY_DAYS = 60.0
MIN_HISTORY_DAYS = 14
MAX_LINES = 3_000_000
MAX_PAIRS_PER_LOOK = {"personal": 40_000, "shared": 12_000}
_PAIR = ["customer_id", "product_id"]


def looks_back(
    purchases: pl.LazyFrame, products: pl.LazyFrame, *, as_of: date, personal_purchases: int
) -> pl.DataFrame:
    """The evidence of earlier days with what came after: `days_ahead` of a purchase, `followed_days`, `weight`.

    Of each day every k-th pair is in it, for which it weighs k times as much (`stride`)."""
    history = _History.of(purchases, products, as_of)
    first_day = history.days["purchase_day"].min()
    history_days = (as_of - first_day).days if isinstance(first_day, date) else 0
    possible = [days for days in LOOK_BACK_DAYS if history_days - days >= MIN_HISTORY_DAYS]
    return pl.concat(
        _look_back(history, as_of=as_of, days=days, personal_purchases=personal_purchases)
        for days in possible or [history_days // 2]
    )


def stride_of(rows: int, at_most: int) -> int:
    """The k for which every k-th row are at most so many."""
    return max(1, ceil(rows / at_most))


class _History(NamedTuple):
    """The `purchase_days` before the day of the run, the lines of pairs of which anything was returned, and products
    with their category. Ids and categories are numbers here (`Enum`), which are quicker to group by."""

    days: pl.DataFrame
    returned: pl.DataFrame | None
    products: pl.LazyFrame

    @classmethod
    def of(cls, purchases: pl.LazyFrame, products: pl.LazyFrame, as_of: date) -> _History:
        lines = _learning_lines(purchases, as_of)
        ids = {name: pl.Enum(_distinct(lines, name)) for name in _PAIR}
        known = products.select("product_id", "category").collect()
        category = pl.Enum(known["category"].drop_nulls().unique().sort())
        named = known.with_columns(
            pl.col("product_id").cast(ids["product_id"], strict=False), pl.col("category").cast(category)
        ).drop_nulls("product_id")
        lines = lines.with_columns(pl.col(name).cast(kind) for name, kind in ids.items())
        returns = lines.filter(pl.col("kind") == "return").select(_PAIR).unique().collect()
        returned = lines.join(returns.lazy(), on=_PAIR, how="semi").collect() if returns.height else None
        return cls(purchase_days(lines, as_of=as_of), returned, named.lazy())

    def before(self, day: date) -> pl.DataFrame:
        """The purchase days as they were known on a day: what was returned later still counts."""
        days = self.days.filter(pl.col("purchase_day") < day)
        if self.returned is None:
            return days
        touched = purchase_days(self.returned.lazy(), as_of=day)
        others = days.join(touched, on=_PAIR, how="anti")
        return pl.concat([others, touched]).sort(*_PAIR, "purchase_day")


def _learning_lines(purchases: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """The lines to learn from: of all customers, or of every k-th when there are too many lines."""
    lines = of_customers(purchases).filter(pl.col("purchase_day") < as_of).select(SEEN_COLUMNS)
    stride = stride_of(lines.select(pl.len()).collect().item(), MAX_LINES)
    if stride == 1:
        return lines
    customers = _distinct(lines, "customer_id").gather_every(stride).to_frame("customer_id")
    return lines.join(customers.lazy(), on="customer_id", how="semi")


def _distinct(lines: pl.LazyFrame, name: str) -> pl.Series:
    """The values of a column, in order."""
    return lines.select(pl.col(name).unique()).collect(engine="streaming").to_series().sort()


def _look_back(history: _History, *, as_of: date, days: int, personal_purchases: int) -> pl.DataFrame:
    """One day's evidence for every k-th pair, and the next purchase before `as_of`."""
    day = as_of - timedelta(days=days)
    before, products = numbered(history.before(day)), history.products
    known = known_pairs(before, as_of=day)
    sample = _sampled(known, personal_purchases)
    shared = shared_rhythms(known.lazy(), products, as_of=day)
    pairs = pair_rhythms(before.filter(pl.col("pair").is_in(sample["pair"].implode())), as_of=day)
    habits = customer_habits(before, as_of=day)
    past = with_customer_habits(pairs.join(habits, on="customer_id", how="left"), known.lazy(), products)
    next_days = (
        history.days.filter(pl.col("purchase_day") >= day)
        .group_by(_PAIR)
        .agg((pl.col("purchase_day").min() - pl.lit(day)).dt.total_days().alias("days_ahead"))
    )
    text = pl.col(_PAIR).cast(pl.String)
    outcomes = sample.join(next_days, on=_PAIR, how="left").select(text, "stride", "days_ahead")
    rows = evidence(
        past.with_columns(text),
        shared.lazy(),
        products.select(pl.all().cast(pl.String)),
        as_of=day,
        personal_purchases=personal_purchases,
    )
    return (
        with_latest_purchases(rows, as_of=day)
        .join(outcomes, on=_PAIR, how="left")
        .with_columns(
            (pl.col("stride") * exp(-days / LOOK_BACK_MEMORY_DAYS)).alias("weight"),
            pl.lit(days).alias("followed_days"),
        )
        .sort(_PAIR)
    )


def _sampled(known: pl.DataFrame, personal_purchases: int) -> pl.DataFrame:
    """Every k-th pair with and without a rhythm of its own, with the k as `stride`."""
    personal = pl.col("occasions") >= personal_purchases
    kinds = {"personal": known.filter(personal), "shared": known.filter(~personal)}
    strides = {name: stride_of(kind.height, MAX_PAIRS_PER_LOOK[name]) for name, kind in kinds.items()}
    return pl.concat(
        kind.select("pair", *_PAIR).gather_every(strides[name]).with_columns(pl.lit(strides[name]).alias("stride"))
        for name, kind in kinds.items()
    )
