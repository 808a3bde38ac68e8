from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from omnix_cli.serving.http_api.timeline import DAYS, MOST_MARKS, timeline

TODAY = date(2018, 1, 15)


def pattern(day: Any, **values: Any) -> dict[str, Any]:
    return {"productId": "milk", "productName": "Milk", "predictedNextPurchaseDate": day, **values}


def test_the_line_begins_today_and_has_four_weeks() -> None:
    line = timeline([pattern("2018-01-29")], TODAY)
    assert [week[1].day for week in line.weeks] == [15, 22, 29, 5, 12]
    (mark,) = line.marks
    assert (mark.days, mark.at, line.today) == (14, 50.0, line.weeks[0][0])


def test_what_is_overdue_stands_at_the_begin() -> None:
    overdue, soon = timeline([pattern("2018-01-18"), pattern("2018-01-01")], TODAY).marks
    assert (overdue.days, overdue.at) == (-14, 2.0)
    assert (soon.days, soon.at > 2) == (3, True)


def test_where_all_is_over_it_begins_with_the_first_day() -> None:
    line = timeline([pattern("2017-01-08"), pattern("2017-01-01")], TODAY)
    assert line.today is None
    assert line.weeks[0][1] == date(2017, 1, 1)
    assert [mark.at for mark in line.marks] == [2.0, 26.0]


def test_what_is_later_is_counted() -> None:
    far = [pattern("2018-03-01"), pattern("soon"), pattern(None)]
    assert timeline(far, TODAY).later == 3
    many = [pattern("2018-01-16")] * (MOST_MARKS + 4)
    assert (len(timeline(many, TODAY).marks), timeline(many, TODAY).later) == (MOST_MARKS, 4)
    assert timeline([], TODAY).marks == []


@pytest.mark.parametrize(
    ("interval", "places"),
    [
        ({"from": "2018-01-15", "to": "2018-02-12"}, (2.0, 98.0)),
        ({"from": "2017-01-01", "to": "2019-01-01"}, (2.0, 98.0)),
        ({"from": "2018-01-30", "to": "2018-01-20"}, (50.0, 50.0)),  # it holds the day itself
        ({}, (50.0, 50.0)),
        ("a week", (50.0, 50.0)),
        (None, (50.0, 50.0)),
    ],
)
def test_the_interval(interval: Any, places: tuple[float, float]) -> None:
    (mark,) = timeline([pattern("2018-01-29", interval=interval)], TODAY).marks
    assert (mark.start, mark.end) == places


def test_days_in_percent() -> None:
    marks = timeline([pattern(f"2018-01-{day}") for day in range(15, 29)], TODAY).marks
    assert [round(mark.at - 2, 1) for mark in marks] == [round(day * 96 / DAYS, 1) for day in range(14)]
