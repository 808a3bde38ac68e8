from __future__ import annotations

from math import exp, log

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.days.chances import alive_days, chance_within, scaled_to, window_chance

SHARES = st.floats(0, 0.999)


def row(p7: float, p14: float, p28: float, alive: float, interval: float = 10.0) -> pl.DataFrame:
    names = ("probability_7d", "probability_14d", "probability_28d", "alive", "interval_days")
    return pl.DataFrame([dict(zip(names, (p7, p14, p28, alive, interval), strict=True))])


@pytest.mark.parametrize(
    ("interval", "expected"), [(2.0, 28.0), (10.0, 40.0), (60.0, 182.0), (91.0, 182.0), (365.0, 730.0)]
)
def test_alive_is_about_four_intervals_within_bounds(interval: float, expected: float) -> None:
    assert row(0, 0, 0, 0, interval).select(alive_days(pl.col("interval_days"))).item() == expected


@pytest.mark.parametrize(("days", "expected"), [(7, 0.2), (14, 0.3), (28, 0.5), (40, 0.6), (400, 0.6), (0, 0.0)])
def test_stated_chances_are_kept_and_nothing_is_added_after_the_last(days: int, expected: float) -> None:
    assert row(0.2, 0.3, 0.5, 0.6).select(chance_within(days)).item() == pytest.approx(expected)


def test_the_rate_is_constant_in_between() -> None:
    halfway = row(0.2, 0.3, 0.5, 0.6).select(chance_within(21)).item()
    assert halfway == pytest.approx(1 - exp((log(1 - 0.3) + log(1 - 0.5)) / 2))


@given(st.lists(SHARES, min_size=4, max_size=4).map(sorted), st.floats(0.5, 700), st.integers(0, 900))
def test_longer_waits_have_larger_chances(chances: list[float], interval: float, days: int) -> None:
    first, next = (
        row(*chances, interval).select(chance_within(days).alias("a"), chance_within(days + 1).alias("b")).row(0)
    )
    assert 0 <= first <= next + 1e-6 <= 1 + 1e-6


@given(st.lists(st.floats(0.001, 0.99), min_size=4, max_size=4).map(sorted), st.floats(0, 0.79))
def test_scaled_chances_stay_in_order_and_give_the_window_its_chance(chances: list[float], wanted: float) -> None:
    scaled = row(*chances).select(scaled_to(pl.lit(wanted)))
    assert list(scaled.row(0)) == sorted(scaled.row(0))
    assert scaled.select(window_chance()).item() == pytest.approx(wanted, abs=1e-5)
