"""The state of a prediction, in one word."""

from __future__ import annotations

import polars as pl

from omnix_cli.days.chances import chance_within
from omnix_cli.schemas import URGENCIES
from omnix_cli.settings import PredictionSettings

SILENT = ("lapsed", "unlikely")
"""The states of what will probably not be bought again."""


def silence(settings: PredictionSettings) -> pl.Expr:
    """`lapsed` or `unlikely` where `alive` is below `lapsed_alive`, else null.

    Lapsed is what was bought repeatedly, and not for so long that few gaps are longer (`longest_usual_days`). Unlikely
    is what has no rhythm of its own (`own_gaps` is 0)."""
    is_silent = pl.col("alive") < settings.lapsed_alive
    beyond = (pl.col("purchase_days") > 1) & (pl.col("elapsed_days") > pl.col("longest_usual_days"))
    return (
        pl.when(is_silent & beyond)
        .then(pl.lit("lapsed"))
        .when(is_silent & (pl.col("own_gaps") == 0))
        .then(pl.lit("unlikely"))
    )


def urgency(settings: PredictionSettings, silent: pl.Expr) -> pl.Expr:
    """`urgent` and `upcoming` by the chance of a purchase within `urgent_days` and `upcoming_days`; else the state
    `silent`, if there is one; `overdue` when the interval has passed, `later` otherwise.

    Reads `elapsed_days` and what `chance_within` reads."""
    return (
        pl.when(chance_within(settings.urgent_days) >= settings.urgent_probability)
        .then(pl.lit("urgent"))
        .when(chance_within(settings.upcoming_days) >= settings.upcoming_probability)
        .then(pl.lit("upcoming"))
        .when(silent.is_not_null())
        .then(silent)
        .when(pl.col("elapsed_days") > pl.col("interval_days").round())  # never without an interval
        .then(pl.lit("overdue"))
        .otherwise(pl.lit("later"))
        .cast(pl.Enum(URGENCIES))
    )
