from __future__ import annotations

import threading

import numpy as np
import pytest

from omnix_cli.kernels.threads import equal_blocks, share_out


def test_blocks_cover_every_row_once_and_hold_about_equal_work() -> None:
    work = np.array([1000] + [1] * 999, dtype=np.int64)
    blocks = equal_blocks(work, 1)
    assert [row for first, last in blocks for row in range(first, last)] == list(range(1000))
    assert max(int(work[first + 1 : last].sum()) for first, last in blocks) < 2000 / 32 + 1


def test_no_rows_make_no_work() -> None:
    assert equal_blocks(np.zeros(0, dtype=np.int64), 2) in ([], [(0, 0)])


def test_every_block_runs_once_and_each_thread_has_its_own_number() -> None:
    done: list[tuple[int, int, int]] = []
    lock = threading.Lock()

    def run(thread: int, first: int, last: int) -> None:
        with lock:
            done.append((thread, first, last))

    share_out([(0, 2), (2, 3), (3, 9)], 2, run)
    assert sorted(block[1:] for block in done) == [(0, 2), (2, 3), (3, 9)]
    assert {block[0] for block in done} <= {0, 1}


def test_an_error_in_a_block_is_raised() -> None:
    def run(thread: int, first: int, last: int) -> None:
        raise ValueError(f"rows {first} to {last}")

    with pytest.raises(ValueError, match="rows 0 to 2"):
        share_out([(0, 2)], 1, run)
