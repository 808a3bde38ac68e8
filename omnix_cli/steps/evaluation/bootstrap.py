"""How sure a figure is: intervals from resampled customers, and differences that are called one only when they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from omnix_cli.steps.evaluation.splits import Codes, Floats

SEED = 2020
RESAMPLES = 1000
LEVEL = 0.95
Statistic = Callable[[Floats], float]
"""A figure from the weight of each customer; NaN where it has no value."""


class Interval(NamedTuple):
    """A figure, and the interval that holds 95 % of its resampled values."""

    value: float
    low: float
    high: float


class Comparison(NamedTuple):
    """One figure less another, with its interval; `verdict` is better, worse or no difference."""

    difference: Interval
    verdict: str


class Resamples(NamedTuple):
    """Values of figures: of all customers, and of each resample (resamples x figures)."""

    names: tuple[str, ...]
    whole: Floats
    drawn: Floats

    def interval(self, name: str) -> Interval:
        """The percentile interval of a figure (Efron & Tibshirani 1993, chapter 13)."""
        place = self.names.index(name)
        return _interval(float(self.whole[place]), self.drawn[:, place])

    def compared(self, name: str, other: str, *, less_is_better: bool = False) -> Comparison:
        """The difference of two figures over the same resamples. It is a difference only if its interval leaves out
        0."""
        one, two = self.names.index(name), self.names.index(other)
        difference = _interval(float(self.whole[one] - self.whole[two]), self.drawn[:, one] - self.drawn[:, two])
        is_one = difference.low > 0 or difference.high < 0
        verdict = "no difference"
        if is_one:
            verdict = "better" if (difference.value < 0) == less_is_better else "worse"
        return Comparison(difference, verdict)


def of_means(values: Mapping[str, Floats], *, resamples: int = RESAMPLES, seed: int = SEED) -> Resamples:
    """Means over customers: each array has one value a customer, in the same order."""
    names = tuple(values)
    table = np.column_stack([values[name] for name in names]) if names else np.zeros((0, 0))
    size = len(table)
    whole = table.mean(axis=0) if size else np.full(len(names), np.nan)
    drawn = np.empty((resamples if size else 0, len(names)))
    for number, weights in enumerate(_weights(size, len(drawn), seed)):
        drawn[number] = weights @ table / size
    return Resamples(names, whole, drawn)


def of_case_means(
    values: Mapping[str, Floats], customer: Codes, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Resamples:
    """Means over cases, of which each belongs to a customer; the same as `of_statistics` of means, and faster."""
    names = tuple(values)
    _, owner = np.unique(customer, return_inverse=True)
    counts = np.bincount(owner).astype(np.float64)
    sums = np.column_stack([np.bincount(owner, values[name]) for name in names])
    whole = sums.sum(axis=0) / counts.sum()
    drawn = np.empty((resamples, len(names)))
    for number, weights in enumerate(_weights(len(counts), resamples, seed)):
        drawn[number] = weights @ sums / (weights @ counts)
    return Resamples(names, whole, drawn)


def of_statistics(
    statistics: Mapping[str, Statistic], customer: Codes, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Resamples:
    """Figures over cases, of which each belongs to a customer: customers are resampled with all their cases."""
    names = tuple(statistics)
    _, owner = np.unique(customer, return_inverse=True)
    size = int(owner.max(initial=-1)) + 1
    whole = np.array([statistics[name](np.ones(len(owner))) for name in names])
    drawn = np.empty((resamples if size else 0, len(names)))
    for number, weights in enumerate(_weights(size, len(drawn), seed)):
        of_cases = weights[owner]
        drawn[number] = [statistics[name](of_cases) for name in names]
    return Resamples(names, whole, drawn)


def of_intervals(resamples: int = RESAMPLES, *, of: str = "customers") -> str:
    """How the intervals are made, in words."""
    return f"{resamples:,} resamples of {of}, percentiles 2.5 and 97.5, seed {SEED}"


def _weights(customers: int, resamples: int, seed: int) -> Iterable[Floats]:
    """How often each customer is drawn, in each resample."""
    random = np.random.default_rng(seed)
    for _ in range(resamples):
        drawn = random.integers(0, customers, customers)
        yield np.bincount(drawn, minlength=customers).astype(np.float64)


def _interval(value: float, drawn: Floats) -> Interval:
    kept = drawn[np.isfinite(drawn)]
    if not len(kept) or not np.isfinite(value):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(kept, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))
