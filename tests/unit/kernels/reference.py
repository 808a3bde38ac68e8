"""The co-purchase neighbours by two blocked sparse products of one pattern: plain, slow, the oracle of the kernel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from omnix_cli.kernels.incidence import Incidence
from omnix_cli.kernels.measures import CONDITIONAL, COSINE, JACCARD, Rule
from omnix_cli.kernels.topk import SCORE_ONE

_BLOCK = 512


def pairs(
    matrix: Incidence, owner: NDArray[np.int32]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """All ordered pairs that share a group, a block of items at a time: item and other (the caller's numbers),
    support, customers, and dot product of the scaled weights."""
    item = matrix.code[matrix.entries[:, 0]]
    weight = matrix.entries[:, 1].astype(np.int64)
    shape = (matrix.groups, matrix.items)
    weighted = sp.csr_array((weight, item, matrix.group_start), shape=shape)
    pattern = sp.csr_array((np.ones_like(weight), item, matrix.group_start), shape=shape)
    for first in range(0, matrix.items, _BLOCK):
        block = slice(first, first + _BLOCK)
        support = (pattern[:, block].T @ pattern).tocoo()
        dot = (weighted[:, block].T @ weighted).tocoo()
        customers = support.tocsr() if len(owner) == 0 else _customers(pattern, block, owner)
        one, other = support.coords
        at = np.asarray(sp.csr_array(dot)[one, other]), np.asarray(customers[one, other])
        apart = one + first != other
        yield (one + first)[apart], other[apart], support.data[apart], at[1][apart], at[0][apart]


def _customers(pattern: sp.csr_array, block: slice, owner: NDArray[np.int32]) -> sp.csr_array:
    """The distinct customers of each pair: customer by customer, whether any of their baskets has both."""
    total = sp.csr_array((pattern[:, block].shape[1], pattern.shape[1]), dtype=np.int64)
    for customer in np.unique(owner):
        baskets = pattern[owner == customer]
        total = total + ((baskets[:, block].T @ baskets) > 0).astype(np.int64)
    return total


def neighbours(matrix: Incidence, rule: Rule, owner: NDArray[np.int32]) -> dict[int, list[tuple[int, int, int, int]]]:
    """Each item's neighbours, best first: (item, support, customers, dot product); items in the caller's numbers."""
    degree = np.empty(matrix.items)
    degree[matrix.code] = matrix.degree
    norm = np.empty(matrix.items)
    norm[matrix.code] = np.sqrt(np.maximum(matrix.squared_norm, 1))
    unit = np.empty(matrix.items)
    unit[matrix.code] = matrix.unit
    best: dict[int, list[tuple[int, int, int, int]]] = {item: [] for item in range(matrix.items)}
    for one, other, support, customers, dot in pairs(matrix, owner):
        if rule.measure == COSINE:
            measure = np.minimum(dot * ((1 / norm[one]) * (1 / norm[other])), 1)
        elif rule.measure == JACCARD:
            measure = support / (degree[one] + degree[other] - support)
        elif rule.measure == CONDITIONAL:
            measure = support / degree[one]
        else:
            lift = support * matrix.groups / (degree[one] * degree[other])
            measure = lift / (1 + lift)
        weight = dot * (unit[one] * unit[other])
        score = np.rint(measure * (weight / (weight + rule.shrink)) * SCORE_ONE)
        expected = degree[one] * degree[other] / matrix.groups
        spread = expected * (1 - degree[one] / matrix.groups) * (1 - degree[other] / matrix.groups)
        by_chance = (support <= expected) | ((support - expected) ** 2 <= spread)
        enough = (support >= rule.min_support) & (customers >= rule.min_customers) & (weight >= 0.99 * rule.min_weight)
        shown = np.flatnonzero(enough & ~by_chance)
        for place in shown[np.lexsort((other[shown], -score[shown], one[shown]))]:
            found = best[int(one[place])]
            if len(found) < rule.neighbours:
                found.append((int(other[place]), int(support[place]), int(customers[place]), int(dot[place])))
    return best
