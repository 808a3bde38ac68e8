"""A tree of three nodes, walked by hand."""

from __future__ import annotations

import numpy as np

from omnix_cli.kernels.tree_walks import add_leaves, add_steps

WHOLE = np.array([0]), np.array([1, -1, -1]), np.array([0.5, 0.0, 0.0]), np.array([1, -1, -1]), np.array([2, -1, -1])
VALUES = np.array([0.1, -1.0, 2.0])
ROWS = np.array([[9.0, 0.5], [9.0, 0.6]])


def test_a_row_goes_left_up_to_the_threshold() -> None:
    total = np.array([10.0, 20.0])
    add_leaves(0, 2, ROWS, *WHOLE, VALUES, np.zeros(3, dtype=np.int64), total)
    assert total.tolist() == [9.0, 22.0]


def test_what_is_missing_goes_where_the_node_says() -> None:
    for goes_left, leaf in ((1, -1.0), (0, 2.0)):
        total = np.zeros(1)
        add_leaves(0, 1, np.array([[9.0, np.nan]]), *WHOLE, VALUES, np.full(3, goes_left), total)
        assert total.tolist() == [leaf]


def test_a_step_belongs_to_the_feature_that_decided_it() -> None:
    parts = np.zeros((2, 3))
    add_steps(ROWS, *WHOLE, VALUES, parts)
    assert parts.tolist() == [[0.0, -1.1, 0.1], [0.0, 1.9, 0.1]]
