"""What the whole shop buys: popular products, trends, and the products of each season."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from omnix_cli import schemas
from omnix_cli.days.seasons import Hemisphere
from omnix_cli.days.stray_sales import bulk
from omnix_cli.frames.offering import POPULARITY_KINDS
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.reasons import sentences
from omnix_cli.steps.coded_days import CodedDays
from omnix_cli.steps.cycles import fixed_point, from_fixed_point
from omnix_cli.steps.history import ANONYMOUS, seen
from omnix_cli.steps.lists.trends import SEASON_HISTORY_DAYS, YEAR_DAYS, Windows, seasonal, trending
from omnix_cli.steps.name_patterns import matches

HALF_LIFE_DAYS = 90
CONFIDENCE_DAYS = 14
_COUNTS = ("customers_before", "interested", "interested_before")


def popularity(
    purchases: pl.LazyFrame,
    interactions: pl.LazyFrame,
    products: pl.LazyFrame,
    *,
    as_of: date,
    trending_window_days: int,
    hemisphere: Hemisphere,
    min_customers: int,
    excluded_customers: Sequence[str] = (),
) -> StepOutput:
    """The ranked lists of the whole shop before `as_of`, from distinct customers, never from quantities.

    Accounts that match one of `excluded_customers` do not count. Rows with fewer than `min_customers` distinct
    customers are left out; the figure `suppressed` counts them. The figures `trending_needs` and `seasonal_by` say
    what the history is too short for.
    """
    is_counted = ~matches(pl.col("customer_id"), excluded_customers)
    days = CodedDays.of(seen(purchases.filter(is_counted) if excluded_customers else purchases, as_of=as_of))
    usual_days = [day for day, _ in bulk(days.sold)]
    history_days: int = (as_of - usual_days[0]).days if usual_days else 0
    window = Windows.of(usual_days, as_of=as_of, days=trending_window_days)
    by_product = history_days >= SEASON_HISTORY_DAYS
    rows = pl.concat(
        [
            _popular(days),
            trending(days, interactions, windows=window),
            seasonal(days, products, hemisphere=hemisphere, by_product=by_product),
        ],
        how="diagonal_relaxed",
    )
    kept = rows.filter(pl.col("customers") >= min_customers)
    frame = (
        kept.join(_confidence(days, window), on="product_id", how="left")
        .with_columns(
            pl.col("kind").cast(pl.Enum(POPULARITY_KINDS)),
            pl.col("confidence").fill_null(0.0),
            *(pl.when(pl.col(count) >= min_customers).then(count).alias(count) for count in _COUNTS),
        )
        .sort("kind", "scope", -pl.col("score"), "product_id")
        .with_columns(
            reason=_reason(window, history_days, _counted(days)),
            rank=pl.int_range(1, pl.len() + 1).over("kind", "scope"),
        )
    )
    counts = {kind: int((frame["kind"] == kind).sum()) for kind in POPULARITY_KINDS}
    figures: Figures = {"history_days": history_days, "suppressed": rows.height - kept.height, **counts}
    if not window.are_covered:
        figures["trending_needs"] = f"{2 * trending_window_days} days of history"
    if not by_product:
        figures["seasonal_by"] = f"category only, with less than {SEASON_HISTORY_DAYS} days of history"
    return StepOutput({"popularity": schemas.FRAMES["popularity"].conform(frame)}, figures)


def _popular(days: CodedDays) -> pl.DataFrame:
    """Every product by its customers, each weighing 2 ** (-age / 90); the first scores 1.

    The age of a customer's last purchase is in days before the newest purchase of all.

    `repeat_share` = (purchase days - customers + 1) / (purchase days + 4): as if each product had four more purchases,
    one of them a repetition.
    """
    age = pl.int_range(days.span - 1, -1, -1)
    worth = pl.select(fixed_point((age * (-math.log(2) / HALF_LIFE_DAYS)).exp())).to_series().to_numpy()
    counts = {
        "purchase_days": days.purchase_days,
        "customers": days.buyers(np.full(days.span, True)),
        "weight": days.by_product(np.add, worth[days.last_days]),
    }
    repeats = pl.col("purchase_days") - pl.col("customers")
    return (
        pl.DataFrame({"product_id": days.product_ids, **counts})
        .with_columns(from_fixed_point(pl.col("weight")))
        .select(
            "product_id",
            "customers",
            kind=pl.lit("popular"),
            scope=pl.lit("all"),
            score=pl.col("weight") / pl.col("weight").max(),
            repeat_share=(repeats + 1) / (pl.col("purchase_days") + 4),
        )
    )


def _confidence(days: CodedDays, window: Windows) -> pl.DataFrame:
    """Per product: the chance that a customer who shops now buys it within 14 days.

    From the share `r` of the window's customers who bought it, at a steady rate: 1 - (1 - r) ** (14 / window). The
    buyers are held back toward those of a window like any since the first sale, which weigh as much as one buyer (the
    mean of a gamma posterior): what nobody bought lately is not impossible.
    """
    recent = days.since(*window.bounds("recent")["recent"])
    shoppers = len(np.unique(days.customer[days.pairs_on(recent)]))
    age = (window.as_of - days.first_day).days - days.by_product(np.minimum, days.first_days)
    counts = pl.DataFrame(
        {
            "product_id": days.product_ids,
            "buyers": days.buyers(recent),
            "usual": days.purchase_days * window.days / np.maximum(age, window.days),
        }
    )
    share = ((pl.col("buyers") + 1) / (1 + 1 / pl.col("usual")) / max(shoppers, 1)).clip(0, 1)
    return counts.select("product_id", confidence=1 - (1 - share) ** (CONFIDENCE_DAYS / window.days))


def _counted(days: CodedDays) -> sentences.ShopSentences:
    """The sentences about customers; about orders where nobody is known who bought."""
    known = days.customer_ids.len() > 0 and not days.customer_ids.str.starts_with(ANONYMOUS).all()
    return sentences.COUNTED["customer" if known else "order"]


def _reason(windows: Windows, history_days: int, counted: sentences.ShopSentences) -> pl.Expr:
    rise: dict[str, pl.Expr | str] = {"customers": "customers", "days": pl.lit(windows.days)}
    trending, new_trend = counted.trending, counted.new_trend
    if 4 * windows.open_before < 3 * windows.open_days:
        rise |= {"open": pl.lit(windows.open_days), "open_before": pl.lit(windows.open_before)}
        trending, new_trend = counted.trending_open, counted.new_trend_open
    season: dict[str, pl.Expr | str] = {
        "times": pl.col("season_index").round(1),
        "season": "scope",
        "season_again": "scope",
        "days": "season_days",
    }
    history = pl.lit("less than a year" if history_days < YEAR_DAYS else "hardly more than a year")
    return (
        pl.when(pl.col("kind") == "trending")
        .then(pl.coalesce(trending.say(**rise, before="customers_before"), new_trend.say(**rise)))
        .when(pl.col("kind") != "seasonal")
        .then(counted.popular.say(customers="customers"))
        .when(pl.col("category").is_not_null())
        .then(sentences.SEASONAL_CATEGORY.say(**season, category="category", history=history))
        .when(pl.col("season_years") == 1)
        .then(sentences.SEASONAL_ONCE.say(**season))
        .otherwise(sentences.SEASONAL.say(**season))
    )
