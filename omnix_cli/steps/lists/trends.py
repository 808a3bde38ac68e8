"""What sells better than usual: in a recent window than in the one before, and in one season than in the others.

All from this shop's own sales: there is no calendar of categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy.special import bdtrc

from omnix_cli.days.seasons import FIRST_SEASON, SEASONS, Hemisphere
from omnix_cli.steps.coded_days import Bools, CodedDays

SHRINK_CUSTOMERS = 10
INTEREST_WEIGHT = 0.25
YEAR_DAYS = 365
SEASON_HISTORY_DAYS = 395
"""Thirteen months: from then on a product may have seasons of its own."""
SHRINK_SALES = 20
LEAST_INDEX = 1.1
FALSE_DISCOVERIES = 0.01
_COVERING_DAYS = 20
"""With so many days of sales, the shop has seen a season of a year."""
_PAIR = ["product_id", "customer_id"]
_SEASON_COUNTS = {
    "product_id": pl.String,
    "scope": pl.String,
    **dict.fromkeys(("customers", "sales", "season_years", "last_day"), pl.Int64),
}


@dataclass(frozen=True)
class Windows:
    """The last `days` days before `as_of` and as many before them; on how many the shop sold anything; and whether it
    had opened when the window before began."""

    as_of: date
    days: int
    open_days: int
    open_before: int
    has_begun: bool

    @classmethod
    def of(cls, open_days: Sequence[date], *, as_of: date, days: int) -> Windows:
        """From the days with sales, oldest first. A quarter of a window may pass before the first one."""
        ages = [(as_of - day).days for day in open_days]
        recent, before = sum(age <= days for age in ages), sum(days < age <= 2 * days for age in ages)
        return cls(as_of, days, recent, before, bool(ages) and ages[0] >= 2 * days - days // 4)

    def bounds(self, name: str) -> dict[str, tuple[date, date]]:
        """The first day of each window and the day after it: of the recent one by this `name`, of the one before by
        `<name>_before`."""
        begin = self.as_of - timedelta(days=self.days)
        return {name: (begin, self.as_of), f"{name}_before": (begin - timedelta(days=self.days), begin)}

    @property
    def are_covered(self) -> bool:
        """Whether both windows can be compared: the shop was not closed for most of the one before."""
        return self.has_begun and 2 * self.open_before >= self.open_days


def trending(days: CodedDays, interactions: pl.LazyFrame, *, windows: Windows) -> pl.DataFrame:
    """Products that rose faster than the shop from one window to the next, with the counts behind it.

    The demand d of a product in a window is the number of its distinct customers plus a quarter of the customers who
    only showed interest. Had the product moved with the shop, its recent demand would be e = d(before) * growth, with
    separate growth rates for purchases and for interest; they also even out days on which the shop was closed. The
    score is (d - e) / (d + 10): the share of the recent demand above that, shrunk for few customers; only rises are
    kept. Nothing trends while the window before is not covered.
    """
    bought = {name: days.buyers(days.since(*window)) for name, window in windows.bounds("customers").items()}
    counts = (
        pl.DataFrame({"product_id": days.product_ids, **bought})
        .join(_interested(days, interactions, windows), on="product_id", how="full", coalesce=True)
        .fill_null(0)
    )
    recent = pl.col("customers") + INTEREST_WEIGHT * pl.col("interested")
    expected_interest = pl.col("interested_before") * _growth("interested")
    expected = pl.col("customers_before") * _growth("customers") + INTEREST_WEIGHT * expected_interest
    return (
        counts.filter(windows.are_covered)
        .with_columns(
            kind=pl.lit("trending"), scope=pl.lit("all"), score=(recent - expected) / (recent + SHRINK_CUSTOMERS)
        )
        .filter(pl.col("customers") > 0, pl.col("score") > 0)
    )


def _interested(days: CodedDays, interactions: pl.LazyFrame, windows: Windows) -> pl.DataFrame:
    """By product and window: the customers who showed interest and did not buy."""
    wanted = interactions.filter(pl.col("interaction_type") != "remove_from_cart")
    counts = []
    for name, (first, end) in windows.bounds("interested").items():
        in_window = wanted.filter(pl.col("interaction_day") >= first, pl.col("interaction_day") < end)
        pairs = in_window.select(*_PAIR).unique().collect(engine="streaming")
        only = pairs.filter(~days.have(pairs, days.pairs_on(days.since(first, end))))
        counts.append(only.group_by("product_id").agg(pl.len().cast(pl.Int64).alias(name)))
    return counts[0].join(counts[1], on="product_id", how="full", coalesce=True)


def _growth(count: str) -> pl.Expr:
    """The shop's growth from one window to the next; 1 where the window before is empty."""
    before = pl.col(f"{count}_before").sum()
    return pl.when(before > 0).then(pl.col(count).sum() / before).otherwise(1.0)


def season_of(day: pl.Expr, hemisphere: Hemisphere) -> pl.Expr:
    """The meteorological season of a day: December to February is winter in the north, summer in the south."""
    first = FIRST_SEASON[hemisphere]
    quarter = day.dt.month() % 12 // 3
    return ((quarter + first) % len(SEASONS)).replace_strict(dict(enumerate(SEASONS)), return_dtype=pl.String)


def seasonal(days: CodedDays, products: pl.LazyFrame, *, hemisphere: Hemisphere, by_product: bool) -> pl.DataFrame:
    """Products that sell better in a season than the shop does, per season, with the index behind it.

    A sale is a customer who bought the product in one particular season (once, however often). The category's share
    of a season is (sales in it + 20 * the shop's share) / (sales + 20); the product's is smoothed toward its category's
    in the same way. The index is that share over the shop's share. With `by_product` false (about a year of history or
    less, too little to tell a product's season from its trend) the category's index is used, and `category` names the
    category.

    A season is one if the index is above 1.1 and so many sales in it are no chance: the one-sided binomial test against
    the shop's share, at a false discovery rate of 1 % over all products (or categories) and seasons (Benjamini and
    Hochberg 1995). The shop must have sold in two months of the season, a product in two years of it where the shop
    did, and in the last year at all; `season_years` are the years of the product. The score is
    (1 - 1 / index) * customers / (customers + 20).
    """
    group = "product_id" if by_product else "category"
    counts = _season_counts(days, products, hemisphere)
    shop = pl.col("sales").sum().over("scope") / pl.col("sales").sum()
    category = pl.when(pl.col("category").is_null()).then("shop").otherwise(_smoothed("category", "shop"))
    share = _smoothed("product_id", "category_share") if by_product else pl.col("category_share")
    repeated = pl.col("season_years") >= pl.col("shop_years").clip(upper_bound=2)
    lately = pl.col("last_day") >= pl.lit(days.span - 1 - SEASON_HISTORY_DAYS)
    judged = (
        counts.with_columns(shop=shop)
        .with_columns(category_share=category)
        .with_columns(season_index=share / pl.col("shop"), **_tested(group))
        .filter(pl.col("season_index") > LEAST_INDEX, lately, pl.col("shop_months") > 1, repeated | (not by_product))
    )
    return (
        judged.filter(_is_no_chance(judged, counts, group))
        .with_columns(
            kind=pl.lit("seasonal"),
            score=(1 - 1 / pl.col("season_index")) * pl.col("customers") / (pl.col("customers") + SHRINK_SALES),
            category=pl.lit(None, pl.String) if by_product else pl.col("category"),
        )
        .drop("sales", "shop", "category_share", "shop_years", "shop_months", "last_day", "in_season", "in_all")
    )


def _season_counts(days: CodedDays, products: pl.LazyFrame, hemisphere: Hemisphere) -> pl.DataFrame:
    """Per product and season: customers, sales, years and the last day of the product; and what the shop traded in that
    season."""
    day = pl.col("day")
    open_days = pl.DataFrame({"day": [sold for sold, _ in days.sold]}, schema={"day": pl.Date}).with_columns(
        season_of(day, hemisphere).alias("scope"), (day.dt.year() + (day.dt.month() == 12)).alias("year")
    )
    enough = open_days.group_by("scope", "year").len().filter(pl.col("len") >= _COVERING_DAYS)
    traded = (
        open_days.group_by("scope")
        .agg(season_days=pl.len(), shop_months=day.dt.month().n_unique())
        .join(enough.group_by("scope").agg(shop_years=pl.len()), on="scope", how="left")
        .with_columns(pl.col("shop_years").fill_null(0))
    )
    last = days.by_product(np.maximum, days.last_days)
    parts = [pl.DataFrame(schema=_SEASON_COUNTS)]
    for (scope,), in_season in open_days.group_by("scope"):
        by_year = [days.buyers(_marked(days, year["day"])) for _, year in in_season.group_by("year")]
        counts = {
            "customers": days.buyers(_marked(days, in_season["day"])),
            "sales": np.sum(by_year, axis=0),
            "season_years": np.sum([buyers > 0 for buyers in by_year], axis=0),
        }
        part = pl.DataFrame({"product_id": days.product_ids, **counts, "last_day": last})
        parts.append(part.with_columns(scope=pl.lit(scope)).select(_SEASON_COUNTS.keys()).filter(pl.col("sales") > 0))
    return (
        pl.concat(parts)
        .join(products.select("product_id", "category").collect(), on="product_id", how="left")
        .join(traded, on="scope")
        .sort("product_id", "scope")
    )


def _marked(days: CodedDays, chosen: pl.Series) -> Bools:
    """Which days of the history are among these dates."""
    marked = np.zeros(days.span, dtype=np.bool_)
    marked[(chosen - days.first_day).dt.total_days().to_numpy()] = True
    return marked


def _tested(group: str) -> dict[str, pl.Expr]:
    return {
        "in_season": pl.col("sales").sum().over(group, "scope"),
        "in_all": pl.col("sales").sum().over(group),
    }


def _is_no_chance(judged: pl.DataFrame, counts: pl.DataFrame, group: str) -> pl.Series:
    """Which rows pass the test; as many tests count as there are groups and seasons in `counts`."""
    tests = counts.select(group, "scope").n_unique()
    once = judged.select(group, "scope", "in_season", "in_all", "shop").unique([group, "scope"]).sort(group, "scope")
    in_season, in_all = (once[name].to_numpy().astype(np.int64) for name in ("in_season", "in_all"))
    chance = np.asarray(bdtrc(in_season.astype(np.float64) - 1, in_all, once["shop"].to_numpy()))
    ordered = np.sort(chance)
    below = ordered <= FALSE_DISCOVERIES * np.arange(1, len(ordered) + 1) / tests
    limit = ordered[below].max(initial=-1.0)
    passed = once.select(group, "scope", passed=pl.Series(chance <= limit, dtype=pl.Boolean))
    return judged.join(passed, on=[group, "scope"], how="left", nulls_equal=True, maintain_order="left")["passed"]


def _smoothed(group: str, prior: str) -> pl.Expr:
    """The group's share of the row's season, as if it had 20 more sales spread like `prior`."""
    in_season = pl.col("sales").sum().over(group, "scope")
    return (in_season + SHRINK_SALES * pl.col(prior)) / (pl.col("sales").sum().over(group) + SHRINK_SALES)
