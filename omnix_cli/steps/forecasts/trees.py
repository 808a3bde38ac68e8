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

from omnix_cli.kernels.grown_trees import Nodes, binned_columns, grown

Floats = npt.NDArray[np.float64]
Columns = Mapping[str, Floats]
Terms = dict[str, float]
BINS = 128
_INNER = ("feature", "threshold", "left", "right", "missing_left")


class Trees(NamedTuple):
    """The names of the features, the base value, and the nodes of all trees."""

    features: tuple[str, ...]
    base: float
    nodes: Nodes

    def score(self, columns: Columns) -> Floats:
        """The base value plus the values of all trees, one number a row; of a classifier the log-odds."""
        from omnix_cli.kernels.tree_walks import add_leaves  # numba takes half a second to import

        table = np.column_stack([columns[name] for name in self.features])
        total = np.full(len(table), self.base)
        add_leaves(0, len(table), table, *self.nodes, total)
        return total

    def terms(self) -> Terms:
        """Everything as named numbers, for the frame `forecast_model`."""
        terms = {"base": self.base} | {f"feature {name}": float(place) for place, name in enumerate(self.features)}
        terms |= {f"root {number:04}": float(node) for number, node in enumerate(self.nodes.root)}
        for node, left in enumerate(self.nodes.left):
            for name in _INNER if left >= 0 else ("value",):
                terms[f"node {node:06} {name}"] = float(getattr(self.nodes, name)[node])
        return terms

    @classmethod
    def of(cls, terms: Mapping[str, float]) -> Trees:
        """The model that these `terms` describe."""
        places = {name.removeprefix("feature "): place for name, place in terms.items() if name.startswith("feature ")}
        root = [int(terms[name]) for name in sorted(terms) if name.startswith("root ")]
        known = [(term.split(" "), value) for term, value in terms.items() if term.startswith("node ")]
        columns = {name: np.zeros(1 + max(int(parts[1]) for parts, _ in known)) for name in Nodes._fields}
        columns["left"][:] = -1
        for (_, node, name), value in known:
            columns[name][int(node)] = value
        whole = {name: columns[name].astype(np.int64) for name in ("feature", "left", "right", "missing_left")}
        nodes = Nodes(root=np.array(root), threshold=columns["threshold"], value=columns["value"], **whole)
        return cls(tuple(sorted(places, key=places.__getitem__)), terms["base"], nodes)


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
    table, edges = binned_columns(columns.values(), BINS)
    unknown = np.isnan(table[weight > 0]).all(axis=0)  # such as the category in a shop that has none
    table[:, unknown] = 0  # scikit-learn refuses a column without any value
    with threadpool_limits(limits=1):  # threads that wait for each other are slow where the cores have other work
        estimator.fit(table, target, sample_weight=weight)
    nodes, base, _ = grown(estimator, edges)
    return Trees(tuple(columns), base, nodes)
