"""What sells better than usual: in a recent window than in the one before, and in one season than in the others.

All from this shop's own sales: there is no calendar of categories.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from omnix_cli.days.seasons import FIRST_SEASON, SEASONS, Hemisphere

SHRINK_CUSTOMERS = 10
INTEREST_WEIGHT = 0.25
YEAR_DAYS = 365
SHRINK_SALES = 20
_PAIR = ["product_id", "customer_id"]


def trending(days: pl.LazyFrame, interactions: pl.LazyFrame, *, as_of: date, window_days: int) -> pl.DataFrame:
    """Products that rose faster than the shop in the last `window_days` days, with the counts behind it.

    The demand d of a product in a window is the number of its distinct customers plus a quarter of the customers who
    only showed interest. Had the product moved with the shop, its recent demand would be e = d(before) * growth, with
    separate growth rates for purchases and for interest. The score is (d - e) / (d + 10): the share of the recent
    demand above that, shrunk for few customers; only rises are kept. Nothing trends while the window before is empty.
    """
    bought = _by_window(days.select(*_PAIR, day="purchase_day"), as_of, window_days)
    wanted = interactions.filter(pl.col("interaction_type") != "remove_from_cart").select(*_PAIR, day="interaction_day")
    interested = _by_window(wanted, as_of, window_days).join(bought, on=[*_PAIR, "window"], how="anti")
    counts = (
        _counts(bought, "customers")
        .join(_counts(interested, "interested"), on="product_id", how="full", coalesce=True)
        .fill_null(0)
        .collect(engine="streaming")
    )
    recent = pl.col("customers") + INTEREST_WEIGHT * pl.col("interested")
    expected_interest = pl.col("interested_before") * _growth("interested")
    expected = pl.col("customers_before") * _growth("customers") + INTEREST_WEIGHT * expected_interest
    return (
        counts.filter(pl.col("customers_before").sum() > 0)
        .with_columns(
            kind=pl.lit("trending"), scope=pl.lit("all"), score=(recent - expected) / (recent + SHRINK_CUSTOMERS)
        )
        .filter(pl.col("customers") > 0, pl.col("score") > 0)
    )


def _by_window(events: pl.LazyFrame, as_of: date, window_days: int) -> pl.LazyFrame:
    """Each customer and product once per window: 0 is the recent one, 1 the one before."""
    age = (pl.lit(as_of) - pl.col("day")).dt.total_days()
    return (
        events.filter(pl.col("day") < as_of, pl.col("day") >= as_of - timedelta(days=2 * window_days))
        .select(*_PAIR, window=(age - 1) // window_days)
        .unique()
    )


def _counts(events: pl.LazyFrame, name: str) -> pl.LazyFrame:
    recent = (pl.col("window") == 0).sum().cast(pl.Int64)
    return events.group_by("product_id").agg(
        recent.alias(name), (pl.len().cast(pl.Int64) - recent).alias(f"{name}_before")
    )


def _growth(count: str) -> pl.Expr:
    """The shop's growth from one window to the next; 1 where the window before is empty."""
    before = pl.col(f"{count}_before").sum()
    return pl.when(before > 0).then(pl.col(count).sum() / before).otherwise(1.0)


def season_of(day: pl.Expr, hemisphere: Hemisphere) -> pl.Expr:
    """The meteorological season of a day: December to February is winter in the north, summer in the south."""
    first = FIRST_SEASON[hemisphere]
    quarter = day.dt.month() % 12 // 3
    return ((quarter + first) % len(SEASONS)).replace_strict(dict(enumerate(SEASONS)), return_dtype=pl.String)


def seasonal(days: pl.LazyFrame, products: pl.LazyFrame, *, hemisphere: Hemisphere, by_product: bool) -> pl.DataFrame:
    """Products that sell better in a season than the shop does, per season, with the index behind it.

    A sale is a customer who bought the product in one particular season (once, however often). The category's share
    of a season is (sales in it + 20 * the shop's share) / (sales + 20); the product's is smoothed toward its category's
    in the same way. The index is that share over the shop's share. With `by_product` false (less than a year of
    history, too little to tell a product's season from its trend) the category's index is used, and `category` names
    the category. The score is (1 - 1 / index) * customers / (customers + 20); only products above 1 are kept.
    """
    in_season = days.with_columns(
        season_of(pl.col("purchase_day"), hemisphere).alias("scope"),
        (pl.col("purchase_day").dt.year() + (pl.col("purchase_day").dt.month() == 12)).alias("year"),
    )
    season_days = in_season.group_by("scope").agg(pl.col("purchase_day").n_unique().alias("season_days"))
    counts = (
        in_season.group_by("product_id", "customer_id", "scope")
        .agg(pl.col("year").n_unique().alias("sales"))
        .group_by("product_id", "scope")
        .agg(pl.len().alias("customers"), pl.col("sales").sum())
        .join(products.select("product_id", "category"), on="product_id", how="left")
        .join(season_days, on="scope")
        .collect(engine="streaming")
    )
    shop = pl.col("sales").sum().over("scope") / pl.col("sales").sum()
    category = pl.when(pl.col("category").is_null()).then("shop").otherwise(_smoothed("category", "shop"))
    share = _smoothed("product_id", "category_share") if by_product else pl.col("category_share")
    return (
        counts.with_columns(shop=shop)
        .with_columns(category_share=category)
        .with_columns(season_index=share / pl.col("shop"))
        .filter(pl.col("season_index") > 1)
        .with_columns(
            kind=pl.lit("seasonal"),
            score=(1 - 1 / pl.col("season_index")) * pl.col("customers") / (pl.col("customers") + SHRINK_SALES),
            category=pl.lit(None, pl.String) if by_product else pl.col("category"),
        )
        .drop("sales", "shop", "category_share")
    )


def _smoothed(group: str, prior: str) -> pl.Expr:
    """The group's share of the row's season, as if it had 20 more sales spread like `prior`."""
    in_season = pl.col("sales").sum().over(group, "scope")
    return (in_season + SHRINK_SALES * pl.col(prior)) / (pl.col("sales").sum().over(group) + SHRINK_SALES)
