"""The two walks over the rows of A^T A that find every item's neighbours.

Symmetric walk: a row visits only the more popular items of each group, so each pair is computed once and offered to
both items; every thread needs a buffer for every item. One-sided walk: a row visits all items and keeps only its own
neighbours; twice the sums, but no buffers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.accumulators import (
    COUNT_LIMIT,
    Accumulators,
    Lookups,
    accumulate,
    count_customers,
    list_by_groups,
    list_by_scan,
    look_up,
    read_and_clear,
)
from omnix_cli.kernels.compiled import compiled
from omnix_cli.kernels.incidence import Incidence
from omnix_cli.kernels.measures import CONDITIONAL, SUPPORT_SHIFT, Rule, Scales, measure_of
from omnix_cli.kernels.topk import Buffers, hand_over, insert, key_of, one_slot


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


@compiled
def count_sums(matrix: Incidence) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The multiply-adds of every row, in the symmetric and in the one-sided walk."""
    item_start, group_start = matrix.item_start, matrix.group_start
    group_of, position = matrix.group, matrix.position
    with_popular = np.zeros(len(item_start) - 1, dtype=np.int64)
    with_all = np.zeros(len(item_start) - 1, dtype=np.int64)
    for row in range(len(with_all)):
        for walk in range(item_start[row], item_start[row + 1]):
            group = group_of[walk]
            with_popular[row] += position[walk] - group_start[group]
            with_all[row] += group_start[group + 1] - group_start[group]
    return with_popular, with_all


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
        trust = support / (support + rule.shrink)
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
