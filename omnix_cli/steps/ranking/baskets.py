"""The purchase history as numbers: who bought what on which day, and what one customer knew when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.steps.coded_days import Codes, PurchaseKeys, starts

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NEVER = -(1 << 40)
"""The day of a basket that does not exist."""
BASKET_DECAY = 0.9
"""What a purchase counts less with every later basket of the customer."""
HALF_LIFE_DAYS = 90
_KEY = ["customer_id", "product_id"]
_BLOCK, _CUSTOMERS = 1 << 22, 1 << 16
"""Entries, and customers, whose numbers are widened at a time."""


def numbers(ids: pl.Series, known: pl.Series) -> Ints:
    """The place of each id in `known`, sorted ids that contain them all."""
    return ids.cast(pl.Enum(known)).to_physical().to_numpy().astype(np.int64)


def distinct(values: Ints) -> Ints:
    """The values that occur, rising. (`numpy.unique` goes by hashes, which takes many times as long as sorting.)"""
    rising = np.sort(values)
    return rising[np.append(True, rising[1:] != rising[:-1])] if len(rising) else rising


@dataclass(frozen=True)
class Baskets:
    """One entry per customer, product and day, sorted so; customers and products have the numbers of their sorted ids.

    Days are whole numbers. A basket is a customer's day. What there is one of for each entry is kept in few bytes:
    widen it before you multiply."""

    customer_ids: pl.Series
    product_ids: pl.Series
    customer: Codes
    product: Codes
    day: Codes
    number: Codes
    """The number of the entry's basket among those of its customer, from 0."""
    gap: Codes
    """The days since the pair's entry before; 1 for the first of a pair."""
    is_first: Bools
    """Whether the entry is the first of its pair."""
    basket_key: Ints
    """The baskets, sorted by customer and day: customer * `span` + day - `first_day`."""
    basket_start: Ints
    """The baskets of customer c are at [basket_start[c], basket_start[c + 1])."""
    first_day: int
    span: int

    @classmethod
    def of(cls, lines: pl.DataFrame | pl.LazyFrame) -> Baskets:
        """From customer_id, product_id and `day` (a date or a whole number), in any order, repeated or not."""
        keys = PurchaseKeys.of(lines.lazy(), *_KEY, day="day")
        customer, product, since_first = keys.codes()
        customers, span = len(keys.outer_ids), keys.span + 1
        blocks = [slice(first, first + _BLOCK) for first in range(0, len(customer), _BLOCK)]
        basket_key = distinct(
            np.concatenate([np.zeros(0, np.int64), *(distinct(_keys(customer, since_first, span, b)) for b in blocks)])
        )
        basket_start = np.searchsorted(basket_key, np.arange(customers + 1) * span)
        number = np.empty(len(customer), dtype=np.int32)
        for block in blocks:
            place = np.searchsorted(basket_key, _keys(customer, since_first, span, block))
            number[block] = place - basket_start[customer[block]]
        is_first = starts(customer, product)
        gap = np.diff(since_first, prepend=since_first[:1])
        gap[is_first] = 1
        day = since_first.astype(np.int32) + np.int32(keys.first)
        start = basket_start.astype(np.int64)
        ids = (keys.outer_ids, keys.inner_ids)
        return cls(*ids, customer, product, day, number, gap, is_first, basket_key, start, keys.first, span)

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return len(self.customer_ids)

    @property
    def products(self) -> int:
        """How many products there are."""
        return len(self.product_ids)

    def since_start(self, day: Ints) -> Ints:
        """Days as numbers from 0 to span - 1; the last one stands for everything after the history."""
        return np.clip(day - self.first_day, 0, self.span - 1)

    def count_before(self, asked: Ints) -> Ints:
        """How many baskets each customer has before the day asked (one day for each customer)."""
        place = np.arange(self.customers) * self.span + self.since_start(asked)
        return np.asarray(np.searchsorted(self.basket_key, place) - self.basket_start[:-1])

    def last_before(self, asked: Ints) -> Ints:
        """The day of each customer's last basket before the day asked; `NEVER` if there is none."""
        count = self.count_before(asked)
        at = self.basket_start[:-1] + count - 1
        days = np.append(self.basket_key, 0)[np.where(count > 0, at, -1)] % self.span + self.first_day
        return np.where(count > 0, days, NEVER)

    def bought_on(self, day: Ints, of: Bools) -> tuple[Ints, Ints]:
        """Customer and product of what the customers `of` bought on their day."""
        kept = self._where(
            slice(0, len(self.day)), lambda some: of[self.customer[some]] & (self.day[some] == day[self.customer[some]])
        )
        return self.customer[kept].astype(np.int64), self.product[kept].astype(np.int64)

    def entries(self, customers: Ints) -> slice:
        """The entries from the first of these rising customers to the last one."""
        if not len(customers):
            return slice(0, 0)
        return slice(*np.searchsorted(self.customer, [customers[0], customers[-1] + 1]).tolist())

    def before(self, asked: Ints, within: slice) -> Ints:
        """The entries of a range that stand before the day asked (one day for each customer)."""
        return self._where(within, lambda some: self.day[some] < asked[self.customer[some]])

    def _where(self, within: slice, condition: Callable[[slice], Bools]) -> Ints:
        """The entries of a range for which the condition holds."""
        parts = [np.zeros(0, np.int64)]
        for first in range(within.start, within.stop, _BLOCK):
            parts.append(first + np.flatnonzero(condition(slice(first, min(first + _BLOCK, within.stop)))))
        return np.concatenate(parts)

    def log_gap(self, entries: Ints) -> Floats:
        """The log of the days since the pair's entry before, for each of the entries; 0 for the first of a pair."""
        return np.log(np.maximum(np.arange(self.span), 1).astype(np.float64))[self.gap[entries]]

    def shopping(self, asked: Ints) -> Floats:
        """By customer: the baskets before the day asked, each halved for every 90 days of age."""
        found = np.zeros(self.customers)
        for first in range(0, self.customers, _CUSTOMERS):
            last = min(first + _CUSTOMERS, self.customers)
            key = self.basket_key[self.basket_start[first] : self.basket_start[last]]
            owner = key // self.span
            age = asked[owner] - (key % self.span + self.first_day)
            worth = np.where(age > 0, np.exp2(-np.maximum(age, 0) / HALF_LIFE_DAYS), 0.0)
            found[first:last] = np.bincount(owner - first, worth, last - first)
        return found


@dataclass(frozen=True)
class OwnPairs:
    """What some customers bought before the day asked: one entry per customer and product, sorted so."""

    customer: Ints
    product: Ints
    times: Floats
    first_day: Ints
    last_day: Ints
    recent: Floats
    """The purchases, each counting .9 times as much with every later basket (Hu et al., SIGIR 2020)."""
    decayed: Floats
    """The purchases, each halved for every 90 days of age."""
    log_gaps: Floats
    """The sum of the logs of the gaps between purchases, in days."""
    baskets_since: Ints
    """The customer's baskets since the last one that had the product."""

    @classmethod
    def of(cls, baskets: Baskets, asked: Ints, count: Ints, customers: Ints) -> OwnPairs:
        """As of the moment before the day `asked`, which comes after `count` baskets, one of each for every customer of
        the shop; of the customers from the first of these rising ones to the last."""
        kept = baskets.before(asked, baskets.entries(customers))
        columns = (baskets.customer, baskets.product, baskets.day, baskets.number)
        customer, product, day, number = (column[kept].astype(np.int64) for column in columns)
        back = count[customer] - 1 - number
        start = np.flatnonzero(baskets.is_first[kept])
        end = np.append(start[1:], len(day))[: len(start)] - 1
        age = (asked[customer] - day).astype(np.float64)
        return cls(
            customer[start],
            product[start],
            (end - start + 1).astype(np.float64),
            day[start],
            day[end],
            totals(BASKET_DECAY ** back.astype(np.float64), start),
            totals(np.exp2(-age / HALF_LIFE_DAYS), start),
            totals(baskets.log_gap(kept), start),
            back[end],
        )


def totals(values: Floats, start: Ints) -> Floats:
    """The sum of each run of values; runs begin at `start`."""
    return np.asarray(np.add.reduceat(values, start)) if len(start) else np.zeros(0)


def _keys(customer: Codes, day: Codes, span: int, block: slice) -> Ints:
    """The baskets of some entries as `basket_key` has them."""
    return customer[block].astype(np.int64) * span + day[block]
