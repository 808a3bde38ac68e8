from __future__ import annotations

from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.steps.forecasts.hazard import (
    HORIZON_DAYS,
    LAST_DAY,
    STATIC_TERMS,
    TERMS,
    cumulative_rate,
    day_of_chance,
    fit_hazard,
    probability_within,
)

Rows = dict[str, np.ndarray]


def rows(rate: list[float], **terms: list[float]) -> Rows:
    """Rows whose terms are all 0 but the level and those given; elapsed is 1, interval 10."""
    count = len(rate)
    columns: Rows = {name: np.zeros(count) for name in STATIC_TERMS} | {"level": np.ones(count)}
    columns |= {name: np.array(values, dtype=float) for name, values in terms.items()}
    return columns | {"elapsed": np.ones(count), "interval": np.full(count, 10.0), "rate": np.array(rate)}


def test_without_anything_learnt_purchases_come_at_the_base_rate() -> None:
    total = cumulative_rate(rows([0.1, 0.01]), dict.fromkeys(TERMS, 0.0))
    for days in (1.0, 7.0, 8.5, 100.0):
        assert probability_within(total, days) == pytest.approx([1 - exp(-0.1 * days), 1 - exp(-0.01 * days)])


def test_a_term_multiplies_the_rate() -> None:
    coefficients = dict.fromkeys(TERMS, 0.0) | {"level": 0.5, "recency": -0.3}
    total = cumulative_rate(rows([0.1], recency=[2.0]), coefficients)
    assert probability_within(total, 7.0) == pytest.approx([1 - exp(-0.1 * 7 * exp(0.5 - 0.6))])


@given(st.floats(1e-5, 2), st.floats(0, 0.999), st.lists(st.floats(-1, 1), min_size=len(TERMS), max_size=len(TERMS)))
def test_chance_and_day_are_each_other_s_inverse(rate: float, share: float, values: list[float]) -> None:
    total = cumulative_rate(rows([rate], recency=[0.7]), dict(zip(TERMS, values, strict=True)))
    assert (np.diff(total[0]) > 0).all()
    within = probability_within(total, float(HORIZON_DAYS))
    day = day_of_chance(total, share * within)
    assert 0 <= day[0] <= HORIZON_DAYS
    if within[0] < 0.999:
        assert probability_within(total, day) == pytest.approx(share * within, rel=1e-6, abs=1e-9)


def test_nothing_follows_after_the_horizon() -> None:
    total = cumulative_rate(rows([0.02]), dict.fromkeys(TERMS, 0.0))
    assert probability_within(total, 9000.0) == probability_within(total, float(LAST_DAY))


def test_a_known_rate_is_recovered() -> None:
    random = np.random.default_rng(3)
    count = 20_000
    active = random.integers(0, 2, count).astype(float)
    true_rate = 0.02 * np.exp(1.2 * active)
    days = np.floor(random.exponential(1 / true_rate))
    followed = random.choice([14.0, 56.0, 112.0], count)
    seen = np.where(days < followed, days, np.nan)
    told = rows([0.05] * count, recency=list(active))
    fitted = fit_hazard(told, seen, followed, np.ones(count))
    total = cumulative_rate(rows([0.05, 0.05], recency=[0.0, 1.0]), fitted)
    for days_ahead in (7.0, 28.0, 84.0):
        expected = [1 - exp(-0.02 * days_ahead), 1 - exp(-0.02 * exp(1.2) * days_ahead)]
        assert probability_within(total, days_ahead) == pytest.approx(expected, abs=0.02)


def test_a_weight_counts_like_so_many_rows() -> None:
    days, followed = np.array([3.0, np.nan, 20.0]), np.full(3, 28.0)
    once = fit_hazard(rows([0.1] * 3, recency=[0, 1, 2]), days, followed, np.array([2.0, 1.0, 3.0]))
    again = [0, 0, 1, 2, 2, 2]
    many = fit_hazard(rows([0.1] * 6, recency=again), days[again], followed[[0] * 6], np.ones(6))
    assert once == pytest.approx(many, abs=1e-6)


def test_no_rows_teach_nothing() -> None:
    nothing = np.array([])
    assert fit_hazard(rows([]), nothing, nothing, nothing) == dict.fromkeys(TERMS, 0.0)
