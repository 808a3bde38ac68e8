"""Measures of quality on held-out data, under the name that this folder knows them by."""

from __future__ import annotations

from omnix_cli.steps.evaluation.forecast_metrics import (
    Bools,
    DateErrors,
    Floats,
    brier_score,
    calibration_error,
    date_errors,
    reliability,
)

__all__ = ["Bools", "DateErrors", "Floats", "brier_score", "calibration_error", "date_errors", "reliability"]
