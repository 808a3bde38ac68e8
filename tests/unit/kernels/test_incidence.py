from __future__ import annotations

import numpy as np

from omnix_cli.kernels.incidence import NORM, build


def test_items_are_numbered_by_popularity_and_repeated_lines_add_up() -> None:
    groups, items = np.array([0, 0, 0, 1], dtype=np.uint32), np.array([1, 0, 1, 1], dtype=np.uint32)
    matrix = build(groups, items, np.array([1, 3, 2, 4], dtype=np.int64), group_count=2, item_count=2)
    assert matrix.code.tolist() == [1, 0]
    assert matrix.degree.tolist() == [2, 1]
    assert (matrix.items, matrix.groups) == (2, 2)
    weights = matrix.entries[:, 1]
    assert (weights[0] * 4).tolist() // weights[2] == 3  # 1 + 2 in group 0, 4 in group 1
    assert abs(np.sqrt(matrix.squared_norm) / NORM - 1).max() < 0.02
