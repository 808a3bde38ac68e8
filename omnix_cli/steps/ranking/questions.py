"""Questions to the ranker: what comes in a customer's basket of a day, and which products come into question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from omnix_cli.steps.ranking.baskets import NEVER, Bools, Floats, Ints, OwnPairs, distinct
from omnix_cli.steps.ranking.companions import Sums, matrix_of, taste_vectors, values_at
from omnix_cli.steps.ranking.moments import Moment, Shop

CUSTOMERS_AT_ONCE = 1_024
CANDIDATES = {"neighbours": 60, "neighbours_of_last": 30, "nearest_customers": 80}
POPULAR = 40
"""How many new products come from each source, and of those that sell best."""


@dataclass(frozen=True)
class Rows:
    """Products in question, sorted by customer and product: `row` is the place of the customer in the chunk."""

    customer: Ints
    row: Ints
    product: Ints
    known: Bools

    def only(self, kept: Bools) -> Rows:
        """These rows only."""
        return Rows(self.customer[kept], self.row[kept], self.product[kept], self.known[kept])


class Questions:
    """One question for each of `customers` (rising numbers, each with a basket before): what comes in the basket of
    the day `asked`, one for each customer of the shop?

    What is known of a customer's own past ends before that day; what is known of others, with `moment`."""

    def __init__(self, shop: Shop, moment: Moment, asked: Ints, customers: Ints) -> None:
        chosen = np.zeros(shop.baskets.customers, dtype=np.bool_)
        chosen[customers] = True
        self.shop, self.moment, self.customers = shop, moment, customers
        self.asked = np.where(chosen, asked, NEVER)
        self.last_visit = shop.baskets.last_before(self.asked)
        self.baskets = shop.baskets.count_before(self.asked)
        """By customer: the baskets before the day asked."""
        self.visits = self.baskets - shop.baskets.count_before(self.asked - 28)
        self.shopping = shop.baskets.shopping(self.asked)
        """By customer: the baskets before the day asked, each halved for every 90 days of age."""

    def own_products(self) -> int:
        """How many products all customers together bought before."""
        baskets = self.shop.baskets
        return int(baskets.is_first[baskets.before(self.asked, baskets.entries(self.customers))].sum())

    def chunks(self) -> Iterator[Chunk]:
        """The questions, some customers at a time."""
        for first in range(0, len(self.customers), CUSTOMERS_AT_ONCE):
            yield Chunk(self, self.customers[first : first + CUSTOMERS_AT_ONCE])


class Chunk:
    """The questions of some customers: matrices with one row for each."""

    def __init__(self, questions: Questions, customers: Ints) -> None:
        self.questions, self.customers = questions, customers
        shop, moment = questions.shop, questions.moment
        self.pairs = pairs = OwnPairs.of(shop.baskets, questions.asked, questions.baskets, customers)
        products = shop.baskets.products
        shape = (len(customers), products)
        self.own_row, self.own_product = np.searchsorted(customers, pairs.customer), pairs.product
        self.own_key = self.own_row * products + self.own_product
        recent, latest = pairs.recent, pairs.baskets_since == 0
        share = recent / np.bincount(self.own_row, recent, len(customers))[self.own_row]
        of_latest = 1 / np.bincount(self.own_row[latest], minlength=len(customers))[self.own_row[latest]]
        self.weights = matrix_of(self.own_row, self.own_product, share, shape)
        """Each customer's own products by recent purchases; a row adds up to 1."""
        latest_basket = matrix_of(self.own_row[latest], self.own_product[latest], of_latest, shape)
        self.sources = {
            "neighbours": Sums(self.weights, moment.neighbours, threads=shop.threads),
            "neighbours_of_last": Sums(latest_basket, moment.neighbours, threads=shop.threads),
            "nearest_customers": moment.nearest.means(
                customers, taste_vectors(shop.baskets, questions.asked, questions.baskets, customers)
            ),
        }
        category = shop.category[self.own_product] + 1
        self.by_category = matrix_of(
            self.own_row, category, share, (len(customers), int(shop.category.max(initial=-1)) + 2)
        )
        """The own products by category: column 0 has those without one."""

    def rows(self) -> Rows:
        """All own products, and the new ones that any source proposes."""
        shop, products = self.questions.shop, self.weights.shape[1]
        barred = (self.weights + shop.barred[self.customers]).tocsr()
        keys = []
        for name, most in CANDIDATES.items():
            row, product = self.sources[name].highest(barred, most)
            keys.append(row * products + product)
        weeks = self.questions.asked[self.customers] // 7 * 7
        for week in np.unique(weeks):
            row = np.flatnonzero(weeks == week)
            popular = shop.popular(int(week), POPULAR)
            keys.append((row[:, None] * products + popular[None, :]).ravel())
        new = distinct(np.concatenate(keys))
        new = new[values_at(barred, new // products, new % products) == 0]
        key = np.concatenate([self.own_key, new])
        order = np.argsort(key, kind="stable")
        row, product = key[order] // products, key[order] % products
        return Rows(self.customers[row], row, product, order < len(self.own_key))

    def pair_of(self, rows: Rows) -> Ints:
        """Each row's entry in `pairs`; some entry where the product is new."""
        place = np.searchsorted(self.own_key, rows.row * self.weights.shape[1] + rows.product)
        return np.where(rows.known, place, 0)

    def values(self, rows: Rows) -> dict[str, Floats]:
        """What the customer's companions say of each row: a score by each source."""
        return {name: source.at(rows.row, rows.product) for name, source in self.sources.items()}

    def category_share(self, rows: Rows) -> Floats:
        """The share of the customer's own products that are of the product's category; 0 without a category."""
        category = self.questions.shop.category[rows.product]
        return np.where(category >= 0, values_at(self.by_category, rows.row, category + 1), 0.0)
