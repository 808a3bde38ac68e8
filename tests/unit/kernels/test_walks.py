from __future__ import annotations

import numpy as np

from omnix_cli.kernels.incidence import build
from omnix_cli.kernels.walks import count_sums


def test_the_multiply_adds_of_a_row_are_known_before_the_walk() -> None:
    """Groups {0, 1, 2}, {0, 1} and {0}: item 1 meets the more popular item 0 twice, item 2 meets two items once."""
    groups, items = np.array([0, 0, 0, 1, 1, 2], dtype=np.uint32), np.array([0, 1, 2, 0, 1, 0], dtype=np.uint32)
    matrix = build(groups, items, np.ones(6, dtype=np.int64), group_count=3, item_count=3)
    symmetric, one_sided = count_sums(matrix)
    assert symmetric.tolist() == [0, 2, 2]
    assert one_sided.tolist() == [3 + 2 + 1, 3 + 2, 3]
