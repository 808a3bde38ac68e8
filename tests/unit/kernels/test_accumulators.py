from __future__ import annotations

import numpy as np
import pytest

from omnix_cli.kernels.accumulators import (
    Accumulators,
    accumulate,
    count_customers,
    empty_accumulators,
    list_by_groups,
    list_by_scan,
    read_and_clear,
)
from omnix_cli.kernels.incidence import Incidence, build
from omnix_cli.kernels.measures import CUSTOMERS_MASK, SUPPORT_SHIFT, Rule

RULE = Rule(0, 5, 1, 1, 0.0)


@pytest.fixture
def matrix() -> Incidence:
    """Item 0 is in the groups 0, 1, 2; item 1 in 0 and 1; item 2 in 0."""
    groups, items = np.array([0, 0, 0, 1, 1, 2], dtype=np.uint32), np.array([0, 1, 2, 0, 1, 0], dtype=np.uint32)
    return build(groups, items, np.ones(6, dtype=np.int64), group_count=3, item_count=3)


def supports(dense: Accumulators, found: int) -> dict[int, int]:
    items = dense.found[:found].tolist()
    return dict(zip(items, (dense.found_counts[:found] >> SUPPORT_SHIFT).tolist(), strict=True))


@pytest.mark.parametrize("wide", [False, True])
def test_a_row_counts_the_groups_it_shares_with_every_item(matrix: Incidence, wide: bool) -> None:
    dense = empty_accumulators(3)
    accumulate(0, matrix, wide, True, dense)
    found = read_and_clear(0, list_by_scan(3, dense), RULE, wide, False, dense)
    assert supports(dense, found) == {1: 2, 2: 1}
    assert not dense.sums.any()
    assert not dense.counts.any()


def test_a_row_that_is_not_whole_stops_at_the_more_popular_items(matrix: Incidence) -> None:
    dense = empty_accumulators(3)
    accumulate(1, matrix, False, False, dense)
    found = read_and_clear(1, list_by_groups(1, matrix, False, dense), RULE, False, False, dense)
    assert supports(dense, found) == {0: 2}
    assert dense.tally.tolist() == [1, 1, 0]


def test_baskets_of_one_customer_count_as_one_customer(matrix: Incidence) -> None:
    dense, owner = empty_accumulators(3), np.array([7, 7, 8], dtype=np.int32)
    accumulate(0, matrix, False, True, dense)
    count_customers(0, matrix, owner, True, dense)
    found = read_and_clear(0, list_by_scan(3, dense), RULE, False, True, dense)
    assert supports(dense, found) == {1: 2, 2: 1}
    assert (dense.found_counts[:found] & CUSTOMERS_MASK).tolist() == [1, 1]
