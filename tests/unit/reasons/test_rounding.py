"""Round numbers in reasons."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.reasons.rounding import about_percent, at_least

SERIES = sorted({1, 2, 3, *(lead * 10**power for power in range(10) for lead in (1, 2, 5))})


def test_counts_are_rounded_down() -> None:
    counts = [1, 2, 3, 4, 5, 9, 10, 19, 20, 34, 49, 50, 99, 100, 7_654, None]
    said = pl.DataFrame({"n": counts}).select(at_least(pl.col("n"))).to_series().to_list()
    assert said == [1, 2, 3, 3, 5, 5, 10, 10, 20, 20, 20, 50, 50, 100, 5_000, None]


@settings(deadline=None)
@given(st.integers(1, 2**31 - 1))
def test_a_count_is_the_largest_of_the_series_that_it_reaches(count: int) -> None:
    assert pl.select(at_least(pl.lit(count))).item() == max(one for one in SERIES if one <= count)


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(0, 9, 0), (1, 3, 35), (2, 3, 65), (1, 1, 100), (3, 30, 10), (29, 300, 10), (2, 60, 3), (1, 40, 3), (1, 8, 15)],
)
def test_shares_are_rounded(part: int, whole: int, percent: int) -> None:
    assert pl.select(about_percent(pl.lit(part), pl.lit(whole))).item() == percent


@settings(deadline=None)
@given(st.integers(1, 10**6).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_a_share_is_never_off_by_more_than_half_a_step(share: tuple[int, int]) -> None:
    said = pl.select(about_percent(pl.lit(share[0]), pl.lit(share[1]))).item()
    exact = Fraction(100 * share[0], share[1])
    assert abs(said - exact) <= (Fraction(5, 2) if exact >= 10 else Fraction(1, 2))
