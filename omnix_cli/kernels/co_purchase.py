"""The top-k neighbours of every item by co-purchase, over threads and within a memory bound: two walks over A^T A.

Symmetric walk: a row visits only the more popular items of each group, so each pair is computed once and offered to
both items; every thread needs a buffer of about 2k candidates for every item. One-sided walk, where those do not fit:
a row visits all items and keeps only its own neighbours; twice the sums, but no buffers, and the same result to the
bit. Blocks of rows hold about equal work; whichever thread is free does the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.accumulators import (
    ACCUMULATOR_BYTES,
    COUNT_LIMIT,
    Accumulators,
    Lookups,
    accumulate,
    count_customers,
    empty_accumulators,
    list_by_groups,
    list_by_scan,
    look_up,
    read_and_clear,
)
from omnix_cli.kernels.compiled import compiled
from omnix_cli.kernels.incidence import Incidence
from omnix_cli.kernels.measures import CONDITIONAL, SUPPORT_SHIFT, Rule, Scales, counts_as_pair, measure_of
from omnix_cli.kernels.threads import equal_blocks, share_out
from omnix_cli.kernels.topk import (
    CANDIDATE_BYTES,
    Buffers,
    empty_buffers,
    hand_over,
    indexes_of,
    insert,
    key_of,
    merge_buffers,
    of_thread,
    one_slot,
)


class Limits(NamedTuple):
    """When a row changes its algorithm; the limits change the time, never the result."""

    packed_below: int = COUNT_LIMIT
    """Rows of items in this many groups or more count in a second array."""
    rewalk_share: float = 0.25
    """A row with fewer sums than this share of its length lists its items by groups, not by a scan."""


class Walk(NamedTuple):
    """What every row of a walk needs."""

    matrix: Incidence
    owner: NDArray[np.int32]
    """The customer of each basket; empty where a group is a customer."""
    rule: Rule
    scales: Scales
    lookups: Lookups
    sums: NDArray[np.int64]
    """The multiply-adds of each row."""
    limits: Limits


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Neighbours:
    """The neighbours of item i (the caller's numbers) at [start[i], start[i + 1]), best first, and the evidence."""

    start: NDArray[np.int64]
    index: NDArray[np.int32]
    evidence: NDArray[np.int64]
    """Support and customers in one number (see `measures`), and the dot product."""


class Tally(NamedTuple):
    """Unordered pairs of items: with a group in common, with `min_support` of them, and of fewer than
    `min_customers` customers."""

    cooccurring: int
    with_support: int
    suppressed: int


class Workload(NamedTuple):
    """What a matrix costs, known exactly before the walk."""

    row_sums: NDArray[np.int64]
    """Multiply-adds of each row of the symmetric walk."""
    whole_sums: NDArray[np.int64]
    """Multiply-adds of each row of the one-sided walk."""

    @property
    def multiply_adds(self) -> int:
        """Those of the symmetric walk."""
        return int(self.row_sums.sum())


def scales_of(matrix: Incidence) -> Scales:
    """What the measures need to know of the items."""
    norm = np.sqrt(np.maximum(matrix.squared_norm, 1).astype(np.float64))
    return Scales(float(matrix.groups), matrix.degree.astype(np.float64), 1 / norm, matrix.unit)


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
    """How many candidates each item has room for: `times` k, or fewer where it shares groups with fewer items."""
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


@compiled
def workload(matrix: Incidence) -> Workload:
    """The multiply-adds of every row, in both walks."""
    item_start, group_start = matrix.item_start, matrix.group_start
    group_of, position = matrix.group, matrix.position
    with_popular = np.zeros(len(item_start) - 1, dtype=np.int64)
    with_all = np.zeros(len(item_start) - 1, dtype=np.int64)
    for row in range(len(with_all)):
        for walk in range(item_start[row], item_start[row + 1]):
            group = group_of[walk]
            with_popular[row] += position[walk] - group_start[group]
            with_all[row] += group_start[group + 1] - group_start[group]
    return Workload(with_popular, with_all)


@compiled
def walk_pairs(first: int, last: int, walk: Walk, dense: Accumulators, buffers: Buffers) -> None:
    """The rows [first, last) of the symmetric walk; candidates gather in `buffers`, one slot per item."""
    for row in range(first, last):
        _walk_row(row, row, walk, False, dense, buffers)


@compiled
def walk_items(first: int, last: int, walk: Walk, dense: Accumulators, chosen: Buffers) -> None:
    """The rows [first, last) of the one-sided walk; each row's neighbours go to its slot of `chosen`, best first."""
    buffer = one_slot(walk.rule.neighbours)
    for row in range(first, last):
        _walk_row(row, len(walk.matrix.code), walk, True, dense, buffer)
        hand_over(buffer, row, walk.rule.neighbours, chosen)


@compiled
def _walk_row(row: int, length: int, walk: Walk, whole: bool, dense: Accumulators, buffers: Buffers) -> None:
    """One row of so many items: sums, then the looked-up pairs, then the offers."""
    matrix = walk.matrix
    wide = matrix.item_start[row + 1] - matrix.item_start[row] >= walk.limits.packed_below
    baskets = len(walk.owner) > 0
    accumulate(row, matrix, wide, whole, dense)
    if baskets:
        count_customers(row, matrix, walk.owner, whole, dense)
    look_up(row, walk.lookups, wide, baskets, dense)
    if walk.sums[row] < length * walk.limits.rewalk_share:
        touched = list_by_groups(row, matrix, whole, dense)
    else:
        touched = list_by_scan(length, dense)
    found = read_and_clear(row, touched, walk.rule, wide, baskets, dense)
    _offer(row, found, walk, whole, dense, buffers)


@compiled
def _offer(row: int, found: int, walk: Walk, whole: bool, dense: Accumulators, buffers: Buffers) -> None:
    """Offers the pairs found to the row, and to their other items unless the walk is one-sided."""
    code, rule, scales = walk.matrix.code, walk.rule, walk.scales
    threshold, degree = buffers.threshold, scales.degree
    own = 0 if whole else row
    for pair in range(found):
        item = dense.found[pair]
        dot = dense.found_dot[pair]
        counts = dense.found_counts[pair]
        support = counts >> SUPPORT_SHIFT
        weight = dot * (scales.unit[row] * scales.unit[item])
        if not counts_as_pair(rule, weight, support, degree[row], degree[item], scales.groups):
            continue
        trust = weight / (weight + rule.shrink)
        cosine = dot * (scales.inverse_norm[row] * scales.inverse_norm[item])
        score = measure_of(rule.measure, cosine, support, degree[row], degree[item], scales.groups)
        key = key_of(score * trust, code[item])
        if key > threshold[own]:
            insert(own, key, counts, dot, rule.neighbours, buffers)
        if not whole:
            if rule.measure == CONDITIONAL:
                score = support / degree[item]
            key = key_of(score * trust, code[row])
            if key > threshold[item]:
                insert(item, key, counts, dot, rule.neighbours, buffers)
