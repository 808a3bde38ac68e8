"""What the ranker of a run is fitted to: the content of these rows is its key."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from omnix_cli.steps.history import SEEN_COLUMNS


def fit_day(as_of: date) -> date:
    """The day that the ranker of a run is fitted for: the last Monday, or the day itself. What was bought since then
    changes the rankings, not the model."""
    return as_of - timedelta(days=as_of.weekday())


def fitted_purchases(purchases: pl.LazyFrame, day: date) -> pl.LazyFrame:
    """The lines that a fit for this day uses."""
    return purchases.filter(pl.col("purchase_day") < day).select(SEEN_COLUMNS)


def fitted_products(products: pl.LazyFrame, day: date) -> pl.LazyFrame:
    """What a fit uses of the catalogue, on any day."""
    return products.select("product_id", "category")
