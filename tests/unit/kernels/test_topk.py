from __future__ import annotations

import numpy as np
import pytest

from omnix_cli.kernels.topk import (
    SCORE_ONE,
    Buffers,
    cut,
    empty_buffers,
    hand_over,
    indexes_of,
    insert,
    key_of,
    merge_buffers,
    of_thread,
    one_slot,
    score_of,
    settle,
    sort_descending,
)


def test_a_key_orders_by_score_then_by_the_lower_index() -> None:
    assert key_of(0.6, 9) > key_of(0.5, 1) > key_of(0.5, 2)
    assert key_of(1.5, 3) == key_of(1.0, 3)  # scores end at 1


def test_a_key_gives_back_its_score_and_index() -> None:
    assert score_of(key_of(0.25, 7)) == pytest.approx(0.25, abs=1 / SCORE_ONE)
    assert indexes_of(np.array([key_of(0.25, 7), key_of(0.0, 0)])).tolist() == [7, 0]


def test_a_cut_moves_the_largest_keys_to_the_front_with_their_evidence() -> None:
    keys = np.array([3, 9, 1, 7, 5], dtype=np.int64)
    evidence = 10 * keys.reshape(-1, 1)
    assert cut(keys, evidence, 0, 5, 2) == 7
    assert sorted(keys[:2]) == [7, 9]
    assert evidence[:, 0].tolist() == (10 * keys).tolist()


def test_only_the_stretch_is_sorted() -> None:
    keys, evidence = np.array([1, 2, 5, 4, 9], dtype=np.int64), np.zeros((5, 0), dtype=np.int64)
    sort_descending(keys, evidence, 1, 4)
    assert keys.tolist() == [1, 5, 4, 2, 9]


@pytest.mark.parametrize(("filled", "expected"), [(5, [9, 7, 5]), (2, [8, 3])])
def test_settling_leaves_the_best_in_order(filled: int, expected: list[int]) -> None:
    keys = np.array([3, 9, 1, 7, 5] if filled == 5 else [3, 8, 0, 0, 0], dtype=np.int64)
    assert settle(keys, np.zeros((5, 0), dtype=np.int64), filled, 3) == len(expected)
    assert keys[: len(expected)].tolist() == expected


def keys_of(buffers: Buffers, slot: int) -> list[int]:
    start = buffers.start[slot]
    return sorted(buffers.keys[start : start + buffers.fill[slot]].tolist(), reverse=True)


def test_a_full_buffer_is_cut_to_the_k_best_and_remembers_the_threshold() -> None:
    buffer = one_slot(2)
    for key in (3, 9, 1):
        insert(0, key, 10 * key, 0, 2, buffer)
    assert keys_of(buffer, 0) == [9, 3, 1]
    assert buffer.threshold[0] == -1
    insert(0, 7, 70, 0, 2, buffer)
    assert keys_of(buffer, 0) == [9, 7]
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
