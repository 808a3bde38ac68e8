"""The models of the ranker: a logistic regression, alone or with boosted trees, as plain numbers.

A model gives a margin, the logit of a chance. It is fitted by scikit-learn, and kept, scored and explained here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from omnix_cli.kernels.grown_trees import Nodes, binned_columns, grown
from omnix_cli.steps.ranking.baskets import Bools, Floats, Ints

INVERSE_RIDGE = 0.03
TREES, LEAVES, LEARNING_RATE, FEWEST_IN_LEAF, BINS = 60, 15, 0.07, 200, 64
SMALLEST_DEVIATION = 1e-6
"""A feature that varies less is the same on all rows of the fit: it learns no slope, and must not be made large."""
BASE = "base"
"""The part of a margin that no feature has a share in."""


@dataclass(frozen=True)
class Logistic:
    """margin = base + sum of slope * z + hinge * max(z, 0), with z = (x - mean) / scale for each feature."""

    names: tuple[str, ...]
    base: float
    mean: Floats
    scale: Floats
    slope: Floats
    hinge: Floats

    @classmethod
    def fit(cls, names: Sequence[str], features: Floats, bought: Bools, weight: Floats) -> Logistic:
        """Fitted with a ridge, under one thread: more would change the last bits."""
        from sklearn.linear_model import LogisticRegression

        mean, deviation = features.mean(axis=0), features.std(axis=0)
        scale = np.where(deviation > SMALLEST_DEVIATION, deviation, 1.0)
        fitted: Any = LogisticRegression(  # type: ignore[no-untyped-call]
            C=INVERSE_RIDGE, max_iter=300
        )
        with threadpool_limits(limits=1):
            fitted.fit(_hinged((features - mean) / scale), bought, sample_weight=weight)
        slope, hinge = np.split(fitted.coef_[0], 2)
        return cls(tuple(names), float(fitted.intercept_[0]), mean, scale, slope, hinge)

    def shares(self, features: Floats) -> Floats:
        """What each feature adds to the margin; the last column is the base."""
        z = (features - self.mean) / self.scale
        parts = self.slope * z + self.hinge * np.maximum(z, 0.0)
        return np.column_stack([parts, np.full(len(parts), self.base)])

    def margin(self, features: Floats) -> Floats:
        """The logit of the chance: the shares of all features, added up in their order."""
        total = np.zeros(len(features))
        for column, mean, scale, slope, hinge in zip(
            features.T, self.mean, self.scale, self.slope, self.hinge, strict=True
        ):
            z = (column - mean) / scale
            total += slope * z + hinge * np.maximum(z, 0.0)
        return total + self.base

    def frame(self) -> pl.DataFrame:
        """The numbers as rows: one for each feature, and one for the base."""
        names = [*self.names, BASE]
        columns = {"value": (self.slope, self.base), "mean": (self.mean, 0.0), "scale": (self.scale, 1.0)}
        columns["hinge"] = (self.hinge, 0.0)
        values = {name: np.append(numbers, last) for name, (numbers, last) in columns.items()}
        return pl.DataFrame({"model": "logistic", "node": np.arange(len(names)), "feature": names, **values})

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Logistic:
        """From the rows that `frame` made."""
        rows = rows.filter(pl.col("model") == "logistic").sort("node")
        mean, scale, slope, hinge = (rows[name].to_numpy()[:-1] for name in ("mean", "scale", "value", "hinge"))
        return cls(tuple(rows["feature"][:-1]), float(rows["value"][-1]), mean, scale, slope, hinge)


@dataclass(frozen=True)
class Trees:
    """Boosted trees: the margin is the base plus the value of one leaf of each tree.

    A row goes left where its feature is at most the threshold. The value of an inner node is the mean of its leaves."""

    names: tuple[str, ...]
    base: float
    nodes: Nodes

    @classmethod
    def fit(cls, names: Sequence[str], features: Floats, bought: Bools, weight: Floats) -> Trees:
        """Gradient boosting on histograms (Ke et al., NIPS 2017), under one thread.

        The features are binned here: with weights, scikit-learn's own binning takes longer than the trees."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        table, edges = binned_columns(features.T, BINS)
        trees: Any = HistGradientBoostingClassifier(  # type: ignore[no-untyped-call]
            max_iter=TREES,
            max_leaf_nodes=LEAVES,
            learning_rate=LEARNING_RATE,
            min_samples_leaf=FEWEST_IN_LEAF,
            early_stopping=False,
            random_state=0,
        )
        with threadpool_limits(limits=1):  # threads that wait for each other are slow where the cores have other work
            fitted = trees.fit(table, bought, sample_weight=weight)
        nodes, base, count = grown(fitted, edges)
        value = _means(nodes.left, nodes.right, nodes.value, count.astype(np.float64))
        return cls(tuple(names), base, nodes._replace(value=value, missing_left=np.zeros_like(nodes.left)))

    def margin(self, features: Floats, *, threads: int = 1) -> Floats:
        """The logit of the chance, the trees added up in their order."""
        from omnix_cli.kernels.threads import equal_blocks, share_out
        from omnix_cli.kernels.tree_walks import add_leaves

        rows, total = np.ascontiguousarray(features), np.full(len(features), self.base)
        blocks = equal_blocks(np.ones(len(rows), dtype=np.int64), threads)
        share_out(blocks, threads, lambda _, first, last: add_leaves(first, last, rows, *self.nodes, total))
        return total

    def shares(self, features: Floats) -> Floats:
        """What each feature adds to the margin: on the way from root to leaf, each step's change of the mean belongs
        to the feature that decided it (Saabas 2014). The last column is the base."""
        from omnix_cli.kernels.tree_walks import add_steps

        parts = np.zeros((len(features), len(self.names) + 1))
        parts[:, -1] = self.base
        add_steps(np.ascontiguousarray(features), *self.nodes[:-1], parts)
        return parts

    def frame(self) -> pl.DataFrame:
        """The numbers as rows: one for each node, and one for the base."""
        root, feature, threshold, left, right, value, _ = self.nodes
        node = np.arange(len(value))
        names = [*self.names, ""]
        nodes = pl.DataFrame(
            {
                "model": "trees",
                "tree": np.searchsorted(root, node, side="right") - 1,
                "node": node,
                "feature": [names[number] for number in feature],
                "value": value,
                "threshold": threshold,
                "left": left,
                "right": right,
            }
        )
        base = pl.DataFrame({"model": "trees", "tree": -1, "node": -1, "feature": BASE, "value": self.base})
        return pl.concat([base, nodes], how="diagonal_relaxed")

    @classmethod
    def of(cls, rows: pl.DataFrame, names: Sequence[str]) -> Trees:
        """From the rows that `frame` made."""
        rows = rows.filter(pl.col("model") == "trees").sort("tree", "node")
        base, nodes = float(rows["value"][0]), rows[1:]
        number = {"": -1} | {name: place for place, name in enumerate(names)}
        feature = np.array([number[name] for name in nodes["feature"]], dtype=np.int64)
        root = nodes.group_by("tree", maintain_order=True).first()["node"]
        places = (root, nodes["left"], nodes["right"])
        start, left, right = (column.to_numpy().astype(np.int64) for column in places)
        threshold, value = (nodes[name].to_numpy() for name in ("threshold", "value"))
        walk = Nodes(start, feature, threshold, left, right, value, np.zeros_like(left))
        return cls(tuple(names), base, walk)


def _hinged(z: Floats) -> Floats:
    return np.hstack([z, np.maximum(z, 0.0)])


def _means(left: Ints, right: Ints, value: Floats, count: Floats) -> Floats:
    """The values with those of inner nodes: the mean of their children. Children come after their parents."""
    value = value.copy()
    for node in range(len(left) - 1, -1, -1):
        if left[node] >= 0:
            children = [left[node], right[node]]
            value[node] = (value[children] * count[children]).sum() / count[children].sum()
    return value
