"""What the shop knows at a moment: the products of the whole history, and who is alike as of then."""

from __future__ import annotations

import numpy as np

from omnix_cli.steps.ranking.baskets import NEVER, Baskets, Ints, OwnPairs
from omnix_cli.steps.ranking.companions import (
    NearestCustomers,
    matrix_of,
    neighbour_matrix,
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
        pairs = OwnPairs.of(shop.baskets, before)
        self.neighbours = neighbour_matrix(pairs, shop.shape, threads=shop.threads)
        every = np.bincount(pairs.product, minlength=shop.baskets.products)
        last = np.bincount(pairs.product[pairs.baskets_since == 0], minlength=shop.baskets.products)
        self.kept_share = (last + 0.5) / (every + 5)
        """By product: the share of its buyers who had it in their last basket, shrunk."""
        self.nearest = NearestCustomers(taste_vectors(shop.baskets, before), threads=shop.threads)
        gaps = float((pairs.times - 1).sum())
        exposed = float((before[pairs.customer] - pairs.first_day)[before[pairs.customer] > NEVER].sum())
        self.rate = max(gaps / max(exposed, 1.0), 1e-6)
        """Repeat purchases per day since a first purchase."""
        self.log_gap = float(pairs.log_gaps.sum()) / max(gaps, 1.0)
        """The mean log of the days between two purchases of a pair."""
