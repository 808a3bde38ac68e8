"""Shares blocks of equal work among threads; the kernels release the GIL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_BLOCKS_PER_THREAD = 32


def equal_blocks(work: NDArray[np.int64], threads: int) -> list[tuple[int, int]]:
    """Ranges of rows with about equal work."""
    done = np.cumsum(work)
    marks = np.linspace(0, done[-1] if len(done) else 0, _BLOCKS_PER_THREAD * threads + 1)[1:-1]
    edges = np.unique(np.concatenate([[0], np.searchsorted(done, marks), [len(work)]]))
    return [(int(first), int(last)) for first, last in pairwise(edges)]


def share_out(blocks: list[tuple[int, int]], threads: int, run: Callable[[int, int, int], None]) -> None:
    """Runs every block on the next free thread: `run(thread, first row, end)`."""
    pending = iter(blocks)

    def take_blocks(thread: int) -> None:
        for first, last in pending:
            run(thread, first, last)

    with ThreadPoolExecutor(threads) as pool:
        for finished in [pool.submit(take_blocks, thread) for thread in range(threads)]:
            finished.result()
