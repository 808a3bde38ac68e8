"""The k largest of a stream of candidates, by one integer key each: a buffer of about 2k, cut back to k when full.

A key orders completely, so the result does not depend on the order of the candidates: the score in the upper 31 bits
(fixed point), below it the complement of the candidate's index, so that of equal scores the lower index is larger.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled

SCORE_ONE = 2**31 - 1
"""The fixed-point score 1.0; scores that differ by less than 2**-31 are equal."""

INDEX_BITS = 32
INDEX_MASK = 2**32 - 1

CANDIDATE_BYTES = 24
"""The memory of one candidate: a key and two columns of evidence."""


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


class Buffers(NamedTuple):
    """The candidates of each slot at [start[slot], start[slot] + fill[slot])."""

    start: NDArray[np.int64]
    fill: NDArray[np.int64]
    threshold: NDArray[np.int64]
    keys: NDArray[np.int64]
    evidence: NDArray[np.int64]


def empty_buffers(rooms: NDArray[np.int64], threads: int) -> Buffers:
    """Buffers with so much room for each slot; the first axis of all arrays but `start` is the thread."""
    start = np.concatenate([[0], np.cumsum(rooms)])
    return Buffers(
        start,
        np.zeros((threads, len(rooms)), dtype=np.int64),
        np.full((threads, len(rooms)), -1, dtype=np.int64),
        np.empty((threads, start[-1]), dtype=np.int64),
        np.empty((threads, start[-1], 2), dtype=np.int64),
    )


def of_thread(buffers: Buffers, thread: int) -> Buffers:
    """The buffers of one thread."""
    start, *others = buffers
    return Buffers(start, *(array[thread] for array in others))


@compiled
def one_slot(k: int) -> Buffers:
    """An empty buffer for the candidates of one item at a time."""
    start, fill, threshold = np.array([0, 2 * k]), np.zeros(1, dtype=np.int64), np.full(1, -1)
    return Buffers(start, fill, threshold, np.empty(2 * k, dtype=np.int64), np.empty((2 * k, 2), dtype=np.int64))


@compiled
def insert(slot: int, key: int, counts: int, dot: int, k: int, buffers: Buffers) -> None:
    """Adds a candidate above the threshold; cuts the buffer back to k when it is full."""
    start = buffers.start[slot]
    place = start + buffers.fill[slot]
    buffers.keys[place] = key
    buffers.evidence[place, 0] = counts
    buffers.evidence[place, 1] = dot
    buffers.fill[slot] += 1
    if place + 1 == buffers.start[slot + 1] and place + 1 - start > k:
        buffers.threshold[slot] = cut(buffers.keys, buffers.evidence, start, place + 1, k)
        buffers.fill[slot] = k


@compiled
def hand_over(buffer: Buffers, item: int, k: int, chosen: Buffers) -> None:
    """Moves the k best of a buffer of one slot, sorted, to an item's slot of `chosen`, and empties the buffer."""
    count = settle(buffer.keys, buffer.evidence, buffer.fill[0], k)
    start = chosen.start[item]
    chosen.fill[item] = count
    for place in range(count):
        chosen.keys[start + place] = buffer.keys[place]
        chosen.evidence[start + place, 0] = buffer.evidence[place, 0]
        chosen.evidence[start + place, 1] = buffer.evidence[place, 1]
    buffer.fill[0] = 0
    buffer.threshold[0] = -1


@compiled
def merge_buffers(first: int, last: int, k: int, gathered: Buffers, chosen: Buffers) -> None:
    """Merges what all threads gathered (see `empty_buffers`) for the items [first, last): the k best, best first."""
    start, fill, keys, evidence = gathered.start, gathered.fill, gathered.keys, gathered.evidence
    buffer = one_slot(k)
    for item in range(first, last):
        for thread in range(len(fill)):
            for place in range(start[item], start[item] + fill[thread, item]):
                if keys[thread, place] > buffer.threshold[0]:
                    insert(0, keys[thread, place], evidence[thread, place, 0], evidence[thread, place, 1], k, buffer)
        hand_over(buffer, item, k, chosen)
