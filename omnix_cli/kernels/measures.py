"""What makes two items neighbours: the co-purchase measures, and which pairs count at all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled

COSINE, JACCARD, LIFT, CONDITIONAL = range(4)
MEASURES = {"cosine": COSINE, "jaccard": JACCARD, "lift": LIFT, "conditional": CONDITIONAL}

SUPPORT_SHIFT = 32
"""A pair's support and customers share one number: the support above this bit, the customers below it."""
CUSTOMERS_MASK = 2**SUPPORT_SHIFT - 1


class Rule(NamedTuple):
    """Which pairs count, and the score they rank by: the measure s, shrunk to s * w / (w + shrink) by the pair's
    weight w, the sum of what its groups weigh (see `incidence.build`): its support, if all weigh 1."""

    measure: int
    neighbours: int
    min_support: int
    min_customers: int
    shrink: float
    min_weight: float = 0.0
    """The least weight of a pair: so many groups of the usual size, or more of those that are larger."""


class Scales(NamedTuple):
    """What the measures need of the items, besides the support and the dot product of each pair."""

    groups: float
    degree: NDArray[np.float64]
    inverse_norm: NDArray[np.float64]
    unit: NDArray[np.float64]
    """The weight that 1 in the entries of the item stands for."""


@compiled
def measure_of(measure: int, cosine: float, support: int, degree_i: float, degree_j: float, groups: float) -> float:
    """The measure of the pair (i, j), in 0..1. Lift L becomes L / (1 + L): one half where the two are independent.

    cosine = w_i . w_j / (|w_i| |w_j|); jaccard = n / (n_i + n_j - n); lift = n N / (n_i n_j);
    conditional = P(j | i) = n / n_i."""
    if measure == COSINE:
        return min(cosine, 1.0)
    if measure == JACCARD:
        return support / (degree_i + degree_j - support)
    if measure == LIFT:
        return support * groups / (support * groups + degree_i * degree_j)
    return support / degree_i


@compiled
def is_more_than_chance(support: int, degree_i: float, degree_j: float, groups: float) -> bool:
    """Whether a pair shares more groups than chance explains: more than the mean of the hypergeometric distribution
    n_i n_j / N (a lift above 1) by more than its standard deviation (nearly: with N for N - 1)."""
    expected = degree_i * degree_j / groups
    variance = expected * (1 - degree_i / groups) * (1 - degree_j / groups)
    excess = support - expected
    return excess > 0 and excess * excess > variance


@compiled
def counts_as_pair(rule: Rule, weight: float, support: int, degree_i: float, degree_j: float, groups: float) -> bool:
    """Whether a pair of enough support and customers is a pair: of enough weight, and more than chance."""
    # the entries are rounded: 3 groups of weight 1 may weigh 2.998
    return weight >= 0.99 * rule.min_weight and is_more_than_chance(support, degree_i, degree_j, groups)
