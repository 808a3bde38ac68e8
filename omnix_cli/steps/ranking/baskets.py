"""The purchase history as numbers: who bought what on which day, and what one customer knew when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NEVER = -(1 << 40)
"""The day of a basket that does not exist."""
BASKET_DECAY = 0.9
"""What a purchase counts less with every later basket of the customer."""
HALF_LIFE_DAYS = 90
_KEY = ["customer_id", "product_id"]


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

    Days are whole numbers. A basket is a customer's day."""

    customer_ids: pl.Series
    product_ids: pl.Series
    customer: Ints
    product: Ints
    day: Ints
    number: Ints
    """The number of the entry's basket among those of its customer, from 0."""
    log_gap: Floats
    """The log of the days since the pair's entry before; 0 for the first of a pair."""
    is_first: Bools
    """Whether the entry is the first of its pair."""
    basket_key: Ints
    """The baskets, sorted by customer and day: customer * `span` + day - `first_day`."""
    basket_start: Ints
    """The baskets of customer c are at [basket_start[c], basket_start[c + 1])."""
    first_day: int
    span: int

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Baskets:
        """From customer_id, product_id and `day` (a date or a whole number), in any order, repeated or not."""
        customer_ids, product_ids = (rows[name].unique().sort() for name in _KEY)
        customer = numbers(rows["customer_id"], customer_ids)
        product = numbers(rows["product_id"], product_ids)
        day = rows["day"].to_physical().to_numpy().astype(np.int64)
        first_day = int(day.min()) if len(day) else 0
        span = int(day.max() - first_day) + 2 if len(day) else 2
        pair, day = np.divmod(distinct((customer * len(product_ids) + product) * span + day - first_day), span)
        customer, product = np.divmod(pair, max(len(product_ids), 1))
        day += first_day
        basket_of = customer * span + day - first_day
        basket_key = distinct(basket_of)
        basket_start = np.searchsorted(basket_key, np.arange(len(customer_ids) + 1) * span)
        is_first = np.ones(len(day), dtype=np.bool_)
        is_first[1:] = (customer[1:] != customer[:-1]) | (product[1:] != product[:-1])
        gap = np.where(is_first, 1, np.diff(day, prepend=first_day))
        return cls(
            customer_ids,
            product_ids,
            customer,
            product,
            day,
            np.searchsorted(basket_key, basket_of) - basket_start[customer],
            np.log(gap.astype(np.float64)),
            is_first,
            basket_key,
            basket_start.astype(np.int64),
            first_day,
            span,
        )

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
        kept = (self.day == day[self.customer]) & of[self.customer]
        return self.customer[kept], self.product[kept]


@dataclass(frozen=True)
class OwnPairs:
    """What each customer bought before the day asked: one entry per customer and product, sorted so."""

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
    basket_count: Ints
    """By customer: the baskets before the day asked."""
    shopping: Floats
    """By customer: the baskets before the day asked, each halved for every 90 days of age."""

    @classmethod
    def of(cls, baskets: Baskets, asked: Ints) -> OwnPairs:
        """As of the moment before the day `asked`, one for each customer."""
        count = baskets.count_before(asked)
        kept = baskets.day < asked[baskets.customer]
        customer, product, day = (part[kept] for part in (baskets.customer, baskets.product, baskets.day))
        back = count[customer] - 1 - baskets.number[kept]
        is_first = baskets.is_first[kept]
        start = np.flatnonzero(is_first)
        end = np.append(start[1:], len(day))[: len(start)] - 1
        age = (asked[customer] - day).astype(np.float64)
        owner = baskets.basket_key // baskets.span
        basket_age = asked[owner] - (baskets.basket_key % baskets.span + baskets.first_day)
        worth = np.where(basket_age > 0, np.exp2(-np.maximum(basket_age, 0) / HALF_LIFE_DAYS), 0.0)
        return cls(
            customer[start],
            product[start],
            (end - start + 1).astype(np.float64),
            day[start],
            day[end],
            _totals(BASKET_DECAY ** back.astype(np.float64), start),
            _totals(np.exp2(-age / HALF_LIFE_DAYS), start),
            _totals(baskets.log_gap[kept], start),
            back[end],
            count,
            np.bincount(owner, worth, baskets.customers).astype(np.float64),
        )

    def of_customers(self, chosen: Bools) -> OwnPairs:
        """The pairs of these customers only."""
        kept = chosen[self.customer]
        per_pair = ("customer", "product", "times", "first_day", "last_day", "recent", "decayed", "log_gaps")
        values = {name: getattr(self, name)[kept] for name in (*per_pair, "baskets_since")}
        return OwnPairs(**values, basket_count=self.basket_count, shopping=self.shopping)


def _totals(values: Floats, start: Ints) -> Floats:
    """The sum of each run of values; runs begin at `start`."""
    return np.asarray(np.add.reduceat(values, start)) if len(start) else np.zeros(0)
