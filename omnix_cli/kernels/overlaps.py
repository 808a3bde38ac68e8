"""How many groups two items share, for given pairs: where the whole of A^T A would be too much."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled


class GroupLists(NamedTuple):
    """The groups of item i: `group[start[i]:start[i + 1]]`, rising."""

    start: NDArray[np.int64]
    group: NDArray[np.int64]


@compiled
def shared_share(lists: GroupLists, one: NDArray[np.int64], other: NDArray[np.int32]) -> NDArray[np.float64]:
    """The groups that each pair of items shares, as a share of those of the rarer item; 0 if that has none."""
    start, group = lists
    result = np.zeros(len(one))
    for pair in range(len(one)):
        rare, common = np.int64(one[pair]), np.int64(other[pair])
        if start[rare + 1] - start[rare] > start[common + 1] - start[common]:
            rare, common = common, rare
        low, end, shared = start[common], start[common + 1], 0
        for place in range(start[rare], start[rare + 1]):
            high = end
            while low < high:  # the first group of the common item that is not before this one
                middle = (low + high) // 2
                if group[middle] < group[place]:
                    low = middle + 1
                else:
                    high = middle
            if low == end:
                break
            shared += group[low] == group[place]
        if shared:
            result[pair] = shared / (start[rare + 1] - start[rare])
    return result
