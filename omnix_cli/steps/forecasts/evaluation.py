"""Measures of quality on held-out data: errors of dates, calibration of probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class DateErrors:
    """How far predicted days were off, in days; `within_*` are shares."""

    mean: float
    median: float
    within_1_day: float
    within_7_days: float


def date_errors(predicted_days: Floats, true_days: Floats) -> DateErrors:
    """The errors |predicted - true|, both in days from the same day."""
    error = np.abs(predicted_days - true_days)
    return DateErrors(
        float(error.mean()), float(np.median(error)), float((error <= 1).mean()), float((error <= 7).mean())
    )


def brier_score(probability: Floats, happened: Bools) -> float:
    """The mean of (probability - outcome)^2."""
    return float(((probability - happened) ** 2).mean())


def reliability(probability: Floats, happened: Bools, *, bins: int = 10) -> pl.DataFrame:
    """One row per bin of equal width that has cases: `cases`, mean probability `predicted`, share that `happened`."""
    number = np.minimum((probability * bins).astype(np.int64), bins - 1)
    cases = np.bincount(number, minlength=bins)
    filled = cases > 0
    return pl.DataFrame(
        {
            "from": np.flatnonzero(filled) / bins,
            "cases": cases[filled],
            "predicted": np.bincount(number, weights=probability, minlength=bins)[filled] / cases[filled],
            "happened": np.bincount(number, weights=happened, minlength=bins)[filled] / cases[filled],
        }
    )


def calibration_error(table: pl.DataFrame) -> float:
    """The mean of |predicted - happened| of a table of `reliability`, weighted by cases."""
    predicted, happened, cases = (table[name].to_numpy() for name in ("predicted", "happened", "cases"))
    return float(np.average(np.abs(predicted - happened), weights=cases))
