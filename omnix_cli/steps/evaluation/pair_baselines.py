"""Simple measures of which products belong together: what every list of neighbours has to beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy import sparse

from omnix_cli.steps.evaluation.splits import Codes, Floats

BATCH = 64
SHRINKAGE = 10
MIN_SUPPORT = 3
BlockScorer = Callable[[Codes], Floats]
"""Scores every product as a neighbour of some: those x products; -inf for what is no neighbour."""


@dataclass(frozen=True, eq=False)
class Bought:
    """What was bought in each group (a customer, or a basket): groups x products, 1 where bought."""

    matrix: sparse.csr_array

    @classmethod
    def of(cls, group: Codes, product: Codes, products: int) -> Bought:
        shape = (int(group.max(initial=-1)) + 1, products)
        matrix = sparse.coo_array((np.ones(len(group)), (group, product)), shape=shape).tocsr()
        matrix.data[:] = 1.0
        return cls(matrix)

    @cached_property
    def by_product(self) -> sparse.csr_array:
        return self.matrix.T.tocsr()

    @cached_property
    def counts(self) -> Floats:
        """The groups of each product."""
        return np.asarray(self.matrix.sum(axis=0), dtype=np.float64).ravel()

    def together(self, products: Codes) -> Floats:
        """In how many groups each product stands beside some others; 0 beside itself."""
        both = np.asarray((self.by_product[products] @ self.matrix).todense())
        both[np.arange(len(products)), products] = 0
        return both


def shrunk_cosine(known: Bought) -> BlockScorer:
    """The cosine of who bought what, times n / (n + 10) for n groups with both; none below three."""

    def score(products: Codes) -> Floats:
        both = known.together(products)
        norm = np.sqrt(np.outer(known.counts[products], np.maximum(known.counts, 1)))
        return np.where(both >= MIN_SUPPORT, both / norm * both / (both + SHRINKAGE), -np.inf)

    return score


def raw_counts(known: Bought) -> BlockScorer:
    """In how many groups both stand."""

    def score(products: Codes) -> Floats:
        both = known.together(products)
        return np.where(both > 0, both, -np.inf)

    return score


def most_bought(known: Bought) -> BlockScorer:
    """How many groups have the product, whatever it is beside."""

    def score(products: Codes) -> Floats:
        table = np.tile(known.counts, (len(products), 1))
        table[np.arange(len(products)), products] = -np.inf
        return table

    return score


def nearest(scorer: BlockScorer, products: pl.Series, judged: Codes, *, places: int) -> pl.DataFrame:
    """The first neighbours of some products: product_id, rank, neighbour_id. Equal scores in the order of the ids."""
    rows: list[Codes] = []
    for first in range(0, len(judged), BATCH):
        block = judged[first : first + BATCH]
        table = scorer(block)
        order = np.argsort(-table, axis=1, kind="stable")[:, :places]
        line, place = np.nonzero(np.take_along_axis(table, order, axis=1) > -np.inf)
        rows.append(np.column_stack([block[line], place + 1, order[line, place]]))
    product, rank, neighbour = np.concatenate(rows).T if rows else np.zeros((3, 0), np.int64)
    ids = {"product_id": products.gather(product), "neighbour_id": products.gather(neighbour)}
    return pl.DataFrame({**ids, "rank": rank})
