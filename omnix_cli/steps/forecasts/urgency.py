"""How urgent a prediction is, in one word."""

from __future__ import annotations

import polars as pl

from omnix_cli.schemas import URGENCIES
from omnix_cli.settings import PredictionSettings


def urgency(settings: PredictionSettings) -> pl.Expr:
    """`urgent` and `upcoming` by due days and confidence; else `lapsed` when `alive` is below `lapsed_alive`,
    `overdue` when the interval has passed, `later` otherwise.

    Reads `days_ahead`, `confidence`, `alive`, `elapsed_days` and `interval_days`."""
    ahead, confidence = pl.col("days_ahead"), pl.col("confidence")
    return (
        pl.when((ahead <= settings.urgent_days) & (confidence > settings.urgent_confidence))
        .then(pl.lit("urgent"))
        .when((ahead <= settings.upcoming_days) & (confidence > settings.upcoming_confidence))
        .then(pl.lit("upcoming"))
        .when(pl.col("alive") < settings.lapsed_alive)
        .then(pl.lit("lapsed"))
        .when(pl.col("elapsed_days") > pl.col("interval_days"))
        .then(pl.lit("overdue"))
        .otherwise(pl.lit("later"))
        .cast(pl.Enum(URGENCIES))
    )
