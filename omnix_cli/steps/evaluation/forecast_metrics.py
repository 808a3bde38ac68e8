"""Metrics of forecasts on held-out data: chances (AUC, Brier, calibration), dates (errors, windows).

Each `*_of` prepares a statistic that takes the weight of each case, for resampling; the plain functions weigh all cases
alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Weighted = Callable[[Floats], float]
BINS = 10


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


def mean_of(values: Floats | Bools) -> Weighted:
    """The weighted mean; NaN of nothing."""

    def statistic(weights: Floats) -> float:
        total = weights.sum()
        return float(weights @ values / total) if total else float("nan")

    return statistic


def median_of(values: Floats) -> Weighted:
    """The weighted median: the middle of the two values around half of the weight."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]

    def statistic(weights: Floats) -> float:
        below = np.cumsum(weights[order])
        if not len(below) or not below[-1]:
            return float("nan")
        half = below[-1] / 2
        low = int(np.searchsorted(below, half, side="left"))
        high = min(int(np.searchsorted(below, half, side="right")), len(ordered) - 1)
        return float((ordered[low] + ordered[high]) / 2)

    return statistic


def auc_of(score: Floats, happened: Bools) -> Weighted:
    """AUC: the chance that a case that happened has the higher score, ties counting half; NaN without both kinds."""
    order = np.argsort(score, kind="stable")
    is_hit = happened[order]
    _, group = np.unique(score[order], return_inverse=True)
    groups = int(group.max(initial=-1)) + 1

    def statistic(weights: Floats) -> float:
        ordered = weights[order]
        positive = np.bincount(group, ordered * is_hit, groups)
        negative = np.bincount(group, ordered * ~is_hit, groups)
        pairs = positive.sum() * negative.sum()
        below = np.cumsum(negative) - negative / 2
        return float(positive @ below / pairs) if pairs else float("nan")

    return statistic


def area_under_curve(score: Floats, happened: Bools) -> float:
    """AUC of cases that count alike (Hanley & McNeil 1982)."""
    return auc_of(score, happened)(np.ones(len(score)))


def brier_of(probability: Floats, happened: Bools) -> Weighted:
    """The mean of (probability - outcome)^2 (Brier 1950)."""
    return mean_of((probability - happened) ** 2)


def brier_score(probability: Floats, happened: Bools) -> float:
    """The Brier score of cases that count alike."""
    return brier_of(probability, happened)(np.ones(len(probability)))


def log_loss(probability: Floats, happened: Bools) -> float:
    """The mean of -log of the probability given to what happened, probabilities kept 1e-9 away from 0 and 1."""
    kept = np.clip(probability, 1e-9, 1 - 1e-9)
    return float(-np.where(happened, np.log(kept), np.log1p(-kept)).mean())


def coverage(first_days: Floats, last_days: Floats, true_days: Floats) -> float:
    """The share of true days within their window, both ends included."""
    return float(((true_days >= first_days) & (true_days <= last_days)).mean())


def reliability(probability: Floats, happened: Bools, *, bins: int = BINS) -> pl.DataFrame:
    """One row per bin of equal width that has cases: `cases`, mean probability `predicted`, share that `happened`."""
    number = _bins(probability, bins)
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


def calibration_of(probability: Floats, happened: Bools, *, bins: int = BINS) -> Weighted:
    """The expected calibration error over bins of equal width (Naeini et al., AAAI 2015)."""
    number, excess = _bins(probability, bins), probability - happened

    def statistic(weights: Floats) -> float:
        total = weights.sum()
        return float(np.abs(np.bincount(number, weights * excess, bins)).sum() / total) if total else float("nan")

    return statistic


def _bins(probability: Floats, bins: int) -> npt.NDArray[np.int64]:
    return np.minimum((probability * bins).astype(np.int64), bins - 1)
