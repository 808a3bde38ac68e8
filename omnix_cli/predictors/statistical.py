"""The statistical predictor: fitted rates turned into dates, windows, probabilities, urgency and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from omnix_cli import schemas
from omnix_cli.days.chances import alive_days
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.settings import PredictionSettings, dump
from omnix_cli.steps.forecasts.evidence import evidence, shrunk
from omnix_cli.steps.forecasts.hazard import (
    Coefficients,
    columns,
    cumulative_rate,
    day_of_chance,
    probability_within,
)
from omnix_cli.steps.forecasts.intervals import log_interval
from omnix_cli.steps.forecasts.rhythms import PERSONAL, SHARED, model_parts
from omnix_cli.steps.forecasts.urgency import silence, urgency

PRIOR_PURCHASES = 2.0
UNUSUALLY_LONG = 1.2816
"""Nine of ten gaps are shorter than the log-normal gap so many standard deviations above the mean."""
ROWS_AT_A_TIME = 131_072


class StatisticalPredictor:
    """Forecasts from the customer's own rhythm, shrunk to the product's, the category's and everyone's.

    - The chance of a purchase within n days is that of `steps.forecasts.hazard`, fitted on earlier days of the same
      history.
    - `interval_days` is the likeliest gap of `steps.forecasts.intervals`. `alive` is the chance of a purchase within
      `chances.alive_days`: it falls as a pair stays silent beyond its rhythm, and pairs below `min_alive` get no
      prediction.
    - `urgency` is that of `steps.forecasts.urgency`.
    - `date_p10`..`date_p90` bound the middle 80 % of the days of a purchase within that time. `next_expected_date` is
      the last purchase plus the interval, moved into the window; once that day has passed, the median day of what can
      still come. It is never before `as_of`.
    - `predicted_date` is the same. For what is overdue it is the day the product was due: the last purchase plus the
      interval. The window begins on that day and ends with the first 80 % of the purchases that can still come.
    """

    name = "statistical"
    version = "2"
    inputs: tuple[str, ...] = ("cycles", "rhythms", "forecast_model", "products")
    outputs: tuple[str, ...] = ("predictions",)
    by_customer: tuple[str, ...] = ("cycles",)

    def __init__(self, parameters: PredictionSettings, *, min_customers: int = 3) -> None:
        self._parameters = parameters
        self._min_customers = min_customers

    def stand_in(self) -> None:
        """It needs no service."""

    def parameters(self) -> Mapping[str, Any]:
        """The settings it reads, and the number of customers that a shared rhythm needs to be named in a reason."""
        others = {"predictor", "gate", "compare_days", "compare_customers"}
        read = {name: value for name, value in dump(self._parameters).items() if name not in others}
        return {**read, "min_customers": self._min_customers}

    def predict(
        self,
        cycles: pl.LazyFrame,
        rhythms: pl.LazyFrame,
        forecast_model: pl.LazyFrame,
        products: pl.LazyFrame,
        *,
        as_of: date,
    ) -> StepOutput:
        """The frame `predictions`, and the number of pairs without one because they were not bought for too long."""
        spec, personal = schemas.FRAMES["predictions"], self._parameters.personal_purchases
        parts = model_parts(forecast_model.collect())
        if not parts:
            return StepOutput({"predictions": spec.empty()}, {"silent_pairs": 0})
        known = evidence(cycles, rhythms, products, as_of=as_of, personal_purchases=personal).drop("gap_days")
        pairs = known.with_columns(
            log_interval(parts["interval"]).exp().round(3).alias("interval_days"), _longest_usual()
        ).collect()
        pieces = [
            self._describe(_forecast(piece, parts[part]), as_of).select(spec.schema.column_names())
            for part, chosen in ((PERSONAL, pl.col("own_gaps") > 0), (SHARED, pl.col("own_gaps") == 0))
            for piece in pairs.filter(chosen).iter_slices(ROWS_AT_A_TIME)
        ]
        predictions = pl.concat(pieces).sort(spec.sort) if pieces else spec.empty()
        silent = pairs.height - predictions.height
        return StepOutput({"predictions": spec.conform(predictions)}, {"silent_pairs": silent})

    def _describe(self, forecasts: pl.DataFrame, as_of: date) -> pl.DataFrame:
        """The pairs still alive, with dates, expected quantity, urgency, reason, and this predictor's name."""
        quantity = shrunk(
            pl.col("typical_quantity"), pl.col("purchase_days"), pl.col("product_quantity"), PRIOR_PURCHASES
        )
        described = forecasts.filter(pl.col("alive") >= self._parameters.min_alive).with_columns(
            quantity.round(3).alias("expected_quantity"),
            urgency(self._parameters, silence(self._parameters)).alias("urgency"),
            _reason(self._min_customers).alias("reason"),
            pl.lit(self.name).alias("predictor"),
            pl.lit(self.version).alias("predictor_version"),
            pl.lit(False).alias("fallback"),
        )
        return described.with_columns(
            (pl.lit(as_of) + pl.duration(days=days)).alias(name) for name, days in _days_ahead().items()
        )


def _forecast(pairs: pl.DataFrame, coefficients: Coefficients) -> pl.DataFrame:
    """The pairs with their probabilities, and the days ahead by which a tenth, half, 80 % and 90 % of the purchases
    within the time of `alive` have happened: `days_10` to `days_90`."""
    total = cumulative_rate(columns(pairs.lazy()), coefficients)
    alive = probability_within(total, pairs.select(alive_days(pl.col("interval_days"))).to_series().to_numpy())
    figures = {f"probability_{days}d": probability_within(total, float(days)) for days in (7, 14, 28)}
    return pairs.with_columns(
        *(pl.Series(name, np.round(values, 6)) for name, values in (figures | {"alive": alive}).items()),
        *(
            pl.Series(f"days_{share}", np.floor(day_of_chance(total, share / 100 * alive)), dtype=pl.Int64)
            for share in (10, 50, 80, 90)
        ),
    )


def _longest_usual() -> pl.Expr:
    longest = (pl.col("own_log_gap") + UNUSUALLY_LONG * pl.col("own_spread").sqrt()).exp()
    return longest.alias("longest_usual_days")


def _days_ahead() -> dict[str, pl.Expr]:
    """The dates of a prediction, in days from the day of the run."""
    due = pl.col("interval_days").round().cast(pl.Int64) - pl.col("elapsed_days")
    expected = pl.when(due >= 0).then(due.clip(pl.col("days_10"), pl.col("days_90"))).otherwise("days_50")
    is_overdue = pl.col("urgency") == "overdue"
    return {
        "next_expected_date": expected,
        "predicted_date": pl.when(is_overdue).then(due).otherwise(expected),
        "date_p10": pl.when(is_overdue).then(due).otherwise("days_10"),
        "date_p90": pl.when(is_overdue).then("days_80").otherwise("days_90"),
    }


def _reason(min_customers: int) -> pl.Expr:
    """The reason in words: the customer's own median gap, else the closest rhythm that enough customers share."""
    count = pl.col("purchase_days")
    times = (
        pl.when(count == 1)
        .then(pl.lit("once,"))
        .when(count == 2)
        .then(pl.lit("twice, last"))
        .otherwise(pl.format("{} times, last", count))
    )
    since = _days(pl.col("elapsed_days"))
    shared = pl.lit("nobody can say yet how often this is needed")
    for level, wording in (
        ("global", "customers who buy a product again need it about every {}"),
        ("category", "customers who buy products of this kind need them about every {}"),
        ("product", "customers who buy this need it about every {}"),
    ):
        usual = pl.format(wording, _days(pl.col(f"mean_log_gap_{level}").exp()))
        shared = pl.when(pl.col(f"repeaters_{level}") >= min_customers).then(usual).otherwise(shared)
    return (
        pl.when(pl.col("own_gaps") > 0)
        .then(pl.format("you buy this about every {}, last {} ago", _days(pl.col("median_gap_days")), since))
        .otherwise(pl.format("{}; you bought it {} {} ago", shared, times, since))
    )


def _days(days: pl.Expr) -> pl.Expr:
    whole = days.round().cast(pl.Int64).clip(1)
    return pl.when(whole == 1).then(pl.lit("1 day")).otherwise(pl.format("{} days", whole))
