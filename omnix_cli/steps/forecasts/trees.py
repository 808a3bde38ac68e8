"""Boosted trees as named numbers: fitted by scikit-learn, stored as terms, scored by a small function of ours.

A model is a base value plus the sum of its trees (Friedman 2001), which are grown on histograms (Ke et al. 2017). A
value goes to the left if it is at most the threshold; what is missing (NaN) goes where the node says. Scores are those
of the estimator, whatever the number of rows that are scored at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from omnix_cli.kernels.binning import bin_edges, binned, threshold_of

Floats = npt.NDArray[np.float64]
Columns = Mapping[str, Floats]
Terms = dict[str, float]
BINS = 128
_LARGEST = 1e300  # a threshold of scikit-learn may be infinite, which no stored number is
_INNER = {
    "feature": "feature_idx",
    "threshold": "num_threshold",
    "left": "left",
    "right": "right",
    "missing_left": "missing_go_to_left",
}


class Tree(NamedTuple):
    """The nodes of a tree, the root first. `left` is 0 in a leaf."""

    feature: npt.NDArray[np.int64]
    threshold: Floats
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    missing_left: npt.NDArray[np.bool_]
    value: Floats


class Trees(NamedTuple):
    """The names of the features, the base value, and the trees."""

    features: tuple[str, ...]
    base: float
    trees: tuple[Tree, ...]

    def score(self, columns: Columns) -> Floats:
        """The base value plus the values of all trees, one number a row; of a classifier the log-odds."""
        from omnix_cli.kernels.tree_walks import add_leaves  # numba takes half a second to import

        table = np.column_stack([columns[name] for name in self.features])
        total = np.full(len(table), self.base)
        if not self.trees:
            return total
        sizes = [len(tree.value) for tree in self.trees]
        roots = np.cumsum([0, *sizes[:-1]])
        start = np.repeat(roots, sizes)
        nodes = Tree(*(np.concatenate(part) for part in zip(*self.trees, strict=True)))
        left = np.where(nodes.left > 0, nodes.left + start, -1)
        walk = (roots, nodes.feature, nodes.threshold, left, nodes.right + start, nodes.value)
        add_leaves(0, len(table), table, *walk, nodes.missing_left.astype(np.int64), total)
        return total

    def terms(self) -> Terms:
        """Everything as named numbers, for the frame `forecast_model`."""
        terms = {"base": self.base} | {f"feature {name}": float(place) for place, name in enumerate(self.features)}
        for number, tree in enumerate(self.trees):
            for node in range(len(tree.value)):
                names = _INNER if tree.left[node] else ("value",)
                for name in names:
                    terms[f"tree {number:04} node {node:03} {name}"] = float(getattr(tree, name)[node])
        return terms

    @classmethod
    def of(cls, terms: Mapping[str, float]) -> Trees:
        """The model that these `terms` describe."""
        places = {name.removeprefix("feature "): place for name, place in terms.items() if name.startswith("feature ")}
        found: dict[str, dict[str, dict[int, float]]] = {}
        for term, value in terms.items():
            if term.startswith("tree "):
                _, number, _, node, name = term.split(" ")
                found.setdefault(number, {}).setdefault(name, {})[int(node)] = value
        trees = tuple(_tree(found[number]) for number in sorted(found))
        return cls(tuple(sorted(places, key=places.__getitem__)), terms["base"], trees)


def fit_chance(columns: Columns, happened: npt.NDArray[np.bool_], weight: Floats, **options: Any) -> Trees:
    """A model whose score is the log-odds that something happens (loss: log loss)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return _fitted(HistGradientBoostingClassifier, columns, happened, weight, options)


def fit_median(columns: Columns, target: Floats, weight: Floats, **options: Any) -> Trees:
    """A model whose score is the conditional median of the target (loss: absolute error)."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return _fitted(HistGradientBoostingRegressor, columns, target, weight, {"loss": "absolute_error", **options})


def _fitted(kind: Any, columns: Columns, target: npt.NDArray[Any], weight: Floats, options: Mapping[str, Any]) -> Trees:
    estimator = kind(early_stopping=False, random_state=0, **options)
    edges = [bin_edges(values, BINS) for values in columns.values()]
    table = np.column_stack([binned(*pair) for pair in zip(columns.values(), edges, strict=True)])
    unknown = np.isnan(table[weight > 0]).all(axis=0)  # such as the category in a shop that has none
    table[:, unknown] = 0  # scikit-learn refuses a column without any value
    with threadpool_limits(limits=1):  # threads that wait for each other are slow where the cores have other work
        estimator.fit(table, target, sample_weight=weight)
    trees = []
    for (predictor,) in estimator._predictors:  # scikit-learn has no public name for them
        nodes = predictor.nodes
        inner = {name: np.where(nodes["is_leaf"], 0, nodes[theirs]) for name, theirs in _INNER.items()}
        for number, values in enumerate(edges):
            decided = ~nodes["is_leaf"].astype(bool) & (nodes["feature_idx"] == number)
            inner["threshold"][decided] = threshold_of(nodes["num_threshold"][decided], values)
        trees.append(
            _tree(
                {name: dict(enumerate(values)) for name, values in inner.items()}
                | {"value": dict(enumerate(nodes["value"]))}
            )
        )
    return Trees(tuple(columns), float(np.ravel(estimator._baseline_prediction)[0]), tuple(trees))


def _tree(parts: Mapping[str, Mapping[int, float]]) -> Tree:
    size = 1 + max(max(part) for part in parts.values())
    numbers = {name: np.zeros(size) for name in Tree._fields}
    for name, part in parts.items():
        numbers[name][list(part)] = np.clip(list(part.values()), -_LARGEST, _LARGEST)
    whole = {name: numbers[name].astype(np.int64) for name in ("feature", "left", "right")}
    return Tree(
        whole["feature"],
        numbers["threshold"],
        whole["left"],
        whole["right"],
        numbers["missing_left"] > 0,
        numbers["value"],
    )
