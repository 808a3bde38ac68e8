"""Who bought what, in the form of the co-purchase kernel: the items of every group, the groups of every item.

Items in one group count as bought together; a group is a customer or a basket. Items are numbered by falling
popularity, and each group's list is in that order, so the list up to an item holds the more popular ones of the group.
Weights are whole numbers: every sum of them is exact, whatever its order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled

NORM = 2**22
"""Each item's weights are scaled to about this Euclidean norm and rounded, but never to 0; by Cauchy-Schwarz no dot
product of two items passes NORM**2."""

WEIGHT_ONE = 2**32
"""The weight of a line is a whole multiple of 1 / WEIGHT_ONE."""

_ROUNDING_ROOM = 1 - 2**-6  # so that the norm stays below NORM after rounding, for up to 2**34 groups of an item


class Incidence(NamedTuple):
    """The matrix of groups by items, in both directions."""

    group_start: NDArray[np.int64]
    """Group g's list is `entries[group_start[g]:group_start[g + 1]]`."""
    entries: NDArray[np.uint32]
    """(item, weight), the items of a group rising."""
    item_start: NDArray[np.int64]
    """Item i's groups are at [item_start[i], item_start[i + 1]) of the next two."""
    group: NDArray[np.int32]
    """The groups of an item, rising."""
    position: NDArray[np.int64]
    """The index of the item in `entries`, in that group's list."""
    squared_norm: NDArray[np.int64]
    """The sum of an item's squared weights."""
    unit: NDArray[np.float64]
    """What a weight of 1 in an item's entries stands for, in units of WEIGHT_ONE."""
    code: NDArray[np.int32]
    """The caller's number of each item."""

    @property
    def items(self) -> int:
        """How many items there are."""
        return len(self.item_start) - 1

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.group_start) - 1

    @property
    def degree(self) -> NDArray[np.int64]:
        """The groups of each item."""
        return np.diff(self.item_start)


class _Lists(NamedTuple):
    """The items of group g, rising, and their weights, at [room[g], room[g] + length[g]); the rest is unused."""

    room: NDArray[np.int64]
    length: NDArray[np.int64]
    item: NDArray[np.int32]
    weight: NDArray[np.int64]


def build(
    groups: NDArray[np.uint32],
    items: NDArray[np.uint32],
    weights: NDArray[np.int64],
    *,
    group_count: int,
    item_count: int,
    max_items_per_group: int | None = None,
    usual_size: float | None = None,
) -> Incidence:
    """The incidence of purchase lines (parallel arrays, in any order; of repeated pairs the heaviest counts).

    `max_items_per_group` keeps only a group's heaviest items, of equal ones the more popular. A group of more than
    `usual_size` times as many items as the median group weighs less: a pair of its items counts usual / size of one,
    so that the pairs of one item with all others of the group count no more than those in a group of the usual size.
    Staff, resellers and test accounts buy everything together, which says little about any two products."""
    lines = np.bincount(items, minlength=item_count)
    code = np.argsort(-lines, kind="stable").astype(np.int32)
    popularity = np.empty(item_count, dtype=np.int32)
    popularity[code] = np.arange(item_count, dtype=np.int32)
    start_of_item = np.concatenate([[0], np.cumsum(lines[code])])
    line_group, line_weight = _by_item(groups, items, weights, popularity, start_of_item[:-1].copy())
    room = np.concatenate([[0], np.cumsum(np.bincount(groups, minlength=group_count))])
    lists = _merge(start_of_item, line_group, line_weight, room)
    del line_group, line_weight
    if max_items_per_group is not None:
        _keep_heaviest(lists, max_items_per_group)
    if usual_size is not None:
        sizes = lists.length[lists.length > 0]
        _level(lists, usual_size * float(np.median(sizes)) if len(sizes) else 0.0)
    scale = NORM * _ROUNDING_ROOM / np.sqrt(np.maximum(_squared_norm(lists, item_count), 1))
    group_start = np.concatenate([[0], np.cumsum(lists.length)])
    entries = _entries(lists, group_start, scale)
    del lists
    item_start = np.concatenate([[0], np.cumsum(np.bincount(entries[:, 0], minlength=item_count))])
    group, position, squared_norm = _transpose(group_start, entries, item_start)
    return Incidence(group_start, entries, item_start, group, position, squared_norm, 1 / (scale * WEIGHT_ONE), code)


@compiled
def _by_item(
    groups: NDArray[np.uint32],
    items: NDArray[np.uint32],
    weights: NDArray[np.int64],
    popularity: NDArray[np.int32],
    free: NDArray[np.int64],
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The lines' groups and weights, item after item (a counting sort; `free` is where each item's lines begin)."""
    line_group = np.empty(len(groups), dtype=np.uint32)
    line_weight = np.empty(len(groups), dtype=np.int64)
    for line in range(len(groups)):
        item = popularity[items[line]]
        place = free[item]
        free[item] = place + 1
        line_group[place] = groups[line]
        line_weight[place] = weights[line]
    return line_group, line_weight


@compiled
def _merge(
    start_of_item: NDArray[np.int64],
    line_group: NDArray[np.uint32],
    line_weight: NDArray[np.int64],
    room: NDArray[np.int64],
) -> _Lists:
    """The items of each group with their greatest weight."""
    length = np.zeros(len(room) - 1, dtype=np.int64)
    item_list = np.empty(len(line_group), dtype=np.int32)
    weight_list = np.empty(len(line_group), dtype=np.int64)
    for item in range(len(start_of_item) - 1):
        for line in range(start_of_item[item], start_of_item[item + 1]):
            group = line_group[line]
            end = room[group] + length[group]
            if length[group] > 0 and item_list[end - 1] == item:
                weight_list[end - 1] = max(weight_list[end - 1], line_weight[line])
            else:
                item_list[end] = item
                weight_list[end] = line_weight[line]
                length[group] += 1
    return _Lists(room, length, item_list, weight_list)


@compiled
def _keep_heaviest(lists: _Lists, most: int) -> None:
    """Shortens the lists of more than `most` items to their heaviest, in place and in order."""
    room, length, item_list, weight_list = lists
    for group in range(len(length)):
        if length[group] <= most:
            continue
        start = room[group]
        heaviest = np.argsort(-weight_list[start : start + length[group]], kind="mergesort")[:most]
        heaviest.sort()
        for place in range(most):
            item_list[start + place] = item_list[start + heaviest[place]]
            weight_list[start + place] = weight_list[start + heaviest[place]]
        length[group] = most


@compiled
def _level(lists: _Lists, usual: float) -> None:
    """Makes the groups of more than `usual` items lighter, in place."""
    room, length, _, weight_list = lists
    for group in range(len(length)):
        if length[group] > usual:
            share = np.sqrt(usual / length[group])
            for place in range(room[group], room[group] + length[group]):
                weight_list[place] = max(int(np.rint(weight_list[place] * share)), 1)


@compiled
def _squared_norm(lists: _Lists, item_count: int) -> NDArray[np.float64]:
    room, length, item_list, weight_list = lists
    total = np.zeros(item_count, dtype=np.float64)
    for group in range(len(length)):
        for place in range(room[group], room[group] + length[group]):
            weight = np.float64(weight_list[place])
            total[item_list[place]] += weight * weight
    return total


@compiled
def _entries(lists: _Lists, group_start: NDArray[np.int64], scale: NDArray[np.float64]) -> NDArray[np.uint32]:
    """The lists without the room between them, the weights scaled and rounded, at least 1."""
    room, _, item_list, weight_list = lists
    entries = np.empty((group_start[-1], 2), dtype=np.uint32)
    for group in range(len(group_start) - 1):
        shift = room[group] - group_start[group]
        for place in range(group_start[group], group_start[group + 1]):
            item = item_list[place + shift]
            entries[place, 0] = item
            entries[place, 1] = np.uint32(max(np.rint(weight_list[place + shift] * scale[item]), 1.0))
    return entries


@compiled
def _transpose(
    group_start: NDArray[np.int64], entries: NDArray[np.uint32], item_start: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """The groups of every item, its positions in their lists, and its squared norm."""
    free = item_start[:-1].copy()
    group_of = np.empty(len(entries), dtype=np.int32)
    position = np.empty(len(entries), dtype=np.int64)
    squared_norm = np.zeros(len(free), dtype=np.int64)
    for group in range(len(group_start) - 1):
        for place in range(group_start[group], group_start[group + 1]):
            item = entries[place, 0]
            group_of[free[item]] = group
            position[free[item]] = place
            free[item] += 1
            squared_norm[item] += np.int64(entries[place, 1]) * np.int64(entries[place, 1])
    return group_of, position, squared_norm
