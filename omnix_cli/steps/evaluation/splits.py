"""What is known and what is asked: histories cut before anything sees them, and the baskets that are the truth.

A basket is what a customer bought on a day. In a history that is `ordered` only, days are replaced by the number of
the basket among the customer's own; such days say nothing about other customers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from omnix_cli.steps.history import of_customers

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Weights = Callable[[Codes, Codes], Floats]
"""The weight of own rows: takes rows of `Split.who` and the questions they are for."""
EPOCH = date(1970, 1, 1)
"""Day 0: the days of baskets are numbers from here."""
_ROW = ["customer_id", "product_id", "day"]


def dated_baskets(purchases: pl.LazyFrame, *, as_of: date) -> pl.DataFrame:
    """What each known customer bought on each day before `as_of`: customer_id, product_id, day (days since 1970).

    Returns undo nothing here: they come later, and nobody knows of them when the basket is paid."""
    lines = _bought(purchases, as_of)
    day = pl.col("purchase_day").cast(pl.Int32).alias("day")
    return lines.select("customer_id", "product_id", day).unique().sort(_ROW).collect()


def ordered_baskets(purchases: pl.LazyFrame, *, as_of: date) -> pl.DataFrame:
    """The same with the number of the basket (from 0) for the day. A basket is an order, or a day where lines have no
    order; orders of one time are sorted by their number, else by their name."""
    name = pl.coalesce("order_id", pl.col("purchase_day").cast(pl.String))
    lines = _bought(purchases.with_columns(order_id=name), as_of)
    place = pl.struct(
        began=pl.col("purchased_at").min().over("customer_id", "order_id"),
        number=pl.col("order_id").cast(pl.Int64, strict=False),
        name="order_id",
    )
    number = (place.rank("dense").over("customer_id") - 1).cast(pl.Int32).alias("day")
    return lines.select("customer_id", "product_id", number).unique().sort(_ROW).collect()


def _bought(purchases: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    return of_customers(purchases).filter(pl.col("purchase_day") < as_of, pl.col("kind") == "purchase")


def frequent(baskets: pl.DataFrame, *, min_baskets: int, min_product_baskets: int) -> pl.DataFrame:
    """The rows of products of at least `min_product_baskets` rows, then of customers of at least `min_baskets` baskets.
    Counts the whole history, the truth included, as published tables do."""
    products = baskets.filter(pl.len().over("product_id") >= min_product_baskets)
    return products.filter(pl.col("day").n_unique().over("customer_id") >= min_baskets)


def hashed_order(ids: pl.Series) -> pl.Series:
    """The ids in the order of their SHA-256: the first n are a sample that stays when others are added."""
    return pl.Series(ids.name, sorted(ids, key=lambda one: hashlib.sha256(one.encode()).digest()), dtype=pl.String)


@dataclass(frozen=True, eq=False)
class Split:
    """The known baskets as rows (`who`, `what`, `day`: indices of `customers` and `products`, and a day), sorted; the
    questions (`asked`: index of a customer; `asked_day`: everything before it is known); and the true baskets, one row
    (`true_question`, `true_product`) for each of their products. No known row of a customer who is asked lies on or
    after the day of the question."""

    customers: pl.Series
    products: pl.Series
    who: Codes
    what: Codes
    day: Codes
    asked: Codes
    asked_day: Codes
    true_question: Codes
    true_product: Codes
    is_dated: bool

    @cached_property
    def starts(self) -> Codes:
        """Where the rows of each customer start, and the end."""
        return np.searchsorted(self.who, np.arange(len(self.customers) + 1)).astype(np.int64)

    @cached_property
    def trip(self) -> Codes:
        """The number of each row's basket among the customer's own, from 0."""
        if not len(self.who):
            return np.zeros(0, np.int64)
        is_new = np.r_[True, (np.diff(self.who) != 0) | (np.diff(self.day) != 0)]
        number: Codes = np.cumsum(is_new) - 1
        return number - number[np.minimum(self.starts[self.who], len(number) - 1)]

    def own_rows(self, questions: Codes) -> tuple[Codes, Codes]:
        """The rows of the customers of some questions: their place among these questions, and the row."""
        first, last = self.starts[self.asked[questions]], self.starts[self.asked[questions] + 1]
        place = np.repeat(np.arange(len(questions)), last - first)
        return place, np.arange(len(place)) - np.repeat(np.cumsum(last - first) - last, last - first)

    def own(self, questions: Codes, weigh: Weights) -> sparse.csr_array:
        """What the customers of some questions bought before: questions x products, the sum of the rows' weights."""
        place, row = self.own_rows(questions)
        shape = (len(questions), len(self.products))
        return sparse.coo_array((weigh(row, questions[place]), (place, self.what[row])), shape=shape).tocsr()

    def snapshots(self, days: int = 7) -> Iterator[tuple[Codes, npt.NDArray[np.bool_]]]:
        """The questions in groups of so many days, and which rows are known on the first day of the group. Without
        dates, one group that knows every row."""
        if not self.is_dated:
            yield np.arange(len(self.asked)), np.ones(len(self.who), dtype=bool)
            return
        groups = self.asked_day // days
        for group in np.unique(groups):
            questions = np.flatnonzero(groups == group)
            yield questions, self.day < self.asked_day[questions].min()

    def earlier(self) -> Split:
        """The same split one basket earlier: the last known basket of everybody who is asked is the truth. Customers
        without two known baskets are not asked."""
        last = self.day[np.maximum(self.starts[self.asked + 1] - 1, 0)] if len(self.day) else self.asked_day
        first = self.day[np.minimum(self.starts[self.asked], len(self.day) - 1)] if len(self.day) else last
        has_two = (self.starts[self.asked + 1] > self.starts[self.asked]) & (first < last)
        asked, day = self.asked[has_two], last[has_two]
        limit = np.full(len(self.customers), np.iinfo(np.int64).max)
        limit[asked] = day
        return _split(self, self.day >= limit[self.who], asked, day)

    def of(self, questions: Codes) -> Split:
        """The same with some of the questions only; the known rows stay."""
        place = np.full(len(self.asked), -1)
        place[questions] = np.arange(len(questions))
        kept = place[self.true_question] >= 0
        return replace(
            self,
            asked=self.asked[questions],
            asked_day=self.asked_day[questions],
            true_question=place[self.true_question[kept]],
            true_product=self.true_product[kept],
        )

    def baskets(self) -> pl.DataFrame:
        """The known rows as customer_id, product_id, day (a date, or the number of a basket)."""
        return self._frame(self.who, self.day).with_columns(product_id=self.products.gather(self.what)).select(_ROW)

    def questions(self) -> pl.DataFrame:
        """The questions as customer_id and day."""
        return self._frame(self.asked, self.asked_day)

    def _frame(self, who: Codes, day: Codes) -> pl.DataFrame:
        days = pl.Series(day, dtype=pl.Int32)
        return pl.DataFrame(
            {"customer_id": self.customers.gather(who), "day": days.cast(pl.Date) if self.is_dated else days}
        )


def last_baskets(
    baskets: pl.DataFrame, *, is_dated: bool, test_customers: Sequence[str] | None = None, asked_on: date | None = None
) -> Split:
    """Asks for the last basket of every customer of two baskets or more, or of the `test_customers` only. The question
    is asked the moment before that basket, or (with `asked_on`, which must be later than all baskets) on one day for
    all; the other baskets of everybody are known up to that moment."""
    coded = _coded(baskets)
    size = len(coded.customers)
    last = np.full(size, -1)
    np.maximum.at(last, coded.who, coded.day)
    first = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first, coded.who, coded.day)
    is_asked = first < last
    if test_customers is not None:
        is_asked &= coded.customers.is_in(list(test_customers)).to_numpy()
    asked = np.flatnonzero(is_asked)
    limit = np.full(size, np.iinfo(np.int64).max)
    limit[asked] = last[asked]
    day = last[asked] if asked_on is None else np.full(len(asked), (asked_on - EPOCH).days)
    return _split(replace(coded, is_dated=is_dated), coded.day >= limit[coded.who], asked, day)


def next_baskets(baskets: pl.DataFrame, *, cut: date) -> Split:
    """Asks on one day for the next basket, on that day or later, of every customer known before and seen again.
    Nothing from that day on is known of anybody."""
    coded = _coded(baskets)
    day = (cut - EPOCH).days
    size = len(coded.customers)
    later = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(later, coded.who[coded.day >= day], coded.day[coded.day >= day])
    is_known = np.bincount(coded.who[coded.day < day], minlength=size) > 0
    asked = np.flatnonzero(is_known & (later < np.iinfo(np.int64).max))
    is_true = coded.day == later[coded.who]
    return _split(replace(coded, is_dated=True), coded.day >= day, asked, np.full(len(asked), day), is_true)


def sampled(split: Split, customers: int | None) -> Split:
    """The questions of at most so many customers, chosen by the hash of their id; everything known stays known."""
    if customers is None or customers >= len(split.asked):
        return split
    ids = split.customers.gather(split.asked)
    chosen = ids.is_in(hashed_order(ids).head(customers).implode())
    return split.of(np.flatnonzero(chosen.to_numpy()))


def _coded(baskets: pl.DataFrame) -> Split:
    """All rows as known ones, without questions."""
    ordered = baskets.sort("customer_id", "day", "product_id")
    customers, products = (ordered[name].unique().sort() for name in ("customer_id", "product_id"))
    who, what = (
        ordered[name].cast(pl.Enum(ids)).to_physical().to_numpy().astype(np.int64)
        for name, ids in (("customer_id", customers), ("product_id", products))
    )
    nobody = np.zeros(0, np.int64)
    day = ordered["day"].to_numpy().astype(np.int64)
    return Split(customers, products, who, what, day, nobody, nobody, nobody, nobody, is_dated=True)


def _split(
    rows: Split,
    hidden: npt.NDArray[np.bool_],
    asked: Codes,
    day: Codes,
    is_true: npt.NDArray[np.bool_] | None = None,
) -> Split:
    """The rows without the hidden ones; the true ones of those (all of them by default) are the truth of who is
    asked."""
    question = np.full(len(rows.customers), -1)
    question[asked] = np.arange(len(asked))
    of_truth = hidden if is_true is None else is_true
    of_truth = of_truth & (question[rows.who] >= 0)
    return Split(
        customers=rows.customers,
        products=rows.products,
        who=rows.who[~hidden],
        what=rows.what[~hidden],
        day=rows.day[~hidden],
        asked=asked,
        asked_day=day,
        true_question=question[rows.who[of_truth]],
        true_product=rows.what[of_truth],
        is_dated=rows.is_dated,
    )
