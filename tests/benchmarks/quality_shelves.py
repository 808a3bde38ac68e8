"""How much of what a homepage calls due is bought soon after, shelf by shelf, beside what it says.

Complete Journey: everything before a day is known, the days after it are the truth. The whole plan runs with default
settings as of `--as-of`; what is chosen is chosen on a day whose truth ends before the day that is reported.
"""

from __future__ import annotations

import argparse
import os
from datetime import date, timedelta

import polars as pl

from omnix_cli import schemas
from omnix_cli.plan import plan
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.steps import Resources, whole
from omnix_cli.settings import PredictionSettings, Settings
from tests.benchmarks.quality_recommendations import as_purchases, catalogue, days

_PAIR = ["customer_id", "product_id"]


def main() -> None:
    """Prints for each shelf of the homepage its items, their mean confidence, and how many were bought within 7 and 14
    days; for all items, and for those of households that shopped in the 14 days."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2017, 8, 1), help="The day of the run.")
    parser.add_argument("--households", type=int, help="Only the first so many households.")
    options = parser.parse_args()
    rows = days(options.households)
    pages = homepages(rows, catalogue(options.households).lazy(), options.as_of)
    later = rows.filter(pl.col("purchase_day") >= options.as_of)
    print(report(pages, later, options.as_of).write_csv(separator="\t", float_precision=4))


def homepages(rows: pl.DataFrame, products: pl.LazyFrame, as_of: date) -> pl.DataFrame:
    """The lists of a night of that day, through every step of the plan."""
    settings = Settings()
    frames: dict[str, pl.LazyFrame] = {
        "purchases": as_purchases(rows.filter(pl.col("purchase_day") < as_of)).lazy(),
        "products": products,
        "customers": schemas.FRAMES["customers"].empty().lazy(),
        "interactions": schemas.FRAMES["interactions"].empty().lazy(),
    }
    resources = Resources(threads=os.cpu_count() or 1, memory_bytes=4 * 2**30)
    for step in plan(StatisticalPredictor(PredictionSettings())):
        arguments = dict(step.settings(settings))
        arguments |= {"as_of": as_of} if step.dated else {}
        arguments |= {"resources": resources} if step.needs_resources else {}
        made = whole(step.function(**{name: frames[name] for name in step.inputs}, **arguments))
        frames |= {name: frame.lazy() for name, frame in made.frames.items()}
    return frames["recommendations"].filter(pl.col("kind") == "personal").collect()


def report(pages: pl.DataFrame, later: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per shelf."""
    first = later.group_by(_PAIR).agg(first=pl.col("purchase_day").min())
    came = later.filter(pl.col("purchase_day") < as_of + timedelta(days=14)).select("customer_id").unique()
    judged = pages.join(first, on=_PAIR, how="left").join(
        came.with_columns(came=pl.lit(True)), on="customer_id", how="left"
    )
    within = {f"within_{n}d": (pl.col("first") < as_of + timedelta(days=n)).fill_null(False) for n in (7, 14)}
    of_shoppers = pl.col("within_14d").filter(pl.col("came").fill_null(False)).mean()
    return (
        judged.with_columns(**within)
        .group_by(pl.col("shelf").cast(pl.String))
        .agg(
            items=pl.len(),
            confidence=pl.col("confidence").mean(),
            within_7d=pl.col("within_7d").mean(),
            within_14d=pl.col("within_14d").mean(),
            within_14d_of_shoppers=of_shoppers,
        )
        .sort("shelf")
    )


if __name__ == "__main__":
    main()
