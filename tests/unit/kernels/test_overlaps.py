from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.kernels.overlaps import GroupLists, shared_share


def lists(*groups: set[int]) -> GroupLists:
    start = np.concatenate([[0], np.cumsum([len(each) for each in groups])])
    return GroupLists(start, np.array([group for each in groups for group in sorted(each)], dtype=np.int64))


def share(*groups: set[int]) -> float:
    return float(shared_share(lists(*groups), np.array([0]), np.array([1], dtype=np.int32))[0])


def test_the_share_is_that_of_the_rarer_item() -> None:
    assert share({1, 2, 3, 4}, {3, 9}) == 0.5
    assert share({3, 9}, {1, 2, 3, 4}) == 0.5
    assert share({1}, set()) == 0


@settings(deadline=None)
@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_it_counts_what_a_set_counts(one: set[int], other: set[int]) -> None:
    expected = len(one & other) / min(len(one), len(other)) if one and other else 0
    assert share(one, other) == expected
