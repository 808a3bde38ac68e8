"""What the shop knows at a moment: the products of the whole history, and who is alike as of then."""

from __future__ import annotations

import numpy as np

from omnix_cli.steps.ranking.baskets import NEVER, Baskets, Ints, totals
from omnix_cli.steps.ranking.companions import (
    NearestCustomers,
    matrix_of,
    neighbour_matrix,
    references,
    taste_vectors,
)
from omnix_cli.steps.ranking.product_facts import ProductFacts


class Shop:
    """What does not depend on the moment: the history and the running sums of its products."""

    def __init__(self, baskets: Baskets, category: Ints, *, barred: tuple[Ints, Ints], threads: int) -> None:
        """`category` numbers each product's category (-1: none); `barred` pairs (customer, product) are never new."""
        self.baskets = baskets
        self.facts = ProductFacts(baskets)
        self.category = category
        self.shape = (baskets.customers, baskets.products)
        self.barred = matrix_of(*barred, np.ones(len(barred[0])), self.shape)
        self.threads = threads
        self._popular: dict[int, Ints] = {}

    def popular(self, day: int, count: int) -> Ints:
        """The `count` products most bought in the 28 days before the day, of equal ones the most bought ever."""
        if day not in self._popular:
            self._popular[day] = self.facts.best_sellers(day, count)
        return self._popular[day]


class Moment:
    """Who is alike, and the means of the shop, from what each customer bought before one day of theirs.

    Rows of a customer on or after that day are not used, not even for others."""

    def __init__(self, shop: Shop, before: Ints) -> None:
        baskets = shop.baskets
        kept = baskets.before(before, slice(0, len(baskets.day)))
        start = np.flatnonzero(baskets.is_first[kept])
        first = kept[start]  # where a later entry of a pair is kept, so is its first
        customer, product = baskets.customer[first], baskets.product[first]
        gaps = float(len(kept) - len(first))
        exposed = float((before[customer] - baskets.day[first]).sum())
        self.rate = max(gaps / max(exposed, 1.0), 1e-6)
        """Repeat purchases per day since a first purchase."""
        self.log_gap = float(totals(baskets.log_gap(kept), start).sum()) / max(gaps, 1.0)
        """The mean log of the days between two purchases of a pair."""
        count = baskets.count_before(before)
        in_last = baskets.number[kept] == (count - 1)[baskets.customer[kept]]
        last = np.bincount(baskets.product[kept[in_last]], minlength=baskets.products)
        self.kept_share = (last + 0.5) / (np.bincount(product, minlength=baskets.products) + 5)
        """By product: the share of its buyers who had it in their last basket, shrunk."""
        del kept, start, first, in_last
        self.neighbours = neighbour_matrix(customer, product, shop.shape, threads=shop.threads)
        reference = references(count)
        of_reference = np.full(baskets.customers, NEVER)
        of_reference[reference] = before[reference]
        vectors = taste_vectors(baskets, of_reference, count, reference)
        self.nearest = NearestCustomers(reference, vectors, threads=shop.threads)
