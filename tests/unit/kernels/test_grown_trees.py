from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from omnix_cli.kernels.grown_trees import binned_columns, grown


def test_two_trees_by_hand() -> None:
    """Values 1 to 4 stand for 0, 0, 6 and 6, NaN for 6: each tree takes half of what is left of the mean's error."""
    values = np.array([1.0, 2.0, 3.0, 4.0, np.nan] * 20)
    table, edges = binned_columns([values], 64)
    assert edges[0].tolist() == [1.0, 2.0, 3.0, 4.0]
    options = {"max_iter": 2, "learning_rate": 0.5, "max_leaf_nodes": 2, "early_stopping": False}
    estimator = HistGradientBoostingRegressor(**options).fit(table, np.where(values <= 2, 0.0, 6.0))
    nodes, base, count = grown(estimator, edges)
    assert base == 3.6
    assert nodes.root.tolist() == [0, 3]
    assert (nodes.left.tolist(), nodes.right.tolist()) == ([1, -1, -1, 4, -1, -1], [2, -1, -1, 5, -1, -1])
    assert nodes.threshold[nodes.left >= 0].tolist() == [2.0, 2.0]
    assert nodes.missing_left.sum() == 0
    assert np.allclose(nodes.value, [0, -1.8, 1.2, 0, -0.9, 0.6])
    assert count.tolist() == [100, 40, 60] * 2
