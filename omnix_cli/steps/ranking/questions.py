"""Questions to the ranker: what comes in a customer's basket of a day, and which products come into question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from omnix_cli.steps.ranking.baskets import NEVER, Bools, Floats, Ints, OwnPairs
from omnix_cli.steps.ranking.companions import highest, matrix_of, taste_vectors, values_at
from omnix_cli.steps.ranking.moments import Moment, Shop

CUSTOMERS_AT_ONCE = 1_024
BY_NEIGHBOURS, BY_LAST_BASKET, BY_NEAREST, POPULAR = 60, 30, 80, 40
"""How many new products come from each source."""


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
        self.pairs = OwnPairs.of(shop.baskets, self.asked)
        self.vectors = taste_vectors(shop.baskets, self.asked)
        self.last_visit = shop.baskets.last_before(self.asked)
        self.visits = self.pairs.basket_count - shop.baskets.count_before(self.asked - 28)

    def chunks(self) -> Iterator[Chunk]:
        """The questions, some customers at a time."""
        for first in range(0, len(self.customers), CUSTOMERS_AT_ONCE):
            yield Chunk(self, self.customers[first : first + CUSTOMERS_AT_ONCE])


class Chunk:
    """The questions of some customers: matrices with one row for each."""

    def __init__(self, questions: Questions, customers: Ints) -> None:
        self.questions, self.customers = questions, customers
        shop, moment, pairs = questions.shop, questions.moment, questions.pairs
        shape = (len(customers), shop.baskets.products)
        first, last = np.searchsorted(pairs.customer, [customers[0], customers[-1] + 1])
        self.first_pair = int(first)
        """Where the own products of these customers begin in `questions.pairs`."""
        self.own_row = np.searchsorted(customers, pairs.customer[first:last])
        self.own_product = pairs.product[first:last]
        recent, latest = pairs.recent[first:last], pairs.baskets_since[first:last] == 0
        share = recent / np.bincount(self.own_row, recent, len(customers))[self.own_row]
        of_latest = 1 / np.bincount(self.own_row[latest], minlength=len(customers))[self.own_row[latest]]
        self.weights = matrix_of(self.own_row, self.own_product, share, shape)
        """Each customer's own products by recent purchases; a row adds up to 1."""
        latest_basket = matrix_of(self.own_row[latest], self.own_product[latest], of_latest, shape)
        self.by_neighbours = (self.weights @ moment.neighbours).tocsr()
        self.by_last_basket = (latest_basket @ moment.neighbours).tocsr()
        self.by_nearest = moment.nearest.means(customers, questions.vectors[customers])
        category = shop.category[self.own_product] + 1
        self.by_category = matrix_of(
            self.own_row, category, share, (len(customers), int(shop.category.max(initial=-1)) + 2)
        )
        """The own products by category: column 0 has those without one."""

    def rows(self) -> Rows:
        """All own products, and the new ones that any source proposes."""
        shop, products = self.questions.shop, self.weights.shape[1]
        barred = (self.weights + shop.barred[self.customers]).tocsr()
        keys = [self.own_row * products + self.own_product]
        sources = (
            (self.by_neighbours, BY_NEIGHBOURS),
            (self.by_last_basket, BY_LAST_BASKET),
            (self.by_nearest, BY_NEAREST),
        )
        for matrix, most in sources:
            row, product = highest(matrix, barred, most)
            keys.append(row * products + product)
        weeks = self.questions.asked[self.customers] // 7 * 7
        for week in np.unique(weeks):
            row = np.flatnonzero(weeks == week)
            popular = shop.popular(int(week), POPULAR)
            key = (row[:, None] * products + popular[None, :]).ravel()
            keys.append(key[values_at(barred, key // products, key % products) == 0])
        key = np.unique(np.concatenate(keys))
        row, product = key // products, key % products
        return Rows(self.customers[row], row, product, values_at(self.weights, row, product) > 0)

    def pair_of(self, rows: Rows) -> Ints:
        """Each row's entry in `questions.pairs`; some entry where the product is new."""
        products = self.weights.shape[1]
        place = np.searchsorted(self.own_row * products + self.own_product, rows.row * products + rows.product)
        return np.asarray(self.first_pair + np.where(rows.known, place, 0))

    def values(self, rows: Rows) -> dict[str, Floats]:
        """What the customer's companions say of each row: a score by each source."""
        sources = {
            "neighbours": self.by_neighbours,
            "neighbours_of_last": self.by_last_basket,
            "nearest_customers": self.by_nearest,
        }
        return {name: values_at(matrix, rows.row, rows.product) for name, matrix in sources.items()}

    def category_share(self, rows: Rows) -> Floats:
        """The share of the customer's own products that are of the product's category; 0 without a category."""
        category = self.questions.shop.category[rows.product]
        order = np.argsort(rows.row, kind="stable")
        share = np.empty(len(order))
        share[order] = values_at(self.by_category, rows.row[order], category[order] + 1)
        return np.where(category >= 0, share, 0.0)
