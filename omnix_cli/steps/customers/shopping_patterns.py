"""How each customer shops: what an order is worth, how often, when in the week, and in which seasons.

All of it is about orders, never about lines. A preference counts only above chance, by an exact binomial test.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from math import sqrt

import polars as pl
from scipy.special import bdtr, bdtrc

from omnix_cli import schemas
from omnix_cli.days.seasons import FIRST_SEASON, SEASONS, Hemisphere
from omnix_cli.frames.shopping import COMPARED
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.steps.consent import with_consent
from omnix_cli.steps.customers.placed_orders import MOST_CENTS, NO_HOUR, as_money, mean_cents, placed_orders
from omnix_cli.steps.cycles import burst_days

RECENT_DAYS = 365
LEAST_OCCASIONS = 3
"""Occasions that make a rhythm."""
RHYTHM_DAYS = {"daily": 1, "weekly": 7, "biweekly": 14, "monthly": 30}
NEXT_RHYTHM_DAYS = 60
"""Of two months, the first rhythm that is `occasional`."""
DAY_PARTS = {"morning": range(6, 12), "afternoon": range(12, 17), "evening": range(17, 22)}
"""The hours of each part of the day; the others are night."""
WEEK = {"weekday": 5, "weekend": 2}
"""The kinds of days, and how many of each a week has. Saturday and Sunday are the weekend."""
PART_HOURS = {name: len(hours) for name, hours in DAY_PARTS.items()}
PART_HOURS["night"] = 24 - sum(PART_HOURS.values())
SHARES = {f"{kind}_{part}": days * hours / 168 for kind, days in WEEK.items() for part, hours in PART_HOURS.items()}
"""The parts of the week, and the share of its hours that each has."""
LEAST_TIMED_ORDERS = 5
OPEN_SHARE = 0.1
"""An hour with less than this share of the mean orders of an hour is one in which the shop is closed."""
LEAST_SEASON_ORDERS = 8
SEASON_DAYS = 20
"""With so many days of orders, a season has been seen."""
CHANCE = 0.05
"""How often somebody without any preference may seem to have one, over all comparisons together."""


def shopping_patterns(
    purchases: pl.LazyFrame,
    customers: pl.LazyFrame,
    shop_orders: pl.LazyFrame,
    *,
    as_of: date,
    timezone: str,
    hemisphere: Hemisphere,
    consent: bool,
) -> StepOutput:
    """One row per customer with consent who ordered before `as_of`. Figures: customers, those with a rhythm, with
    preferred times, and with seasons; `seasons_need` says what a history lacks that is too short for them."""
    theirs = with_consent(purchases, customers, default=consent)
    orders = placed_orders(theirs, as_of=as_of, timezone=timezone).collect()
    shop = shop_orders.collect()
    people = (
        _worth(orders, as_of=as_of)
        .join(_rhythms(orders, as_of=as_of), on="customer_id", how="left")
        .join(_preferred_times(orders, shop), on="customer_id", how="left")
        .join(_seasons(orders, shop, hemisphere=hemisphere), on="customer_id", how="left")
        .with_columns(
            pl.col("preferred_times").fill_null(pl.lit([], pl.List(pl.String))), pl.col("timed_orders").fill_null(0)
        )
        .sort("customer_id")
    )
    frame = schemas.FRAMES["shopping_patterns"].conform(people)
    figures: Figures = {
        "customers": frame.height,
        "with_rhythm": int(frame["shopping_frequency"].is_not_null().sum()),
        "with_preferred_times": int((frame["preferred_times"].list.len() > 0).sum()),
        "with_seasons": int(frame["seasons"].is_not_null().sum()),
    }
    seen = _since(shop, hemisphere=hemisphere).group_by("season").agg(pl.col("days").max())
    if seen.filter(pl.col("days") >= SEASON_DAYS).height < len(SEASONS):
        figures["seasons_need"] = f"{SEASON_DAYS} days with orders in each season"
    return StepOutput({"shopping_patterns": frame}, figures)


def _worth(orders: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """What each customer ordered, and what it cost."""
    recent = pl.col("order_day") >= as_of - timedelta(days=RECENT_DAYS)
    spent, priced = pl.col("cents").sum(), pl.col("cents").count()
    return (
        orders.group_by("customer_id")
        .agg(
            orders=pl.len(),
            shopping_days=pl.col("order_day").n_unique(),
            first_day=pl.col("order_day").min(),
            last_day=pl.col("order_day").max(),
            priced_orders=priced,
            spent=spent,
            recent_orders=recent.sum(),
            recent_spent=pl.col("cents").filter(recent).sum().clip(0, MOST_CENTS),
            recent_priced_orders=pl.col("cents").filter(recent).count(),
        )
        .with_columns(
            average_order_value=mean_cents(pl.col("spent"), pl.col("priced_orders").cast(pl.Int128)),
            recent_spend=pl.when(pl.col("recent_priced_orders") > 0).then(as_money(pl.col("recent_spent"))),
        )
        .drop("spent", "recent_spent")
    )


def _rhythms(orders: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """The occasions of each customer, the mean gap between them, and the frequency.

    Shopping days of one burst are one occasion (see `cycles`). For the frequency, the gap since the last order, which
    is still open, counts as one more once it is the longest: who came every day for a week and never again is no daily
    customer."""
    days = orders.select("customer_id", day="order_day").unique().sort("customer_id", "day")
    with_gaps = days.with_columns(gap=pl.col("day").diff().dt.total_days().over("customer_id"))
    is_between = pl.col("gap") > burst_days(pl.col("gap").mean().over("customer_id"))
    by_customer = (
        with_gaps.with_columns(between=pl.when(is_between).then("gap"))
        .group_by("customer_id")
        .agg(
            gaps=pl.col("between").count(),
            total=pl.col("between").sum(),
            longest=pl.col("between").max(),
            last=pl.col("day").max(),
        )
    )
    open_gap = (pl.lit(as_of) - pl.col("last")).dt.total_days()
    is_longest = open_gap > pl.col("longest")
    with_open = (pl.col("total") + pl.when(is_longest).then(open_gap).otherwise(0)) / (pl.col("gaps") + is_longest)
    has_rhythm = pl.col("gaps") >= LEAST_OCCASIONS - 1
    return by_customer.select(
        "customer_id",
        occasions=pl.col("gaps") + 1,
        gap_days=pl.when(has_rhythm).then(pl.col("total") / pl.col("gaps")),
        shopping_frequency=pl.when(has_rhythm).then(_frequency(with_open)),
    )


def _frequency(gap_days: pl.Expr) -> pl.Expr:
    """The rhythm of which the gap is nearest in proportion: up to the geometric mean of two neighbours, which is 2.6,
    9.9, 20.5 and 42.4 days."""
    named = [*RHYTHM_DAYS.items(), ("occasional", NEXT_RHYTHM_DAYS)]
    nearest = pl.lit("occasional")
    for (name, days), (_, longer) in reversed(list(pairwise(named))):
        nearest = pl.when(gap_days <= sqrt(days * longer)).then(pl.lit(name)).otherwise(nearest)
    return nearest


def _cell(day: str) -> pl.Expr:
    """The part of the week of an order, from its day and hour."""
    part = pl.lit("night")
    for name, hours in DAY_PARTS.items():
        part = pl.when(pl.col("hour").is_between(hours.start, hours.stop - 1)).then(pl.lit(name)).otherwise(part)
    return pl.concat_str(_kind(day), pl.lit("_"), part)


def _kind(day: str) -> pl.Expr:
    return pl.when(pl.col(day).dt.weekday() > 5).then(pl.lit("weekend")).otherwise(pl.lit("weekday"))


def _opening(shop: pl.DataFrame) -> pl.DataFrame:
    """The share of each part of the week in the hours in which the shop sells (`chance`): where somebody who orders at
    any of these hours alike would order."""
    slots = (
        shop.filter(pl.col("hour") < NO_HOUR)
        .with_columns(kind=_kind("order_day"), cell=_cell("order_day"))
        .group_by("kind", "hour", "cell")
        .agg(pl.col("orders").sum())
        .with_columns(days=pl.col("kind").replace_strict(WEEK, return_dtype=pl.Int64))
    )
    rate = pl.col("orders") / pl.col("days")
    is_open = slots.filter(rate >= OPEN_SHARE * pl.col("orders").sum() / pl.col("days").sum())
    hours = is_open.group_by("cell").agg(pl.col("days").sum())
    return hours.select("cell", chance=pl.col("days") / pl.col("days").sum())


def _preferred_times(orders: pl.DataFrame, shop: pl.DataFrame) -> pl.DataFrame:
    """The parts of the week in which a customer orders more often than by chance, the one with most orders first. In a
    part in which the shop is closed, chance means any hour of the week: one order there is no habit."""
    timed = orders.filter(pl.col("hour") < NO_HOUR)
    counts = (
        timed.group_by("customer_id", cell=_cell("order_day"))
        .len("count")
        .with_columns(n=pl.col("count").sum().over("customer_id"))
        .join(_opening(shop), on="cell", how="left")
        .with_columns(pl.coalesce("chance", pl.col("cell").replace_strict(SHARES, return_dtype=pl.Float64)))
    )
    above = _at_least(counts, "count", "n", "chance") <= CHANCE / len(SHARES)
    preferred = counts.filter(above, pl.col("n") >= LEAST_TIMED_ORDERS).sort(
        "customer_id", "count", "cell", descending=[False, True, False]
    )
    names = preferred.group_by("customer_id", maintain_order=True).agg(preferred_times="cell")
    return timed.group_by("customer_id").len("timed_orders").join(names, on="customer_id", how="left")


def _seasons(orders: pl.DataFrame, shop: pl.DataFrame, *, hemisphere: Hemisphere) -> pl.DataFrame:
    """The share of a customer's orders by season beside that of the shop's orders since the customer's first one; for
    customers with `LEAST_SEASON_ORDERS` or more, since whose first order the shop has had `SEASON_DAYS` days of orders
    in each season."""
    seen = _since(shop, hemisphere=hemisphere)
    first = orders.group_by("customer_id").agg(order_day=pl.col("order_day").min(), n=pl.len())
    known = first.filter(pl.col("n") >= LEAST_SEASON_ORDERS).join(seen, on="order_day")
    enough = known.filter(pl.col("days").min().over("customer_id") >= SEASON_DAYS)
    by_season = orders.group_by("customer_id", season=_season("order_day", hemisphere)).len("count")
    counts = (
        enough.join(by_season, on=["customer_id", "season"], how="left")
        .with_columns(
            pl.col("count").fill_null(0), shop_share=pl.col("orders") / pl.col("orders").sum().over("customer_id")
        )
        .sort("customer_id", "season")
    )
    most = CHANCE / (2 * len(SEASONS))
    more = _at_least(counts, "count", "n", "shop_share") <= most
    less = _at_most(counts, "count", "n", "shop_share") <= most
    compared = pl.when(more).then(pl.lit("more")).when(less).then(pl.lit("less")).otherwise(pl.lit("usual"))
    return (
        counts.with_columns(
            compared.cast(pl.Enum(COMPARED)).alias("compared"),
            share=pl.col("count") / pl.col("n"),
            orders=pl.col("count").cast(pl.Int32),
        )
        .group_by("customer_id", maintain_order=True)
        .agg(seasons=pl.struct("season", "orders", "share", "shop_share", "compared"))
    )


def _since(shop: pl.DataFrame, *, hemisphere: Hemisphere) -> pl.DataFrame:
    """For each day with orders and each season: the shop's `orders` from that day on, and the `days` that had any."""
    days = shop.group_by("order_day").agg(pl.col("orders").sum()).sort("order_day", descending=True)
    is_in = [(season, _season("order_day", hemisphere) == season) for season in SEASONS]
    return pl.concat(
        days.select(
            "order_day",
            season=pl.lit(season),
            orders=pl.when(inside).then("orders").otherwise(0).cum_sum(),
            days=inside.cum_sum(),
        )
        for season, inside in is_in
    )


def _season(day: str, hemisphere: Hemisphere) -> pl.Expr:
    """See `days.seasons.season_on`."""
    number = (pl.col(day).dt.month() % 12 // 3 + FIRST_SEASON[hemisphere]) % len(SEASONS)
    return number.replace_strict(dict(enumerate(SEASONS)), return_dtype=pl.String)


def _at_least(rows: pl.DataFrame, count: str, of: str, chance: str) -> pl.Series:
    """The chance of so many successes or more."""
    k, n = (rows[name].cast(pl.Int64).to_numpy() for name in (count, of))
    return pl.Series("p", bdtrc(k - 1, n, rows[chance].to_numpy()), pl.Float64)


def _at_most(rows: pl.DataFrame, count: str, of: str, chance: str) -> pl.Series:
    """The chance of so many successes or fewer."""
    k, n = (rows[name].cast(pl.Int64).to_numpy() for name in (count, of))
    return pl.Series("p", bdtr(k, n, rows[chance].to_numpy()), pl.Float64)
