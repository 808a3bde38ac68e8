from __future__ import annotations

from datetime import date, timedelta

import pytest

from omnix_cli.days.stray_sales import bulk

DAYS = [(date(2024, 1, 1) + timedelta(days=day), 3) for day in range(270)]


@pytest.mark.parametrize("stray", [date(1990, 1, 1), date(1999, 12, 31), date(2026, 6, 1)])
def test_a_day_years_apart_strays(stray: date) -> None:
    assert bulk(sorted([*DAYS, (stray, 1)])) == DAYS


@pytest.mark.parametrize("counts", [[], [(date(1990, 1, 1), 1)], [(date(2023, 6, 1), 1), *DAYS]])
def test_what_is_near_or_all_there_is_does_not(counts: list[tuple[date, int]]) -> None:
    assert bulk(counts) == counts
