from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.days.trading_days import Calendar, closing_days

FIRST = date(2023, 1, 2)
YEAR = [FIRST + timedelta(days=number) for number in range(364)]
FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2024, 5, day) for day in (31, 25, 26, 27))


def closed_by(sold: Iterable[date], customers: int = 20) -> list[str]:
    return closing_days(dict.fromkeys(sold, customers))


def test_a_weekday_without_sales_and_a_holiday_are_closed_by() -> None:
    """A wholesaler that sold on one Saturday of 52, never on Sundays, and not on 25 December."""
    sold = [day for day in YEAR if day.weekday() < 5 and day != date(2023, 12, 25)]
    assert closed_by([*sold, date(2023, 6, 3)]) == ["saturday", "sunday", "12-25"]


def test_a_shop_that_is_open_every_day_has_none() -> None:
    assert closed_by(YEAR) == []


def test_a_day_that_was_open_in_one_of_two_years_is_no_closing_day() -> None:
    sold = [FIRST + timedelta(days=number) for number in range(720)]
    assert closed_by([day for day in sold if day != date(2023, 12, 25)]) == ["12-25"]
    assert closed_by([day for day in sold if day != date(2023, 7, 3)]) == []


def test_a_holiday_on_a_weekday_that_is_closed_anyway_is_one_in_other_years_too() -> None:
    """A wholesaler without Saturdays, shut from Friday 24 December 2010 to Monday 3 January, and on five bank holidays
    (Mondays). 25 December is a Sunday the year after."""
    year = [date(2010, 12, 1) + timedelta(days=number) for number in range(374)]
    shut = [date(2010, 12, 24) + timedelta(days=number) for number in range(11)]
    mondays = [date(2011, 4, 25), date(2011, 5, 2), date(2011, 5, 30), date(2011, 8, 29)]
    closed = closed_by([day for day in year if day.weekday() != 5 and day not in [*shut, *mondays]])
    assert closed[0] == "saturday"
    assert {f"{day:%m-%d}" for day in [*shut, *mondays]} == set(closed[1:])


def test_a_closed_weekday_beside_a_holiday_is_open_in_other_years() -> None:
    """Friday 15 September 2023 was a holiday; the Saturday after it is closed as every Saturday."""
    sold = [day for day in YEAR if day.weekday() != 5 and day != date(2023, 9, 15)]
    assert closed_by(sold) == ["saturday", "09-15"]


@pytest.mark.parametrize(("customers", "missed", "expected"), [(3, 18, 0), (3, 7, 7), (20, 18, 18)])
def test_days_without_a_sale_are_chance_in_a_small_shop_that_has_many(
    customers: int, missed: int, expected: int
) -> None:
    """Days missed in a year, of a shop that had three or twenty customers on the others."""
    days = np.random.default_rng(5).choice(range(7, len(YEAR) - 7), missed, replace=False)
    shut = {YEAR[int(day)] for day in days}
    assert len(closed_by([day for day in YEAR if day not in shut], customers)) == expected


@pytest.mark.parametrize("sold", [[], YEAR[:1], YEAR[:50:7], YEAR[::30]])
def test_too_little_says_nothing(sold: list[date]) -> None:
    assert closed_by(sold) == []


def test_days_move_to_the_nearest_one_on_which_the_shop_trades() -> None:
    calendar = Calendar.of(["saturday", "sunday"], FRIDAY)
    days = np.array([-1, 0, 1, 2, 3])
    assert calendar.nearest(days).tolist() == [-1, 0, 0, 3, 3]
    assert calendar.at_or_after(days).tolist() == [-1, 0, 3, 3, 3]
    assert calendar.at_or_before(days).tolist() == [-1, 0, 0, 0, 3]


@given(st.sets(st.sampled_from(["saturday", "sunday", "monday", "12-25", "01-01"])), st.integers(-1500, 3000))
def test_moved_days_are_open_and_as_near_as_can_be(closed: set[str], day: int) -> None:
    calendar = Calendar.of(closed, FRIDAY)
    before, after, nearest = (
        int(move(np.array([day]))[0]) for move in (calendar.at_or_before, calendar.at_or_after, calendar.nearest)
    )
    for found in (before, after, nearest):
        moved = FRIDAY + timedelta(days=found)
        assert f"{moved:%A}".lower() not in closed and f"{moved:%m-%d}" not in closed
    assert before <= day <= after
    assert abs(nearest - day) == min(day - before, after - day)
