"""What the whole shop knows of a product at any day: counts of purchases before it, exact to the day."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from omnix_cli.steps.ranking.baskets import Baskets, Floats, Ints

RECENCY_DAYS = 60
_OLDEST_DAYS = 3650  # older purchases weigh e**-60: nothing


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
    """The history in the order of products and days, with running sums, so that any day is one search away."""

    def __init__(self, baskets: Baskets) -> None:
        order = np.lexsort((baskets.customer, baskets.day, baskets.product))
        product, day = baskets.product[order], baskets.day[order] - baskets.first_day
        self._baskets = baskets
        self._key = product * baskets.span + day
        self._start = np.searchsorted(product, np.arange(baskets.products + 1))
        is_first = baskets.is_first[order]
        self._end_day = baskets.span - 1
        fresh = np.exp(np.maximum(day - self._end_day, -_OLDEST_DAYS) / RECENCY_DAYS)
        sums = pl.DataFrame(
            {
                "product": product,
                "buyers": is_first.astype(np.float64),
                "first_days": np.where(is_first, day, 0).astype(np.float64),
                "log_gaps": baskets.log_gap[order],
                "fresh": fresh,
            }
        )
        running = sums.select(pl.all().exclude("product").cum_sum().over("product"))
        self._running = {name: np.append(running[name].to_numpy(), 0.0) for name in running.columns}

    def at(self, product: Ints, day: Ints) -> Facts:
        """The facts of each product as of the moment before its day."""
        since_start = self._baskets.since_start(day)
        start = self._start[product]
        end = self._before(product, since_start)
        last = np.where(end > start, end - 1, -1)  # the last entry of the running sums is 0
        sums = {name: values[last] for name, values in self._running.items()}
        times = (end - start).astype(np.float64)
        # Of a day after the history, `since_start` is the end; the true day counts for ages.
        elapsed = (day - self._baskets.first_day).astype(np.float64)
        return Facts(
            times,
            sums["buyers"],
            times - sums["buyers"],
            np.maximum(sums["buyers"] * elapsed - sums["first_days"], 0.0),
            sums["log_gaps"],
            sums["fresh"] * np.exp((self._end_day - np.maximum(elapsed, 0)) / RECENCY_DAYS),
            (end - self._before(product, self._baskets.since_start(day - 7))).astype(np.float64),
            (end - self._before(product, self._baskets.since_start(day - 28))).astype(np.float64),
        )

    def on(self, product: Ints, day: Ints) -> Facts:
        """Like `at`, computed once for each product where all days are the same."""
        if len(day) and day.min() == day.max():
            every = np.arange(self._baskets.products)
            facts = self.at(every, np.full(len(every), day[0]))
            return Facts(*(values[product] for values in facts))
        return self.at(product, day)

    def best_sellers(self, day: int, count: int) -> Ints:
        """The `count` products bought most in the 28 days before the day, of equal ones the most bought ever, then the
        lower number."""
        bought = self._baskets.day < day
        ever = np.bincount(self._baskets.product[bought], minlength=self._baskets.products)
        lately = self._baskets.product[bought & (self._baskets.day >= day - 28)]
        sold = np.bincount(lately, minlength=self._baskets.products)
        order = np.lexsort((-ever, -sold))[:count]
        return np.asarray(order[ever[order] > 0])

    def _before(self, product: Ints, since_start: Ints) -> Ints:
        return np.asarray(np.searchsorted(self._key, product * self._baskets.span + since_start))
