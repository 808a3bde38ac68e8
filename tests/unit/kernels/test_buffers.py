from __future__ import annotations

import numpy as np

from omnix_cli.kernels.buffers import Buffers, empty_buffers, hand_over, insert, merge_buffers, of_thread, one_slot


def filled(buffers: Buffers, slot: int) -> list[int]:
    start = buffers.start[slot]
    return sorted(buffers.keys[start : start + buffers.fill[slot]].tolist(), reverse=True)


def test_a_full_buffer_is_cut_to_the_k_best_and_remembers_the_threshold() -> None:
    buffer = one_slot(2)
    for key in (3, 9, 1):
        insert(0, key, 10 * key, 0, 2, buffer)
    assert filled(buffer, 0) == [9, 3, 1]
    assert buffer.threshold[0] == -1
    insert(0, 7, 70, 0, 2, buffer)
    assert filled(buffer, 0) == [9, 7]
    assert buffer.threshold[0] == 7


def test_handing_over_sorts_and_empties() -> None:
    buffer, chosen = one_slot(2), of_thread(empty_buffers(np.array([2, 2]), 1), 0)
    for key in (3, 9, 1):
        insert(0, key, 10 * key, key, 2, buffer)
    hand_over(buffer, 1, 2, chosen)
    assert chosen.keys[2:].tolist() == [9, 3]
    assert chosen.evidence[2:].tolist() == [[90, 9], [30, 3]]
    assert (chosen.fill.tolist(), buffer.fill.tolist()) == ([0, 2], [0])


def test_threads_are_merged_to_the_best_of_all() -> None:
    gathered, chosen = empty_buffers(np.array([3]), 2), of_thread(empty_buffers(np.array([2]), 1), 0)
    for thread, keys in enumerate(((4, 8), (6, 2, 5))):
        for key in keys:
            insert(0, key, key, 0, 9, of_thread(gathered, thread))
    merge_buffers(0, 1, 2, gathered, chosen)
    assert chosen.keys.tolist() == [8, 6]
