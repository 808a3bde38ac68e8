"""The days on which each customer bought each product, as whole numbers: small enough to hold of a whole history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.signedinteger]

_EPOCH = date(1970, 1, 1)
_BLOCK = 1 << 22
"""Rows that are widened at a time."""


@dataclass(frozen=True)
class PurchaseKeys:
    """Every customer, product and day once, as one whole number each, rising: (outer * inner count + inner) * `span` +
    days since `first`, where one of customer and product is the outer one.

    Customers and products have the numbers of their sorted ids. Days are whole numbers, dates those since 1970."""

    outer_ids: pl.Series
    inner_ids: pl.Series
    first: int
    span: int
    keys: Ints

    @classmethod
    def of(cls, lines: pl.LazyFrame, outer: str, inner: str, *, day: str) -> Self:
        """From lines in any order, repeated or not, with these columns."""
        number = pl.col(day).cast(pl.Int64)
        every = [lines.select(name).unique() for name in (outer, inner)]
        outer_ids, inner_ids, days = pl.collect_all(
            [*every, lines.select(first=number.min(), last=number.max())], engine="streaming"
        )
        known = [ids.to_series().sort() for ids in (outer_ids, inner_ids)]
        first, last = (days[name].fill_null(0).item() for name in ("first", "last"))
        one, other = (
            pl.col(ids.name).cast(pl.Enum(ids)).to_physical().cast(pl.Int64) if len(ids) else pl.lit(0) for ids in known
        )
        span = last - first + 1
        key = (one * len(known[1]) + other) * span + (number - first)
        return cls(
            known[0], known[1], first, span, _distinct(lines.select(key=key).collect(engine="streaming").to_series())
        )

    def codes(self) -> tuple[Codes, Codes, Codes]:
        """Outer, inner and day since the first, by row."""
        pair, day = self.keys // self.span, _narrow(self.keys % self.span, self.span)
        inner = max(len(self.inner_ids), 1)
        return _narrow(pair // inner, len(self.outer_ids)), _narrow(pair % inner, inner), day


@dataclass(frozen=True)
class CodedDays:
    """Every customer, product and purchase day once, sorted by product and customer.

    Customers and products have the numbers of their sorted ids, days those since `first_day`. A pair is a product and a
    customer who bought it; a day of the history is one of `span` days."""

    customer_ids: pl.Series
    product_ids: pl.Series
    first_day: date
    span: int
    customer: Codes
    """By pair."""
    product: Codes
    """By pair."""
    pair: Codes
    """By row: the number of its pair."""
    day: Codes
    """By row."""

    @classmethod
    def of(cls, lines: pl.LazyFrame) -> Self:
        """From customer_id, product_id and purchase_day, in any order, repeated or not."""
        keys = PurchaseKeys.of(lines, "product_id", "customer_id", day="purchase_day")
        product, customer, day = keys.codes()
        is_first = starts(product, customer)
        return cls(
            keys.inner_ids,
            keys.outer_ids,
            _EPOCH + timedelta(days=keys.first),
            keys.span,
            customer[is_first],
            product[is_first],
            _narrow(np.cumsum(is_first) - 1, len(is_first)),
            day,
        )

    @cached_property
    def sold(self) -> list[tuple[date, int]]:
        """The days on which anything was bought, oldest first, with their rows."""
        blocks = (self.day[first : first + _BLOCK] for first in range(0, len(self.day), _BLOCK))
        rows = sum((np.bincount(block, minlength=self.span) for block in blocks), np.zeros(self.span, np.int64))
        return [(self.first_day + timedelta(days=int(day)), int(rows[day])) for day in np.flatnonzero(rows)]

    def since(self, first: date, end: date) -> Bools:
        """Which days of the history are from `first` until before `end`."""
        days = np.arange(self.span)
        return ((self.first_day - first).days + days >= 0) & ((self.first_day - end).days + days < 0)

    def pairs_on(self, wanted: Bools) -> Bools:
        """Which pairs have a purchase on one of the `wanted` days of the history."""
        found = np.zeros(len(self.product), dtype=np.bool_)
        found[self.pair[wanted[self.day]]] = True
        return found

    def buyers(self, wanted: Bools) -> Ints:
        """By product: the distinct customers who bought it on one of the `wanted` days of the history."""
        return self.by_product(np.add, self.pairs_on(wanted))

    def by_product(self, combined: np.ufunc, by_pair: npt.NDArray[Any]) -> Ints:
        """By product: what its pairs have, `combined` (added up, the highest, the lowest)."""
        return np.asarray(combined.reduceat(by_pair, self._pairs_of[:-1], dtype=np.int64))

    @property
    def purchase_days(self) -> Ints:
        """By product: the rows."""
        return np.diff(np.searchsorted(self.pair, self._pairs_of))

    @property
    def first_days(self) -> Codes:
        """By pair: the day of the first purchase."""
        return np.asarray(self.day[starts(self.pair)])

    @property
    def last_days(self) -> Codes:
        """By pair: the day of the last purchase."""
        return np.asarray(self.day[np.append(self.pair[1:] != self.pair[:-1], True)[: len(self.pair)]])

    @cached_property
    def _pairs_of(self) -> Ints:
        """The pairs of product p are at [_pairs_of[p], _pairs_of[p + 1])."""
        return np.searchsorted(self.product, np.arange(len(self.product_ids) + 1))

    def have(self, pairs: pl.DataFrame, among: Bools) -> pl.Series:
        """Which of the `pairs` (customer_id, product_id) are pairs of the history that are marked in `among`."""
        codes = [
            pairs[name].cast(pl.Enum(ids), strict=False).to_physical().cast(pl.Int64)
            for name, ids in (("product_id", self.product_ids), ("customer_id", self.customer_ids))
        ]
        buyers = len(self.customer_ids)
        wanted = (codes[0] * buyers + codes[1]).fill_null(-1).to_numpy()
        known = self.product[among].astype(np.int64) * buyers + self.customer[among]
        place = np.searchsorted(known, wanted)
        return pl.Series(np.append(known, -2)[place] == wanted)


def starts(*columns: Codes) -> Bools:
    """Which rows differ from the row before in one of the columns; the first row does."""
    differs = np.ones(len(columns[0]), dtype=np.bool_)
    differs[1:] = False
    for column in columns:
        differs[1:] |= column[1:] != column[:-1]
    return differs


def blocks(sizes: Ints, most: int) -> Iterator[tuple[int, int]]:
    """Consecutive items whose sizes add up to at most so much, as the first and the one after the last; an item that is
    larger comes alone."""
    ends, first = np.cumsum(sizes), 0
    while first < len(ends):
        before = ends[first] - sizes[first]
        last = max(first + 1, int(np.searchsorted(ends, before + most, side="right")))
        yield first, last
        first = last


def _distinct(keys: pl.Series) -> Ints:
    """The values that occur, rising."""
    rising = np.concatenate([np.zeros(0, np.int64), *(chunk.to_numpy() for chunk in keys.get_chunks())])
    del keys
    rising.sort()
    fresh = np.append(True, rising[1:] != rising[:-1])[: len(rising)]
    return rising if fresh.all() else rising[fresh]


def _narrow(values: Ints, limit: int) -> Codes:
    """The values, all below the limit, in as few bytes as hold them."""
    return values.astype(np.int16 if limit <= 1 << 15 else np.int32 if limit <= 1 << 31 else np.int64)
