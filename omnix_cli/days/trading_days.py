"""The days on which a shop trades, learnt from the days on which it sold something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

SELDOM = 0.1
USUAL = 0.5
ALWAYS = 0.85
MISSED_CUSTOMERS = 10.0
SELDOM_MISSED = 0.02
MIN_WEEKS = 8
DAYS_BACK, DAYS_AHEAD = 2_000, 4_000
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Days = npt.NDArray[np.int64]


def closing_days(customers: Mapping[date, int]) -> list[str]:
    """The days of the week (`saturday`) and of the year (`12-25`) on which a shop is closed, from how many `customers`
    it had on each day on which it sold anything.

    Closed on a weekday: it sold in at most a tenth of the weeks on that day, and in half of them on its busiest one.
    Closed on a day of the year: it never sold on that day although it did on most such weekdays (see `_hardly_chance`),
    or the day lies between two of that kind in one time without sales (25 December on a Saturday, closed from
    24 December to 2 January). A history of fewer than eight weeks says nothing."""
    if not customers:
        return []
    first, last = min(customers), max(customers)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if len(days) < 7 * MIN_WEEKS:
        return []
    by_weekday = [[customers.get(day, 0) for day in days if day.weekday() == weekday] for weekday in range(7)]
    shares = [sum(count > 0 for count in counts) / len(counts) for counts in by_weekday]
    if max(shares) < USUAL:
        return []
    closed = [name for name, share in zip(_WEEKDAYS, shares, strict=True) if share <= SELDOM]
    usual = [day for day in days if shares[day.weekday()] >= ALWAYS]
    means = [sum(counts) / len(counts) for counts in by_weekday]
    missed = _hardly_chance([day for day in usual if day not in customers], len(usual), means)
    within = (
        day
        for here, there in pairwise(missed)
        if customers.keys().isdisjoint(between := [here + timedelta(days=n) for n in range((there - here).days)])
        for day in between
    )
    never = {f"{day:%m-%d}" for day in (*missed, *within)} - {f"{day:%m-%d}" for day in customers}
    return closed + sorted(never)


def _hardly_chance(missed: list[date], usual: int, customers_by_weekday: list[float]) -> list[date]:
    """The days without a sale if they are at most one in fifty of the `usual` ones, else those on which ten customers
    were to be expected, over all years. Of 20 households of Complete Journey somebody buys on 95 % of days: the other
    18 of a year are no holidays."""
    if len(missed) <= SELDOM_MISSED * usual:
        return missed
    expected: dict[str, float] = defaultdict(float)
    for day in missed:
        expected[f"{day:%m-%d}"] += customers_by_weekday[day.weekday()]
    return [day for day in missed if expected[f"{day:%m-%d}"] >= MISSED_CUSTOMERS]


@dataclass(frozen=True)
class Calendar:
    """Moves days, given as numbers from a day of reference, to days on which the shop trades."""

    before: Days
    after: Days

    @classmethod
    def of(cls, closed: Collection[str], reference: date) -> Calendar:
        """The calendar around `reference` of a shop with these `closing_days`."""
        numbers = np.arange(-DAYS_BACK, DAYS_AHEAD + 1)
        days = [reference + timedelta(days=int(number)) for number in numbers]
        is_open = np.array([_WEEKDAYS[day.weekday()] not in closed and f"{day:%m-%d}" not in closed for day in days])
        if not is_open.any():
            is_open[:] = True
        before = np.maximum.accumulate(np.where(is_open, numbers, -DAYS_BACK))
        after = np.minimum.accumulate(np.where(is_open, numbers, DAYS_AHEAD)[::-1])[::-1]
        return cls(before, after)

    def at_or_before(self, day: Days) -> Days:
        """The last trading day up to each day."""
        return self.before[self._place(day)]

    def at_or_after(self, day: Days) -> Days:
        """The first trading day from each day on."""
        return self.after[self._place(day)]

    def nearest(self, day: Days) -> Days:
        """The nearest trading day, the later one of two."""
        before, after = self.at_or_before(day), self.at_or_after(day)
        return np.where(day - before < after - day, before, after)

    def _place(self, day: Days) -> Days:
        return np.clip(day + DAYS_BACK, 0, len(self.before) - 1)
