from __future__ import annotations

from math import log

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from omnix_cli.steps.forecasts.hazard import probability_within
from omnix_cli.steps.forecasts.renewal import DAYS, is_long, is_steady, renewal_curve


def tree(elapsed: int, *, gaps: int = 4, interval: float = 365.0, deviation: float = 0.01) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "own_gaps": gaps,
                "mean_log_gap": log(interval),
                "std_log_gap": deviation,
                "interval_days": interval,
                "elapsed_days": elapsed,
            }
        ]
    )


def chance(pairs: pl.DataFrame, days: float, *, otherwise: float = 0.0) -> float:
    ended = np.full((1, len(DAYS)), otherwise)
    return float(probability_within(renewal_curve(pairs, ended), days, DAYS)[0])


def test_before_the_day_it_is_likely_and_after_a_purchase_it_is_not() -> None:
    assert chance(tree(350), 28) > 0.75
    assert chance(tree(30), 28) < 0.001
    assert chance(tree(30), 365) == pytest.approx(5 / 6, abs=0.01)


def test_silence_beyond_the_rhythm_means_that_it_has_ended() -> None:
    chances = [chance(tree(elapsed), 90) for elapsed in (365, 380, 400, 450)]
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] < 0.01


def test_a_rhythm_that_has_ended_is_left_to_the_other_model() -> None:
    assert chance(tree(900), 28, otherwise=0.1) == pytest.approx(0.1)
    assert chance(tree(30), 28, otherwise=0.06) == pytest.approx(0.01)


def test_it_is_the_log_normal_gap_given_the_silence_so_far() -> None:
    deviation = ((4 * 0.05**2 + 2 * 0.03**2) / 6) ** 0.5
    gap = norm(log(365), deviation)
    survived = gap.sf(log(349.5))
    inside = gap.cdf(log(377.5)) - gap.cdf(log(349.5))
    expected = 5 / 6 * inside / (5 / 6 * survived + 1 / 6)
    assert chance(tree(350, deviation=0.05), 28) == pytest.approx(expected)


def test_curves_never_fall() -> None:
    assert (np.diff(renewal_curve(tree(100), np.zeros((1, len(DAYS))))) >= 0).all()


@pytest.mark.parametrize(
    ("pair", "steady", "long"),
    [
        (tree(10), True, True),
        (tree(10, gaps=1), False, True),
        (tree(10, deviation=0.2), False, True),
        (tree(10, interval=30.0), True, False),
        (tree(10).with_columns(std_log_gap=pl.lit(None, pl.Float64)), False, True),
    ],
)
def test_what_counts_as_steady_and_long(pair: pl.DataFrame, steady: bool, long: bool) -> None:
    assert pair.select(is_steady(2), is_long().alias("long")).row(0) == (steady, long)
