"""A made-up grocer, small enough for a test."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

START = date(2024, 1, 1)


def shop(customers: int = 40, weeks: int = 12, *, seed: int = 1) -> pl.DataFrame:
    """Every customer buys some favourites week by week, and now and then something else: customer_id, product_id,
    day."""
    random = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        favourites = random.choice(30, size=4, replace=False)
        for week in range(weeks):
            day = START + timedelta(days=7 * week + int(random.integers(0, 5)))
            others = random.choice(30, size=2, replace=False)
            bought = {*others.tolist(), *(int(item) for item in favourites if random.random() < 0.6)}
            rows.extend((f"c{customer:02}", f"p{product:02}", day) for product in bought)
    return pl.DataFrame(rows, schema=["customer_id", "product_id", "day"], orient="row")


def question(rows: pl.DataFrame, day: date) -> pl.DataFrame:
    """Every customer of the rows, asked about the day."""
    return rows.select("customer_id").unique().with_columns(day=pl.lit(day))
