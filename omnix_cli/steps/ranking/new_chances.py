"""The chance that a customer buys a new product within 14 days, from the chance that it is in the next basket.

How many baskets come in 14 days differs by customer, so the number of recent visits counts beside the chance. That
chance is the regression's, also where trees take part in the order: the baskets of those 14 days were fitted, and trees
know them too well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from omnix_cli.steps.ranking.baskets import NEVER, Baskets, Bools, Floats, Ints
from omnix_cli.steps.ranking.moments import Moment, Shop
from omnix_cli.steps.ranking.questions import Chunk, Questions
from omnix_cli.steps.ranking.ranker import Ranker

WITHIN_DAYS = 14
MOST_ASKED = 2_500
"""Customers that the chance is learned from, evenly spread over the ids."""
BEST = 15
"""New products of each of them: the ranks that a list may show."""
PRIOR, PRECISION = (-1.5, 0.7, 0.6), (0.25, 25.0, 25.0)
"""What the three numbers are with nothing to learn from, as on Complete Journey in the summer of 2017; and how firmly:
1 / variance."""
_STEPS = 25
_TERMS = ("base", "margin", "visits")


@dataclass(frozen=True)
class NewChances:
    """logit(chance) = base + margin * (margin of the regression) + visits * log(visits in 28 days + 1/2)."""

    base: float
    margin: float
    visits: float

    @classmethod
    def learned(cls, shop: Shop, ranker: Ranker, before: int) -> NewChances | None:
        """From what the best new products of 14 days ago came to until the day `before`, by logistic regression with a
        normal prior (its mode by Newton's method). None where no model ranks new products, or nobody had a basket
        then."""
        if "new" not in ranker.models:
            return None
        asked = np.full(shop.baskets.customers, before - WITHIN_DAYS)
        customers = np.flatnonzero(shop.baskets.last_before(asked) > NEVER)
        customers = customers[:: max(1, -(-len(customers) // MOST_ASKED))]
        if not len(customers):
            return None
        questions = Questions(shop, Moment(shop, asked), asked, customers)
        linear = Ranker({"new": ranker.models["new"].linear}, {})
        parts = [_best_new(chunk, linear) for chunk in questions.chunks()]
        customer, product, margin = (np.concatenate(column) for column in zip(*parts, strict=True))
        terms = _terms(margin, questions.visits[customer])
        return cls(*_fitted(terms, _bought(shop.baskets, customer, product, before - WITHIN_DAYS, before)))

    def of(self, margin: Floats, visits: Ints) -> Floats:
        """The chance for each margin, with the customer's visits of the last 28 days."""
        return np.asarray(1 / (1 + np.exp(-_terms(margin, visits) @ np.array([self.base, self.margin, self.visits]))))

    def frame(self) -> pl.DataFrame:
        """The numbers as rows of the frame `ranker`."""
        values = [self.base, self.margin, self.visits]
        return pl.DataFrame({"part": "new", "model": "chance", "feature": _TERMS, "value": values})

    @classmethod
    def of_frame(cls, ranker: pl.DataFrame) -> NewChances | None:
        """From the frame `ranker`; None if it has no such numbers."""
        rows = ranker.filter(pl.col("model").cast(pl.String) == "chance")
        values = dict(rows.select("feature", "value").iter_rows())
        return cls(**values) if values else None


def _best_new(chunk: Chunk, ranker: Ranker) -> tuple[Ints, Ints, Floats]:
    """Customer, product and margin of the best new products of each customer."""
    every = chunk.rows()
    rows = every.only(~every.known)
    score, _ = ranker.scores(chunk, rows)
    order = np.lexsort((rows.product, -score, rows.row))
    row = rows.row[order]
    best = order[np.arange(len(row)) - np.searchsorted(row, row) < BEST]
    likely = np.clip(score[best], 1e-12, 1 - 1e-12)
    return rows.customer[best], rows.product[best], np.log(likely / (1 - likely))


def _bought(baskets: Baskets, customer: Ints, product: Ints, first: int, end: int) -> Bools:
    """Whether each customer bought the product on a day from `first` until before `end`."""
    lately = (baskets.day >= first) & (baskets.day < end)
    keys = baskets.customer[lately].astype(np.int64) * baskets.products + baskets.product[lately]
    return np.isin(customer * baskets.products + product, keys)


def _terms(margin: Floats, visits: Ints) -> Floats:
    return np.column_stack([np.ones(len(margin)), np.clip(margin, -25, 25), np.log(visits + 0.5)])


def _fitted(terms: Floats, bought: Bools) -> Floats:
    """The mode of the posterior: Newton's method on a strictly concave function."""
    prior, precision = np.array(PRIOR), np.array(PRECISION)
    found = prior.copy()
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-terms @ found))
        slope = terms.T @ (bought - chance) - precision * (found - prior)
        curve = (terms * (chance * (1 - chance))[:, None]).T @ terms + np.diag(precision)
        found = found + np.linalg.solve(curve, slope)
    return found
