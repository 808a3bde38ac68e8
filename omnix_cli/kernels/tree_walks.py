"""Scoring by decision trees: the leaf that each row reaches, and what each step on the way changes.

The nodes of all trees are in parallel arrays; `roots` has where each tree begins. A node without a left child (-1) is a
leaf. A row goes left where its feature is at most the threshold; what is missing (NaN) goes left where the node's
`missing_left` is not 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@compiled
def add_leaves(
    first: int,
    last: int,
    features: _Floats,
    roots: _Ints,
    feature: _Ints,
    threshold: _Floats,
    left: _Ints,
    right: _Ints,
    value: _Floats,
    missing_left: _Ints,
    total: _Floats,
) -> None:
    """Adds to each row's total the value of its leaf in every tree, in the order of the trees; for the rows
    [first, last)."""
    for row in range(first, last):
        for root in roots:
            node = root
            while left[node] >= 0:
                given = features[row, feature[node]]
                goes_left = missing_left[node] != 0 if np.isnan(given) else given <= threshold[node]
                node = left[node] if goes_left else right[node]
            total[row] += value[node]


@compiled
def add_steps(
    features: _Floats,
    roots: _Ints,
    feature: _Ints,
    threshold: _Floats,
    left: _Ints,
    right: _Ints,
    value: _Floats,
    parts: _Floats,
) -> None:
    """Adds each step's change of the value to the column of the feature that decided it, and the values of the roots
    to the last column."""
    base = parts.shape[1] - 1
    for row in range(len(features)):
        for root in roots:
            node = root
            parts[row, base] += value[node]
            while left[node] >= 0:
                decided = feature[node]
                after = left[node] if features[row, decided] <= threshold[node] else right[node]
                parts[row, decided] += value[after] - value[node]
                node = after
