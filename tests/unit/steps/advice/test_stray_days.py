"""Days far from all others, and days without sales."""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.steps.advice.shops import healthy, line, noticed


@pytest.mark.parametrize("day", [date(1990, 1, 1), date(1999, 12, 31), date(2025, 11, 3)])
def test_a_stray_date_is_told(day: date) -> None:
    one = noticed([*healthy(), line("c01", "p001", day, "stray")])["stray_dates"]
    assert one.rows == 1
    assert one.text == (f"1 line is of days far from all others ({day}; all others are from 2024-01-02 to 2024-04-28)")


def test_strays_at_both_ends() -> None:
    lines = [line("c01", "p001", date(1990, 1, 1), "a"), line("c02", "p002", date(2025, 11, 3), "b")]
    assert noticed([*healthy(), *lines])["stray_dates"].rows == 2


def test_a_product_once_a_year_has_no_stray_days() -> None:
    """A tree each early December, five years."""
    trees = [
        line(f"c{number}", "tree", date(year, 12, 1 + number % 5), f"{year}-{number}")
        for year in range(2019, 2024)
        for number in range(20)
    ]
    assert "stray_dates" not in noticed(trees)


def test_a_shop_that_was_closed_for_months_has_a_gap_and_no_stray_day() -> None:
    lines = [one for one in healthy(300) if not date(2024, 3, 1) <= one["purchase_day"] <= date(2024, 5, 31)]
    found = noticed(lines)
    assert "stray_dates" not in found
    assert found["days_without_sales"].rows == 92
    assert found["days_without_sales"].text.endswith("(between 2024-02-29 and 2024-06-01)")


def test_a_missing_file_is_a_gap_and_sundays_are_none() -> None:
    lines = [one for one in healthy(200) if not date(2024, 4, 1) <= one["purchase_day"] <= date(2024, 4, 20)]
    assert noticed(lines)["days_without_sales"].rows >= 20


def test_a_holiday_is_no_gap() -> None:
    lines = [one for one in healthy(200) if one["purchase_day"] not in (date(2024, 5, 1), date(2024, 5, 2))]
    assert noticed(lines) == {}
