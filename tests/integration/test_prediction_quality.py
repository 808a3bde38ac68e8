"""Predictions on a small part of a real grocer's year: better than simple scores, and honest."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from omnix_cli.days.chances import window_chance
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.evaluation.forecast_metrics import calibration_error, reliability
from omnix_cli.steps.forecasts.rhythms import rhythms
from tests.benchmarks.quality_predictions import catalogue, purchase_lines
from tests.measures import area_under_curve

CUTOFF = date(2017, 10, 1)
PAIR = ["customer_id", "product_id"]


@pytest.fixture(scope="module")
def forecasts() -> pl.DataFrame:
    """Every 12th household's predictions, with `true`: days until the next purchase, 10,000 when none came."""
    lines = purchase_lines().filter(pl.col("customer_id").cast(pl.Int64) % 12 == 0)
    settings = PredictionSettings(min_alive=0)
    known = cycles(lines.lazy(), as_of=CUTOFF).frames["cycles"].lazy()
    learnt = rhythms(lines.lazy(), known, catalogue(), as_of=CUTOFF, personal_purchases=3).frames
    output = StatisticalPredictor(settings).predict(
        known, learnt["rhythms"].lazy(), learnt["forecast_model"].lazy(), catalogue(), as_of=CUTOFF
    )
    later = lines.filter(pl.col("purchase_day") >= CUTOFF).group_by(PAIR)
    outcome = later.agg((pl.col("purchase_day").min() - pl.lit(CUTOFF)).dt.total_days().alias("true"))
    joined = output.frames["predictions"].join(outcome, on=PAIR, how="left")
    return joined.with_columns(pl.col("true").fill_null(10_000)).sort(PAIR)


def test_better_than_count_and_recency(forecasts: pl.DataFrame) -> None:
    regular = forecasts.filter(pl.col("purchase_days") >= 3)
    happened = (regular["true"] < 14).to_numpy()
    elapsed = regular.select((pl.lit(CUTOFF) - pl.col("last_day")).dt.total_days()).to_series().to_numpy()
    simple = area_under_curve(regular["purchase_days"].to_numpy() * np.exp(-elapsed / 60), happened)
    ours = area_under_curve(regular["probability_14d"].to_numpy(), happened)
    assert ours > simple + 0.005
    assert 0.72 < ours < 0.82


@pytest.mark.parametrize("days", [7, 14, 28])
def test_probabilities_come_true(forecasts: pl.DataFrame, days: int) -> None:
    happened = (forecasts["true"] < days).to_numpy()
    assert calibration_error(reliability(forecasts[f"probability_{days}d"].to_numpy(), happened)) < 0.01


def test_windows_hold_the_share_of_purchases_that_they_say(forecasts: pl.DataFrame) -> None:
    since = {name: (pl.col(name) - pl.lit(CUTOFF)).dt.total_days() for name in ("date_p10", "date_p90")}
    closed = forecasts.filter(pl.col("date_p90") < date(2018, 1, 1)).with_columns(**since)
    inside = closed["true"].is_between(closed["date_p10"].clip(0), closed["date_p90"])
    chance = closed.select(window_chance()).to_series().to_numpy()
    assert calibration_error(reliability(chance, inside.to_numpy())) < 0.05
