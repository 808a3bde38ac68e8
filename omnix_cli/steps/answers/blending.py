"""The statistical predictions combined with the answers of a model."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.answers.calibration import Calibration
from omnix_cli.steps.forecasts.urgency import urgency

_PAIR = ["customer_id", "product_id"]


def blend(
    predictions: pl.DataFrame,
    patterns: pl.DataFrame,
    failed: pl.DataFrame,
    *,
    calibration: Calibration,
    settings: PredictionSettings,
    predictor: str,
    predictor_version: str,
    as_of: date,
) -> pl.DataFrame:
    """The frame `predictions`.

    `patterns` have the pair, `answered_interval`, `answered_date`, the `stated` confidence and `reasoning` (null where
    there is none to show). They give the interval, the date and the reason. The date is kept within one statistical
    interval of the window, which is widened to include it. Probabilities and quantity stay statistical; the confidence
    is recalibrated. Patterns whose date has passed are ignored. All other rows stay as they are; those of the pairs in
    `failed` are marked as a fallback."""
    spec = FRAMES["predictions"]
    pending = patterns.filter(pl.col("answered_date") >= as_of)
    marked = predictions.join(pending, on=_PAIR, how="anti").join(
        failed.select(_PAIR).with_columns(failed=pl.lit(True)), on=_PAIR, how="left"
    )
    statistical = marked.with_columns(fallback=pl.col("failed").fill_null(False))
    answered = _answered(predictions.join(pending, on=_PAIR), calibration, settings, as_of).with_columns(
        predictor=pl.lit(predictor), predictor_version=pl.lit(predictor_version), fallback=pl.lit(False)
    )
    columns = spec.schema.column_names()
    return spec.conform(pl.concat([statistical.select(columns), answered.select(columns)]).sort(spec.sort))


def _answered(rows: pl.DataFrame, calibration: Calibration, settings: PredictionSettings, as_of: date) -> pl.DataFrame:
    confidence = calibration.confidence(rows["stated"].to_numpy(), rows["confidence"].to_numpy())
    reach = pl.duration(days=pl.col("interval_days").ceil().clip(1))
    earliest = pl.max_horizontal(pl.lit(as_of), pl.col("date_p10") - reach)
    day = pl.col("answered_date").clip(earliest, pl.col("date_p90") + reach)
    return (
        rows.with_columns(pl.Series("confidence", np.round(confidence, 6)), predicted_date=day)
        .with_columns(
            date_p10=pl.min_horizontal("date_p10", "predicted_date"),
            date_p90=pl.max_horizontal("date_p90", "predicted_date"),
            interval_days=pl.col("answered_interval").round(3),
            reason=pl.coalesce("reasoning", "reason"),
            days_ahead=(pl.col("predicted_date") - pl.lit(as_of)).dt.total_days(),
            elapsed_days=(pl.lit(as_of) - pl.col("last_day")).dt.total_days(),
        )
        .with_columns(urgency=urgency(settings))
    )
