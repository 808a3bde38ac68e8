"""What the whole shop knows of a product at any day: counts of purchases before it, exact to the day."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from omnix_cli.steps.coded_days import blocks
from omnix_cli.steps.ranking.baskets import Baskets, Floats, Ints

RECENCY_DAYS = 60
_OLDEST_DAYS = 3650  # older purchases weigh e**-60: nothing
_SUMS = ("buyers", "first_days", "log_gaps", "fresh")
_ENTRIES_AT_ONCE = 1 << 22


class Facts(NamedTuple):
    """Facts about products, each as of the moment before a day."""

    times: Floats
    """Purchase days of all customers."""
    buyers: Floats
    repeats: Floats
    """Purchase days of customers who had bought it before."""
    exposed_days: Floats
    """The days since each buyer's first purchase, summed."""
    log_gaps: Floats
    intensity: Floats
    """The purchase days, each weighing exp(-age / 60 days)."""
    in_7_days: Floats
    in_28_days: Floats


class ProductFacts:
    """What is known of each product at the end of each day on which it was bought, as running sums: any day is one
    search away."""

    def __init__(self, baskets: Baskets) -> None:
        self._baskets = baskets
        self._end_day = baskets.span - 1
        entries = np.bincount(baskets.product, minlength=baskets.products)
        parts = [self._summed(*block) for block in blocks(entries, _ENTRIES_AT_ONCE)]
        self._key = np.concatenate([np.zeros(0, np.int64), *(part.pop("key") for part in parts)])
        counts = np.concatenate([np.zeros(1, np.int64), *(part.pop("entries") for part in parts)])
        self._entries = np.cumsum(counts)
        """How many entries there are before each key, and after the last one."""
        self._running = {name: np.concatenate([*(part[name] for part in parts), np.zeros(1)]) for name in (*_SUMS,)}
        self._at_once: tuple[int, Facts] | None = None

    def _summed(self, first: int, last: int) -> dict[str, Any]:
        """Of the products [first, last): the product and the day as a key, rising, the entries of that day, and the
        running sums of the product at its end."""
        baskets = self._baskets
        some = np.flatnonzero((baskets.product >= first) & (baskets.product < last))
        day = baskets.day[some] - baskets.first_day
        product = baskets.product[some].astype(np.int64)
        key = product * baskets.span + day
        order = np.argsort(key, kind="stable")  # the customers of a day stay in order
        some, key, product, day = (column[order] for column in (some, key, product, day))
        is_first = baskets.is_first[some]
        fresh = np.exp(np.maximum(day - self._end_day, -_OLDEST_DAYS) / RECENCY_DAYS)
        sums = pl.DataFrame(
            {
                "product": product,
                "buyers": is_first.astype(np.float64),
                "first_days": np.where(is_first, day, 0).astype(np.float64),
                "log_gaps": baskets.log_gap(some),
                "fresh": fresh,
            }
        )
        running = sums.select(pl.col(_SUMS).cum_sum().over("product"))
        ends = np.flatnonzero(np.append(key[1:] != key[:-1], True))
        found = {name: running[name].to_numpy()[ends] for name in _SUMS}
        return {"key": key[ends], "entries": np.diff(ends, prepend=-1), **found}

    def at(self, product: Ints, day: Ints) -> Facts:
        """The facts of each product as of the moment before its day."""
        since_start = self._baskets.since_start(day)
        start, end = self._before(product, np.zeros_like(since_start)), self._before(product, since_start)
        last = np.where(end > start, end - 1, -1)  # the last entry of the running sums is 0
        sums = {name: values[last] for name, values in self._running.items()}
        entries = self._entries[end]
        times = (entries - self._entries[start]).astype(np.float64)
        # Of a day after the history, `since_start` is the end; the true day counts for ages.
        elapsed = (day - self._baskets.first_day).astype(np.float64)
        recent = (
            (entries - self._entries[self._before(product, self._baskets.since_start(day - days))]).astype(np.float64)
            for days in (7, 28)
        )
        return Facts(
            times,
            sums["buyers"],
            times - sums["buyers"],
            np.maximum(sums["buyers"] * elapsed - sums["first_days"], 0.0),
            sums["log_gaps"],
            sums["fresh"] * np.exp((self._end_day - np.maximum(elapsed, 0)) / RECENCY_DAYS),
            *recent,
        )

    def on(self, product: Ints, day: Ints) -> Facts:
        """Like `at`, computed once for each product where all days are the same."""
        if len(day) and day.min() == day.max():
            return Facts(*(values[product] for values in self._of_every_product(int(day[0]))))
        return self.at(product, day)

    def _of_every_product(self, day: int) -> Facts:
        if self._at_once is None or self._at_once[0] != day:
            every = np.arange(self._baskets.products)
            self._at_once = day, self.at(every, np.full(len(every), day))
        return self._at_once[1]

    def best_sellers(self, day: int, count: int) -> Ints:
        """The `count` products bought most in the 28 days before the day, of equal ones the most bought ever, then the
        lower number."""
        every = np.arange(self._baskets.products)
        facts = self.at(every, np.full(len(every), day))
        order = np.lexsort((-facts.times, -facts.in_28_days))[:count]
        return np.asarray(order[facts.times[order] > 0])

    def _before(self, product: Ints, since_start: Ints) -> Ints:
        """The number of the first key of this day of the product, or of what comes after."""
        return np.asarray(np.searchsorted(self._key, product * self._baskets.span + since_start))
