from __future__ import annotations

import numpy as np

from omnix_cli.kernels.incidence import build
from omnix_cli.kernels.measures import MEASURES, Rule
from tests.unit.kernels.reference import neighbours


def test_neighbours_of_three_items_by_hand() -> None:
    groups = np.array([0, 0, 0, 1, 1, 2, 3, 4, 5, 6], dtype=np.uint32)  # the last four buy something else
    items = np.array([0, 1, 2, 0, 1, 0, 3, 3, 3, 3], dtype=np.uint32)
    matrix = build(groups, items, np.ones(10, dtype=np.int64), group_count=7, item_count=4)
    found = neighbours(matrix, Rule(MEASURES["conditional"], 2, 1, 1, 0.0), np.zeros(0, dtype=np.int32))
    supports = {item: [(other, support) for other, support, _, _ in near] for item, near in found.items()}
    assert supports == {0: [(1, 2), (2, 1)], 1: [(0, 2), (2, 1)], 2: [(0, 1), (1, 1)], 3: []}
