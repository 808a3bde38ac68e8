"""Buffers of neighbour candidates: about 2k places per item, cut back to the k best whenever they are full."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled
from omnix_cli.kernels.topk import cut, settle

CANDIDATE_BYTES = 24
"""The memory of one candidate: a key and two columns of evidence."""


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
    start = np.zeros(2, dtype=np.int64)
    start[1] = 2 * k
    threshold = np.zeros(1, dtype=np.int64)
    threshold[0] = -1
    keys, evidence = np.empty(2 * k, dtype=np.int64), np.empty((2 * k, 2), dtype=np.int64)
    return Buffers(start, np.zeros(1, dtype=np.int64), threshold, keys, evidence)


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
