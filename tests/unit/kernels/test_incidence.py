from __future__ import annotations

import numpy as np
import pytest

from omnix_cli.kernels.incidence import NORM, WEIGHT_ONE, build


def test_items_are_numbered_by_popularity_and_of_repeated_lines_the_heaviest_counts() -> None:
    groups, items = np.array([0, 0, 0, 1], dtype=np.uint32), np.array([1, 0, 1, 1], dtype=np.uint32)
    matrix = build(groups, items, np.array([1, 3, 2, 4], dtype=np.int64), group_count=2, item_count=2)
    assert matrix.code.tolist() == [1, 0]
    assert matrix.degree.tolist() == [2, 1]
    assert (matrix.items, matrix.groups) == (2, 2)
    weights = matrix.entries[:, 1]
    assert weights[0] * 2 == pytest.approx(weights[2])  # 2, of 1 and 2, in group 0; 4 in group 1
    assert abs(np.sqrt(matrix.squared_norm) / NORM - 1).max() < 0.02
    assert matrix.unit[0] * WEIGHT_ONE * weights[2] == pytest.approx(4)


def test_the_pairs_of_a_group_twice_the_usual_size_weigh_half() -> None:
    lines = [(group, item) for group, size in enumerate((2, 2, 2, 8)) for item in range(size)]
    groups, items = (np.array(column, dtype=np.uint32) for column in zip(*lines, strict=True))
    weights = np.full(len(lines), WEIGHT_ONE, dtype=np.int64)
    matrix = build(groups, items, weights, group_count=4, item_count=8, usual_size=2.0)
    first = matrix.entries[:, 1] * matrix.unit[matrix.entries[:, 0]]
    assert first[0] ** 2 == pytest.approx(1, abs=1e-5)
    assert first[-1] ** 2 == pytest.approx(2 * 2 / 8, abs=1e-5)
