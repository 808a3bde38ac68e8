"""What a customer will need, laid out on a line of days: where each mark is, in percent of the width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

DAYS = 28
MOST_MARKS = 15
_WEEK = 7
_EDGE = 2.0  # percent that is left free on both sides, for half a mark


@dataclass(frozen=True)
class Mark:
    """A product on the day it is expected, `at` a place of the line; `start` and `end` are those of the interval, if it
    is known. `days` from today; negative ones are over."""

    product: str
    name: str
    expected: date
    days: int
    at: float
    start: float
    end: float
    urgency: str


@dataclass(frozen=True)
class Timeline:
    """The `weeks` are (place, first day); `today` is None where the line does not reach it. `later` products are
    expected after its end, or are more than fit."""

    marks: list[Mark]
    weeks: list[tuple[float, date]]
    today: float | None
    later: int


def timeline(patterns: Sequence[Mapping[str, Any]], today: date) -> Timeline:
    """The products of consumption predictions, soonest first. The line begins today, and what is overdue stands at its
    begin; where every day is over already, it begins at the first of them."""
    dated = sorted(
        ((day, pattern) for pattern in patterns if (day := _day(pattern.get("predictedNextPurchaseDate")))),
        key=lambda one: (one[0], str(one[1]["productId"])),
    )
    first = today if not dated or dated[-1][0] >= today else dated[0][0]
    fitting = [(day, pattern) for day, pattern in dated if (day - first).days <= DAYS][:MOST_MARKS]
    return Timeline(
        [_mark(pattern, day, first, today) for day, pattern in fitting],
        [(_place(start, first), start) for start in (first + timedelta(days=n) for n in range(0, DAYS + 1, _WEEK))],
        _place(today, first) if 0 <= (today - first).days <= DAYS else None,
        len(patterns) - len(fitting),
    )


def _mark(pattern: Mapping[str, Any], day: date, first: date, today: date) -> Mark:
    interval = pattern.get("interval")
    known: Mapping[str, Any] = interval if isinstance(interval, Mapping) else {}
    start, end = _day(known.get("from")) or day, _day(known.get("to")) or day
    return Mark(
        product=str(pattern["productId"]),
        name=str(pattern.get("productName") or pattern["productId"]),
        expected=day,
        days=(day - today).days,
        at=_place(day, first),
        start=_place(min(start, day), first),
        end=_place(max(end, day), first),
        urgency=str(pattern.get("urgency") or ""),
    )


def _place(day: date, first: date) -> float:
    share = min(max((day - first).days / DAYS, 0.0), 1.0)
    return round(_EDGE + share * (100 - 2 * _EDGE), 2)


def _day(text: Any) -> date | None:
    """The day of a date or a time; None for anything else that a table may hold."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None
