"""What the content of a pair of products says about their co-purchase, learnt from the shop's own counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 51
_SLOPE = 1e-3  # so that of two pairs with the same expectation the more alike is nearer


def expected_by_content(total: NDArray[np.float64]) -> NDArray[np.float64]:
    """The co-purchase score to expect at content 0, ..., 1 in equal steps, rising with the content.

    `total` has a row per step: the sum of the scores of its pairs, and how many they are. The means are made to rise
    by isotonic regression; steps without pairs lie between their neighbours. Without any score, the content itself."""
    grid = np.linspace(0, 1, len(total))
    known = total[:, 1] > 0
    if not total[:, 0].any():
        return grid
    means = _rising(total[known, 0], total[known, 1])
    expected = np.interp(grid, grid[known], means)
    return np.asarray((1 - _SLOPE) * expected + _SLOPE * expected[-1] * grid)


def _rising(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The means, pooled with their neighbours wherever they fall (pool adjacent violators: Ayer et al. 1955)."""
    pools: list[tuple[float, float, int]] = []
    for pool in zip(sums.tolist(), counts.tolist(), [1] * len(sums), strict=True):
        pools.append(pool)
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            (one, of, width), (other, of_other, more) = pools[-2:]
            pools[-2:] = [(one + other, of + of_other, width + more)]
    return np.concatenate([np.full(width, total / count) for total, count, width in pools])
