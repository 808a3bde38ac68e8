"""The trees that a histogram gradient boosting of scikit-learn has grown, as plain arrays.

The estimator gets every feature as the number of its bin (see `kernels.binning`); here the thresholds are values again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.binning import bin_edges, binned, threshold_of

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_LARGEST = 1e300  # a threshold of scikit-learn may be infinite, which no stored number is


class Nodes(NamedTuple):
    """The nodes of all trees in parallel arrays, as `kernels.tree_walks` takes them: `root` has where each tree begins,
    `left` is -1 in a leaf. `value` is that of a leaf."""

    root: _Ints
    feature: _Ints
    threshold: _Floats
    left: _Ints
    right: _Ints
    value: _Floats
    missing_left: _Ints


def binned_columns(columns: Iterable[_Floats], bins: int) -> tuple[_Floats, list[_Floats]]:
    """The features as numbers of bins, one column each, and the edges of the bins."""
    found = [(values, bin_edges(values, bins)) for values in columns]
    return np.column_stack([binned(values, edges) for values, edges in found]), [edges for _, edges in found]


def grown(estimator: Any, edges: Sequence[_Floats]) -> tuple[Nodes, float, _Ints]:
    """The nodes, the base value, and how many rows of the fit passed each node."""
    trees = [predictor.nodes for (predictor,) in estimator._predictors]  # scikit-learn has no public name for them
    sizes = [len(tree) for tree in trees]
    root = np.cumsum([0, *sizes], dtype=np.int64)[:-1]
    start, every = np.repeat(root, sizes), np.concatenate(trees)
    is_leaf = every["is_leaf"].astype(bool)
    left, right = (np.where(is_leaf, -1, every[side].astype(np.int64) + start) for side in ("left", "right"))
    feature = np.where(is_leaf, -1, every["feature_idx"]).astype(np.int64)
    threshold = np.zeros(len(every))
    for number, edge in enumerate(edges):
        decided = feature == number
        threshold[decided] = threshold_of(every["num_threshold"][decided], edge).clip(-_LARGEST, _LARGEST)
    missing_left = np.where(is_leaf, 0, every["missing_go_to_left"]).astype(np.int64)
    value = np.where(is_leaf, every["value"], 0.0)
    base = float(np.ravel(estimator._baseline_prediction)[0])
    nodes = Nodes(root, feature, threshold, left, right, value, missing_left)
    return nodes, base, every["count"].astype(np.int64)
