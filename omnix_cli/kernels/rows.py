"""One row of the co-purchase kernel: the sums of an item with all others, and what becomes of them.

A^T A is never stored. A row walks the groups of one item and adds into one dense row of 64-bit integers, for every
other item of the group, the product of the two weights plus UNIT: the upper bits count the groups the two share, the
lower ones hold their dot product, which by Cauchy-Schwarz stays below UNIT. Items with so many groups that the count
would overflow count in a second row instead. Being whole numbers, the sums are the same in any order, so neither
threads nor blocks nor the way of walking change a bit of the result.

Symmetric walk: a row visits only the more popular items of each group, so each pair is computed once and offered to
both ends, each with a buffer per thread. One-sided walk: a row visits everything and keeps its own neighbours only;
twice the sums, but no buffers. A row with little work is read by walking its groups again, not from end to end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled
from omnix_cli.kernels.incidence import Incidence
from omnix_cli.kernels.topk import cut, key_of, settle

COUNT_LIMIT = 2**18
"""Items of fewer groups than this have count and dot product in one accumulator: COUNT_LIMIT * _UNIT is 2**63."""

COSINE, JACCARD, LIFT, CONDITIONAL = range(4)
MEASURES = {"cosine": COSINE, "jaccard": JACCARD, "lift": LIFT, "conditional": CONDITIONAL}

_COUNT_SHIFT = 45  # a dot product is at most NORM**2 = 2**44
_UNIT = 2**_COUNT_SHIFT
_DOT_MASK = _UNIT - 1
HALF = 32
LOW_HALF = 2**HALF - 1


class Rule(NamedTuple):
    """Which pairs count, and the score they rank by: the measure s, shrunk to s * n / (n + shrink)."""

    measure: int
    neighbours: int
    min_support: int
    min_customers: int
    shrink: float


class Scales(NamedTuple):
    """What the measures need to know of the items besides a pair's support n and dot product."""

    groups: float
    degree: NDArray[np.float64]
    inverse_norm: NDArray[np.float64]


class Lookups(NamedTuple):
    """Pairs whose evidence is wanted whatever their rank: row i asks for `item[start[i]:start[i + 1]]`, all more
    popular than i; the answers stand in `evidence` (support and customers in one, dot product)."""

    start: NDArray[np.int64]
    item: NDArray[np.int32]
    evidence: NDArray[np.int64]


class Limits(NamedTuple):
    """Where the ways of walking part; they change the time, never the result."""

    packed_below: int = COUNT_LIMIT
    """Rows of items with as many groups count in a second accumulator."""
    rewalk_share: float = 0.25
    """A row of fewer sums than this share of its length is read by walking its groups again."""


class Dense(NamedTuple):
    """One row of accumulators."""

    sums: NDArray[np.int64]
    counts: NDArray[np.int64]
    customers: NDArray[np.int32]
    latest_customer: NDArray[np.int32]
    listed: NDArray[np.int32]
    """The row in which an item was listed last."""
    found: NDArray[np.int32]
    """The items read out of the accumulators, and their evidence: support and customers in one, dot product."""
    found_counts: NDArray[np.int64]
    found_dot: NDArray[np.int64]


class Buffers(NamedTuple):
    """The candidates of every slot at [start[slot], start[slot] + fill[slot])."""

    start: NDArray[np.int64]
    fill: NDArray[np.int64]
    threshold: NDArray[np.int64]
    keys: NDArray[np.int64]
    evidence: NDArray[np.int64]


@compiled
def count_sums(matrix: Incidence) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The multiply-adds of every row in the symmetric and in the one-sided walk."""
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
def measure_of(measure: int, cosine: float, support: int, degree_i: float, degree_j: float, groups: float) -> float:
    """The measure of the pair (i, j), in 0..1. Lift L is taken as L / (1 + L): one half where the two are independent.

    cosine = w_i . w_j / (|w_i| |w_j|); jaccard = n / (n_i + n_j - n); lift = n N / (n_i n_j);
    conditional = P(j | i) = n / n_i."""
    if measure == COSINE:
        return min(cosine, 1.0)
    if measure == JACCARD:
        return support / (degree_i + degree_j - support)
    if measure == LIFT:
        return support * groups / (support * groups + degree_i * degree_j)
    return support / degree_i


@compiled
def _accumulate(row: int, matrix: Incidence, wide: bool, whole: bool, dense: Dense) -> None:
    """Adds up support and dot product of the row's pairs: all of them, or those with a more popular item."""
    entries, sums, counts = matrix.entries, dense.sums, dense.counts
    for walk in range(matrix.item_start[row], matrix.item_start[row + 1]):
        group = matrix.group[walk]
        place = matrix.position[walk]
        weight = np.int64(entries[place, 1])
        others = entries[matrix.group_start[group] : matrix.group_start[group + 1] if whole else place]
        if wide:
            for other in range(len(others)):
                sums[others[other, 0]] += weight * np.int64(others[other, 1])
                counts[others[other, 0]] += 1
        else:
            for other in range(len(others)):
                sums[others[other, 0]] += weight * np.int64(others[other, 1]) + _UNIT


@compiled
def _count_customers(row: int, matrix: Incidence, owner: NDArray[np.int32], whole: bool, dense: Dense) -> None:
    """Counts the distinct customers of the row's pairs, where groups are baskets and stand customer by customer."""
    entries, customers, latest = matrix.entries, dense.customers, dense.latest_customer
    for walk in range(matrix.item_start[row], matrix.item_start[row + 1]):
        group = matrix.group[walk]
        end = matrix.group_start[group + 1] if whole else matrix.position[walk]
        for other in range(matrix.group_start[group], end):
            item = entries[other, 0]
            if latest[item] != owner[group]:
                latest[item] = owner[group]
                customers[item] += 1


@compiled
def _look_up(row: int, lookups: Lookups, wide: bool, baskets: bool, dense: Dense) -> None:
    """Notes the evidence of the pairs that are wanted whatever their rank."""
    for lookup in range(lookups.start[row], lookups.start[row + 1]):
        item = lookups.item[lookup]
        support = dense.counts[item] if wide else dense.sums[item] >> _COUNT_SHIFT
        customers = np.int64(dense.customers[item]) if baskets else support
        lookups.evidence[lookup, 0] = (support << HALF) | customers
        lookups.evidence[lookup, 1] = dense.sums[item] if wide else dense.sums[item] & _DOT_MASK


@compiled
def _touched_along(end: int, dense: Dense) -> int:
    """Lists in `dense.found` the items below `end` whose accumulators hold something; returns how many."""
    sums, found = dense.sums, dense.found
    touched = 0
    for item in range(end):
        found[touched] = item
        touched += sums[item] != 0
    return touched


@compiled
def _touched_again(row: int, matrix: Incidence, whole: bool, dense: Dense) -> int:
    """The same by walking the row's groups once more."""
    entries, found, listed = matrix.entries, dense.found, dense.listed
    touched = 0
    for walk in range(matrix.item_start[row], matrix.item_start[row + 1]):
        group = matrix.group[walk]
        end = matrix.group_start[group + 1] if whole else matrix.position[walk]
        for other in range(matrix.group_start[group], end):
            item = entries[other, 0]
            if listed[item] != row:
                listed[item] = row
                found[touched] = item
                touched += 1
    return touched


@compiled
def _take_out(
    row: int, touched: int, rule: Rule, wide: bool, baskets: bool, dense: Dense, tally: NDArray[np.int64]
) -> int:
    """Clears the accumulators of the items in `dense.found` and counts their pairs in the tally; leaves in `found`
    those that may be shown, their evidence beside them, and returns how many."""
    sums, found, found_counts, found_dot = dense.sums, dense.found, dense.found_counts, dense.found_dot
    kept = known = with_support = suppressed = 0
    for place in range(touched):
        item = np.int64(found[place])
        total = sums[item]
        sums[item] = 0
        support = total >> _COUNT_SHIFT
        dot = total & _DOT_MASK
        if wide:
            support, dot = dense.counts[item], total
            dense.counts[item] = 0
        customers = support
        if baskets:
            customers = np.int64(dense.customers[item])
            dense.customers[item] = 0
            dense.latest_customer[item] = -1
        if item < row:
            known += 1
            with_support += support >= rule.min_support
            suppressed += customers < rule.min_customers
        if support >= rule.min_support and customers >= rule.min_customers and item != row:
            found[kept] = item
            found_counts[kept] = (support << HALF) | customers
            found_dot[kept] = dot
            kept += 1
    tally[0] += known
    tally[1] += with_support
    tally[2] += suppressed
    return kept


@compiled
def _offer(
    row: int, found: int, matrix: Incidence, rule: Rule, scales: Scales, whole: bool, dense: Dense, buffers: Buffers
) -> None:
    """Offers the pairs found to the row, and to their other ends unless the walk is one-sided."""
    threshold, code, degree = buffers.threshold, matrix.code, scales.degree
    own = 0 if whole else row
    for pair in range(found):
        item = dense.found[pair]
        dot = dense.found_dot[pair]
        counts = dense.found_counts[pair]
        support = counts >> HALF
        trust = support / (support + rule.shrink)
        cosine = dot * (scales.inverse_norm[row] * scales.inverse_norm[item])
        score = measure_of(rule.measure, cosine, support, degree[row], degree[item], scales.groups)
        key = key_of(score * trust, code[item])
        if key > threshold[own]:
            _insert(own, key, counts, dot, rule.neighbours, buffers)
        if not whole:
            if rule.measure == CONDITIONAL:
                score = support / degree[item]
            key = key_of(score * trust, code[row])
            if key > threshold[item]:
                _insert(item, key, counts, dot, rule.neighbours, buffers)


@compiled
def _insert(slot: int, key: int, counts: int, dot: int, k: int, buffers: Buffers) -> None:
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
def _walk_row(
    row: int,
    matrix: Incidence,
    owner: NDArray[np.int32],
    rule: Rule,
    scales: Scales,
    lookups: Lookups,
    dense: Dense,
    wide: bool,
    whole: bool,
    rewalk: bool,
    buffers: Buffers,
    tally: NDArray[np.int64],
) -> None:
    """One row: sums, then the looked-up pairs, then the offers."""
    baskets = len(owner) > 0
    _accumulate(row, matrix, wide, whole, dense)
    if baskets:
        _count_customers(row, matrix, owner, whole, dense)
    _look_up(row, lookups, wide, baskets, dense)
    if rewalk:
        touched = _touched_again(row, matrix, whole, dense)
    else:
        touched = _touched_along(len(matrix.code) if whole else row, dense)
    found = _take_out(row, touched, rule, wide, baskets, dense, tally)
    _offer(row, found, matrix, rule, scales, whole, dense, buffers)


@compiled
def walk_pairs(
    first: int,
    last: int,
    matrix: Incidence,
    owner: NDArray[np.int32],
    rule: Rule,
    scales: Scales,
    lookups: Lookups,
    dense: Dense,
    row_sums: NDArray[np.int64],
    limits: Limits,
    buffers: Buffers,
    tally: NDArray[np.int64],
) -> None:
    """The rows [first, last) of the symmetric walk; candidates gather in `buffers`, a slot an item."""
    for row in range(first, last):
        wide = matrix.item_start[row + 1] - matrix.item_start[row] >= limits.packed_below
        rewalk = row_sums[row] < row * limits.rewalk_share
        _walk_row(row, matrix, owner, rule, scales, lookups, dense, wide, False, rewalk, buffers, tally)


@compiled
def _one_slot(k: int) -> Buffers:
    """Empty buffers for the candidates of one item at a time."""
    start = np.zeros(2, dtype=np.int64)
    start[1] = 2 * k
    threshold = np.zeros(1, dtype=np.int64)
    threshold[0] = -1
    keys, evidence = np.empty(2 * k, dtype=np.int64), np.empty((2 * k, 2), dtype=np.int64)
    return Buffers(start, np.zeros(1, dtype=np.int64), threshold, keys, evidence)


@compiled
def walk_items(
    first: int,
    last: int,
    matrix: Incidence,
    owner: NDArray[np.int32],
    rule: Rule,
    scales: Scales,
    lookups: Lookups,
    dense: Dense,
    row_sums: NDArray[np.int64],
    limits: Limits,
    chosen: Buffers,
    tally: NDArray[np.int64],
) -> None:
    """The rows [first, last) of the one-sided walk; the neighbours of each go to its slot of `chosen`, best first."""
    buffer = _one_slot(rule.neighbours)
    for row in range(first, last):
        wide = matrix.item_start[row + 1] - matrix.item_start[row] >= limits.packed_below
        rewalk = row_sums[row] < len(matrix.code) * limits.rewalk_share
        _walk_row(row, matrix, owner, rule, scales, lookups, dense, wide, True, rewalk, buffer, tally)
        _hand_over(buffer, row, rule.neighbours, chosen)


@compiled
def merge_buffers(first: int, last: int, k: int, gathered: Buffers, chosen: Buffers) -> None:
    """Brings the buffers of all threads (the first axis of `gathered`, but for its start) together: the k best of
    the items [first, last), best first."""
    start, fill, keys, evidence = gathered.start, gathered.fill, gathered.keys, gathered.evidence
    buffer = _one_slot(k)
    for item in range(first, last):
        for thread in range(len(fill)):
            for place in range(start[item], start[item] + fill[thread, item]):
                if keys[thread, place] > buffer.threshold[0]:
                    _insert(0, keys[thread, place], evidence[thread, place, 0], evidence[thread, place, 1], k, buffer)
        _hand_over(buffer, item, k, chosen)


@compiled
def _hand_over(buffer: Buffers, item: int, k: int, chosen: Buffers) -> None:
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
