"""The k largest of a stream of candidates, by one integer key each: a buffer of about 2k, cut by partial selection.

A key orders completely, so the result does not depend on the order of the candidates: the score in the upper 31 bits
(fixed point), below it the complement of the candidate's index, so that of equal scores the lower index is larger.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled

SCORE_ONE = 2**31 - 1
"""The fixed-point score 1.0; scores that differ by less than 2**-31 are equal."""

INDEX_BITS = 32
INDEX_MASK = 2**32 - 1


@compiled
def key_of(score: float, index: int) -> int:
    """The key of a candidate with a score in 0..1."""
    return (int(min(score, 1.0) * SCORE_ONE + 0.5) << INDEX_BITS) | (INDEX_MASK - index)


def indexes_of(keys: NDArray[np.int64]) -> NDArray[np.int32]:
    """The candidates' indexes in their keys."""
    return (INDEX_MASK - (keys & INDEX_MASK)).astype(np.int32)


@compiled
def score_of(key: int) -> float:
    """The score in a key."""
    return (key >> INDEX_BITS) / SCORE_ONE


@compiled
def _swap(keys: NDArray[np.int64], evidence: NDArray[np.int64], a: int, b: int) -> None:
    keys[a], keys[b] = keys[b], keys[a]
    for column in range(evidence.shape[1]):
        evidence[a, column], evidence[b, column] = evidence[b, column], evidence[a, column]


@compiled
def cut(keys: NDArray[np.int64], evidence: NDArray[np.int64], start: int, end: int, k: int) -> int:
    """Moves the k largest keys of [start, end), with their rows of evidence, to its front; returns the k-th largest.

    Hoare's quickselect with the median of three as pivot. Needs k <= end - start; keys are distinct."""
    low, high, last = start, end - 1, start + k - 1
    while low < high:
        one, two, three = keys[low], keys[(low + high) // 2], keys[high]
        pivot = max(min(one, two), min(max(one, two), three))
        left, right = low, high
        while left <= right:
            while keys[left] > pivot:
                left += 1
            while keys[right] < pivot:
                right -= 1
            if left <= right:
                _swap(keys, evidence, left, right)
                left += 1
                right -= 1
        if last <= right:
            high = right
        elif last >= left:
            low = left
        else:
            break
    return int(keys[last])


@compiled
def sort_descending(keys: NDArray[np.int64], evidence: NDArray[np.int64], start: int, end: int) -> None:
    """Sorts [start, end) by key, largest first, the rows of evidence with it (Shell sort: short stretches only)."""
    gap = (end - start) // 2
    while gap > 0:
        for first in range(start + gap, end):
            place = first
            while place - gap >= start and keys[place - gap] < keys[place]:
                _swap(keys, evidence, place - gap, place)
                place -= gap
        gap //= 2


@compiled
def settle(keys: NDArray[np.int64], evidence: NDArray[np.int64], filled: int, k: int) -> int:
    """Leaves the k best of the first `filled` candidates at the front, best first; returns how many they are."""
    kept = min(filled, k)
    if filled > k:
        cut(keys, evidence, 0, filled, k)
    sort_descending(keys, evidence, 0, kept)
    return kept
