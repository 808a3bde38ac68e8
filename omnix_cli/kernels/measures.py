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
    """Which pairs count, and the score they rank by: the measure s, shrunk to s * n / (n + shrink)."""

    measure: int
    neighbours: int
    min_support: int
    min_customers: int
    shrink: float


class Scales(NamedTuple):
    """What the measures need of the items, besides the support and the dot product of each pair."""

    groups: float
    degree: NDArray[np.float64]
    inverse_norm: NDArray[np.float64]


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
