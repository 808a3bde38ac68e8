"""The sums of one row of A^T A: what an item shares with every other item.

A^T A is never stored. A row goes through the groups of one item and adds, for every other item of the group, the
product of the two weights plus UNIT to one dense row of 64-bit integers: the upper bits count the groups the two
share, the lower bits hold their dot product, which by Cauchy-Schwarz stays below UNIT. Items with so many groups that
the count would overflow ("wide" rows) count in a second array. Whole numbers add up to the same sum in any order, so
threads, blocks and the kind of walk never change a bit of the result.

A "whole" row covers all items; otherwise only those more popular than its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled
from omnix_cli.kernels.incidence import Incidence
from omnix_cli.kernels.measures import SUPPORT_SHIFT, Rule

COUNT_LIMIT = 2**18
"""Items in fewer groups than this keep count and dot product in one sum: COUNT_LIMIT * UNIT is 2**63."""

_COUNT_SHIFT = 45  # a dot product is at most NORM**2 = 2**44
_UNIT = 2**_COUNT_SHIFT
_DOT_MASK = _UNIT - 1

ACCUMULATOR_BYTES = 48
"""The memory per item of one `Accumulators`."""


class Lookups(NamedTuple):
    """Pairs whose evidence is needed whatever their rank: row i asks for `item[start[i]:start[i + 1]]`, all more
    popular than i; `evidence` receives the answers (support and customers in one number, dot product)."""

    start: NDArray[np.int64]
    item: NDArray[np.int32]
    evidence: NDArray[np.int64]


class Accumulators(NamedTuple):
    """The work space of one thread: one dense row, and the tally of all its rows."""

    sums: NDArray[np.int64]
    counts: NDArray[np.int64]
    customers: NDArray[np.int32]
    latest_customer: NDArray[np.int32]
    listed: NDArray[np.int32]
    """The row that listed an item last."""
    found: NDArray[np.int32]
    """The items read from the sums, and their evidence: support and customers in one number, dot product."""
    found_counts: NDArray[np.int64]
    found_dot: NDArray[np.int64]
    tally: NDArray[np.int64]
    """Pairs with a more popular item: all, those with `min_support`, those of fewer than `min_customers`."""


def empty_accumulators(items: int) -> Accumulators:
    """Accumulators for so many items."""
    return Accumulators(
        np.zeros(items, dtype=np.int64),
        np.zeros(items, dtype=np.int64),
        np.zeros(items, dtype=np.int32),
        np.full(items, -1, dtype=np.int32),
        np.full(items, -1, dtype=np.int32),
        np.empty(items + 1, dtype=np.int32),
        np.empty(items, dtype=np.int64),
        np.empty(items, dtype=np.int64),
        np.zeros(3, dtype=np.int64),
    )


@compiled
def accumulate(row: int, matrix: Incidence, wide: bool, whole: bool, dense: Accumulators) -> None:
    """Adds up support and dot product of the row's pairs."""
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
def count_customers(row: int, matrix: Incidence, owner: NDArray[np.int32], whole: bool, dense: Accumulators) -> None:
    """Counts the distinct customers of the row's pairs; needs groups (baskets) in the order of their customers."""
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
def look_up(row: int, lookups: Lookups, wide: bool, baskets: bool, dense: Accumulators) -> None:
    """Writes the evidence of the pairs that the lookups ask for."""
    for lookup in range(lookups.start[row], lookups.start[row + 1]):
        item = lookups.item[lookup]
        support = dense.counts[item] if wide else dense.sums[item] >> _COUNT_SHIFT
        customers = np.int64(dense.customers[item]) if baskets else support
        lookups.evidence[lookup, 0] = (support << SUPPORT_SHIFT) | customers
        lookups.evidence[lookup, 1] = dense.sums[item] if wide else dense.sums[item] & _DOT_MASK


@compiled
def list_by_scan(end: int, dense: Accumulators) -> int:
    """Lists in `dense.found` the items below `end` with a sum; returns how many."""
    sums, found = dense.sums, dense.found
    touched = 0
    for item in range(end):
        found[touched] = item
        touched += sums[item] != 0
    return touched


@compiled
def list_by_groups(row: int, matrix: Incidence, whole: bool, dense: Accumulators) -> int:
    """The same by going through the row's groups once more: faster for a row with few sums."""
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
def read_and_clear(row: int, touched: int, rule: Rule, wide: bool, baskets: bool, dense: Accumulators) -> int:
    """Clears the sums of the items in `dense.found` and counts their pairs in the tally; leaves in `found` those that
    may be shown, with their evidence, and returns how many."""
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
            found_counts[kept] = (support << SUPPORT_SHIFT) | customers
            found_dot[kept] = dot
            kept += 1
    dense.tally[0] += known
    dense.tally[1] += with_support
    dense.tally[2] += suppressed
    return kept
