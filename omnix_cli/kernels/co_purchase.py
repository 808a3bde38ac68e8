"""The top-k neighbours of every item by co-purchase, over threads and within a memory bound.

The symmetric walk computes each pair once and offers it to both ends, which takes buffers of about 2k candidates for
every item and thread. Where they do not fit, the one-sided walk computes each row by itself: twice the sums, next to
no buffers, the same result to the bit. Blocks of rows hold about equal work and are taken by whichever thread is free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.accumulators import ACCUMULATOR_BYTES, Lookups, empty_accumulators
from omnix_cli.kernels.incidence import Incidence
from omnix_cli.kernels.measures import Rule, Scales
from omnix_cli.kernels.threads import equal_blocks, share_out
from omnix_cli.kernels.topk import CANDIDATE_BYTES, Buffers, empty_buffers, indexes_of, merge_buffers, of_thread
from omnix_cli.kernels.walks import Limits, Walk, count_sums, walk_items, walk_pairs

DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Neighbours:
    """The neighbours of item i (the caller's numbers) at [start[i], start[i + 1]), best first, and the evidence."""

    start: NDArray[np.int64]
    index: NDArray[np.int32]
    evidence: NDArray[np.int64]
    """Support and customers in one number (see `measures`), and the dot product."""


@dataclass(frozen=True)
class Tally:
    """Unordered pairs of items: with a group in common, with `min_support` of them, and of fewer than
    `min_customers` customers."""

    cooccurring: int
    with_support: int
    suppressed: int


@dataclass(frozen=True)
class Workload:
    """What a matrix costs, known exactly before the walk."""

    row_sums: NDArray[np.int64]
    """Multiply-adds of each row of the symmetric walk."""
    whole_sums: NDArray[np.int64]
    """Multiply-adds of each row of the one-sided walk."""

    @property
    def multiply_adds(self) -> int:
        """Those of the symmetric walk."""
        return int(self.row_sums.sum())

    @property
    def pairs_at_most(self) -> int:
        """A bound of the pairs that share a group."""
        items = len(self.row_sums)
        return min(self.multiply_adds, items * (items - 1) // 2)


def scales_of(matrix: Incidence) -> Scales:
    """What the measures need to know of the items."""
    norm = np.sqrt(np.maximum(matrix.squared_norm, 1).astype(np.float64))
    return Scales(float(matrix.groups), matrix.degree.astype(np.float64), 1 / norm)


def workload(matrix: Incidence) -> Workload:
    """The multiply-adds of every row."""
    return Workload(*count_sums(matrix))


def walk_bytes(matrix: Incidence, work: Workload, rule: Rule, threads: int, *, one_sided: bool) -> int:
    """The memory of a walk besides the matrix: the result, the dense rows, and the buffers of the symmetric walk."""
    candidates = int(_rooms(matrix, work, rule, 1).sum())
    if not one_sided:
        candidates += threads * int(_rooms(matrix, work, rule, 2).sum())
    return CANDIDATE_BYTES * candidates + ACCUMULATOR_BYTES * threads * matrix.items


def neighbours(
    matrix: Incidence,
    work: Workload,
    rule: Rule,
    *,
    owner: NDArray[np.int32],
    lookups: Lookups,
    threads: int = 1,
    one_sided: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Neighbours, Tally]:
    """The neighbours of all items, and the tally of pairs.

    `owner` is the customer of each basket, so that distinct customers are counted; empty where a group is a customer.
    """
    walk_rows, sums = (walk_items, work.whole_sums) if one_sided else (walk_pairs, work.row_sums)
    walk = Walk(matrix, owner, rule, scales_of(matrix), lookups, sums, limits)
    chosen = of_thread(empty_buffers(_rooms(matrix, work, rule, 1), 1), 0)
    rooms = _rooms(matrix, work, rule, 0 if one_sided else 2)
    gathered = empty_buffers(rooms, threads)
    dense = [empty_accumulators(matrix.items) for _ in range(threads)]

    def walk_block(thread: int, first: int, last: int) -> None:
        walk_rows(first, last, walk, dense[thread], chosen if one_sided else of_thread(gathered, thread))

    share_out(equal_blocks(sums + matrix.degree, threads), threads, walk_block)
    if not one_sided:
        blocks = equal_blocks(rooms + 1, threads)
        share_out(blocks, threads, lambda _, first, last: merge_buffers(first, last, rule.neighbours, gathered, chosen))
    return _in_callers_order(matrix, chosen), Tally(*np.sum([each.tally for each in dense], axis=0).tolist())


def _rooms(matrix: Incidence, work: Workload, rule: Rule, times: int) -> NDArray[np.int64]:
    """The places each item needs for its candidates: `times` k, or fewer where it shares groups with fewer items."""
    possible = np.minimum(work.whole_sums - matrix.degree, matrix.items - 1)
    possible[matrix.degree < rule.min_support] = 0
    return np.asarray(np.minimum(possible, times * rule.neighbours))


def _in_callers_order(matrix: Incidence, chosen: Buffers) -> Neighbours:
    """The chosen neighbours without the unused room, items in the order of the caller's numbers."""
    position = np.argsort(matrix.code)
    fill = chosen.fill[position]
    start = np.concatenate([[0], np.cumsum(fill)])
    place = np.repeat(chosen.start[position] - start[:-1], fill) + np.arange(start[-1])
    return Neighbours(start, indexes_of(chosen.keys[place]), chosen.evidence[place])
