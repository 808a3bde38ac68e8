"""Products of a season, from this shop's own sales; no calendar of categories."""

from __future__ import annotations

from typing import Literal

import polars as pl

from omnix_cli.seasons import FIRST_SEASON, SEASONS

YEAR_DAYS = 365
SHRINK_CUSTOMERS = 20


def season_of(day: pl.Expr, hemisphere: Literal["northern", "southern"]) -> pl.Expr:
    """The meteorological season of a day: December to February is winter in the north, summer in the south."""
    first = FIRST_SEASON[hemisphere]
    quarter = day.dt.month() % 12 // 3
    return ((quarter + first) % len(SEASONS)).replace_strict(dict(enumerate(SEASONS)), return_dtype=pl.String)


def seasonal(
    days: pl.LazyFrame, products: pl.LazyFrame, *, hemisphere: Literal["northern", "southern"], by_product: bool
) -> pl.DataFrame:
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
            score=(1 - 1 / pl.col("season_index")) * pl.col("customers") / (pl.col("customers") + SHRINK_CUSTOMERS),
            category=pl.lit(None, pl.String) if by_product else pl.col("category"),
        )
        .drop("sales", "shop", "category_share")
    )


def _smoothed(group: str, prior: str) -> pl.Expr:
    """The group's share of the row's season, as if it had 20 more sales spread like `prior`."""
    in_season = pl.col("sales").sum().over(group, "scope")
    return (in_season + SHRINK_CUSTOMERS * pl.col(prior)) / (pl.col("sales").sum().over(group) + SHRINK_CUSTOMERS)
