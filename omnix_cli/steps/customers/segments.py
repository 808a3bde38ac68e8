"""Segments of customers by recency, frequency, monetary value and their own rhythm.

Recency, frequency and money as in A. M. Hughes, "Strategic Database Marketing" (1994); but how late somebody is goes by
their own gaps between orders, not by ranks: a fifth of the customers of a healthy shop are not lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import ceil

import polars as pl

from omnix_cli import schemas
from omnix_cli.frames.shopping import SEGMENTS
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput

NEW_DAYS = 30
LEAST_GAP_DAYS = 7.0
PLAIN_GAP_DAYS = 30.0
"""The gap in a shop where too few customers have a rhythm."""
LEAST_RHYTHMS = 5
LATE_GAPS, LAPSED_GAPS, LONG_LAPSED_GAPS = 2, 8, 3
YEAR_DAYS = 365
LEAST_RANKED = 20
"""Customers who came back that are enough to rank: below that, nobody is a champion."""
CHAMPION_ORDERS, LOYAL_ORDERS, LOYAL_ORDERS_UNRANKED = 5, 3, 5


_LIMITS = ("late_after", "at_risk_after", "lapsed_after")


@dataclass(frozen=True)
class Ranks:
    """Of the `customers` who came back, half have at most `half` orders in the last 365 days, and three quarters have
    at most `three_quarters` and spent at most `spent` (None if no price is known)."""

    customers: int
    half: int
    three_quarters: int
    spent: Decimal | None

    @classmethod
    def of(cls, back: pl.DataFrame) -> Ranks:
        """From the rows of those who came back."""
        orders = back["recent_orders"].sort()
        spent = back["recent_spend"].drop_nulls().sort()
        half, upper = (int(orders[_place(len(orders), share)]) for share in (0.5, 0.75))
        return cls(back.height, half, upper, spent[_place(len(spent), 0.75)] if len(spent) else None)


def _place(count: int, share: float) -> int:
    """The place, from 0, of the smallest of so many sorted values that at least this share of them do not exceed."""
    return max(ceil(count * share) - 1, 0)


def segments(shopping_patterns: pl.LazyFrame, *, as_of: date) -> StepOutput:
    """The segment of each customer; the first that holds:

    - `new`: the first order was in the last 30 days, and fewer than three occasions (see `cycles`) make no rhythm. In
      the first 30 days of a history nobody can be known to be new.
    - `one_time`: one shopping day, and late. `lapsed`, `at_risk`, `needs_attention`: late, by the days since the last
      order.
    - `champions`: ordered at least five times in the last 365 days, more often than half and at least as often as three
      quarters of those who came back, and (if prices are known) spent at least as much as three quarters of them.
    - `loyal`: at least three times, and at least as often as half of them. Where fewer than 20 came back there are no
      ranks: at least five times.
    - `promising`: the others, who are on time.

    The gap is a customer's own mean gap between occasions (without a rhythm: the days from the first order to the last,
    or the median gap of the shop's customers if that is longer), but at least 7 days. Late is after 2 gaps, lapsed
    after 8 gaps or a year, whichever comes first, but not before 3 gaps; at risk halfway between. Figures: customers by
    segment."""
    people = _with_limits(shopping_patterns.collect(), as_of=as_of)
    back = people.filter(pl.col("shopping_days") > 1)
    ranks = Ranks.of(back) if back.height >= LEAST_RANKED else None
    placed = people.with_columns(segment=_segment(ranks, _newcomers(people, as_of)))
    frame = schemas.FRAMES["segments"].conform(placed.with_columns(reason=_reason(ranks)).sort("customer_id"))
    counts = frame["segment"].cast(pl.String).value_counts()
    by_name = dict(counts.iter_rows())
    figures: Figures = {name: by_name[name] for name in SEGMENTS if name in by_name}
    return StepOutput({"segments": frame}, figures)


def _with_limits(people: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """With the days since the last order, and after how many days somebody is late, at risk and lapsed."""
    between = (pl.col("last_day") - pl.col("first_day")).dt.total_days()
    rhythms = people["gap_days"].drop_nulls()
    shop = rhythms.median() if len(rhythms) >= LEAST_RHYTHMS else PLAIN_GAP_DAYS
    expected = pl.coalesce("gap_days", pl.max_horizontal(between.cast(pl.Float64), pl.lit(shop))).clip(LEAST_GAP_DAYS)
    late, lapsed = LATE_GAPS * expected, _lapsed(expected)
    return people.with_columns(
        days_since_last=(pl.lit(as_of) - pl.col("last_day")).dt.total_days(),
        late_after=late.ceil().cast(pl.Int32),
        at_risk_after=((late + lapsed) / 2).ceil().cast(pl.Int32),
        lapsed_after=lapsed.ceil().cast(pl.Int32),
    )


def _lapsed(expected: pl.Expr) -> pl.Expr:
    longest = pl.max_horizontal(pl.lit(float(YEAR_DAYS)), LONG_LAPSED_GAPS * expected)
    return pl.min_horizontal(LAPSED_GAPS * expected, longest)


def _newcomers(people: pl.DataFrame, as_of: date) -> pl.Expr:
    """Who is known to be new: nobody whose first order may only be the first that was recorded."""
    window = timedelta(days=NEW_DAYS)
    begins = people["first_day"].min() if people.height else as_of
    assert isinstance(begins, date)
    is_recent = pl.col("first_day") >= max(as_of - window, begins + window)
    return is_recent & pl.col("gap_days").is_null()


def _segment(ranks: Ranks | None, is_new: pl.Expr) -> pl.Expr:
    since, orders = pl.col("days_since_last"), pl.col("recent_orders")
    champion, loyal = pl.lit(False), orders >= LOYAL_ORDERS_UNRANKED
    if ranks:
        loyal = orders >= max(ranks.half, LOYAL_ORDERS)
        champion = (orders >= max(ranks.three_quarters, CHAMPION_ORDERS)) & (orders > ranks.half)
        if ranks.spent is not None:
            champion &= (pl.col("recent_spend") >= ranks.spent).fill_null(False)
    came_back = pl.col("shopping_days") > 1
    return (
        pl.when(is_new)
        .then(pl.lit("new"))
        .when(~came_back & (since > pl.col("late_after")))
        .then(pl.lit("one_time"))
        .when(since > pl.col("lapsed_after"))
        .then(pl.lit("lapsed"))
        .when(since > pl.col("at_risk_after"))
        .then(pl.lit("at_risk"))
        .when(since > pl.col("late_after"))
        .then(pl.lit("needs_attention"))
        .when(champion & came_back)
        .then(pl.lit("champions"))
        .when(loyal & came_back)
        .then(pl.lit("loyal"))
        .otherwise(pl.lit("promising"))
    )


def _reason(ranks: Ranks | None) -> pl.Expr:
    """The sentence of each row: what was counted, and what of it decided."""
    decided = {"promising": "; on time", "new": "; too few for a rhythm", "loyal": "; on time"}
    if ranks:
        back = f"{ranks.customers:,} customers who came back"
        spent = "" if ranks.spent is None else f", and spent at most {ceil(ranks.spent)}"
        decided["loyal"] = f"; half of the {back} have at most {ranks.half}"
        decided["champions"] = f"; three quarters of the {back} have at most {ranks.three_quarters}{spent}"
    limits = pl.format("; late after {} days, at risk after {}, lapsed after {}", *_LIMITS)
    sentence = pl.col("segment").replace_strict(decided, default=None, return_dtype=pl.String)
    return pl.concat_str(_counted(), pl.coalesce(sentence, limits))


def _counted() -> pl.Expr:
    """What a customer ordered, what of it was paid, how often, and when last."""
    only_one, since = pl.col("orders") == 1, pl.col("days_since_last")
    recent = pl.format("{} orders in the last 365 days", "recent_orders")
    ordered = pl.when(pl.col("recent_orders") > 0).then(recent).otherwise(pl.format("{} orders", "orders"))
    all_priced = pl.col("recent_priced_orders") == pl.col("recent_orders")
    worth = pl.when(all_priced).then(pl.lit(" worth ")).otherwise(pl.lit(", those with prices worth "))
    paid = pl.concat_str(worth, pl.col("recent_spend").cast(pl.String)).fill_null("")
    gap = pl.format(", shopping every {} days", pl.col("gap_days").round(1)).fill_null("")
    last = pl.when(only_one).then(pl.lit(", ")).otherwise(pl.lit(", the last one "))
    ago = pl.when(since == 1).then(pl.lit("yesterday")).otherwise(pl.format("{} days ago", since))
    return pl.concat_str(ordered.str.replace(r"^1 orders", "1 order"), paid, gap, last, ago)
