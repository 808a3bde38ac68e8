"""The co-purchase kernel against its reference, whatever the way of walking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from omnix_cli.kernels.accumulators import Lookups
from omnix_cli.kernels.co_purchase import Limits, Neighbours, Tally, neighbours, walk_bytes, workload
from omnix_cli.kernels.incidence import NORM, Incidence, build
from omnix_cli.kernels.measures import CUSTOMERS_MASK, MEASURES, SUPPORT_SHIFT, Rule
from tests.unit.kernels import reference

NO_OWNER = np.zeros(0, dtype=np.int32)


def no_lookups(items: int) -> Lookups:
    return Lookups(np.zeros(items + 1, dtype=np.int64), np.zeros(0, np.int32), np.zeros((0, 2), np.int64))


def matrix_of(groups, items, weights, *, item_count: int, most: int | None = None) -> Incidence:
    group_count = int(max(groups, default=-1)) + 1
    return build(
        np.array(groups, dtype=np.uint32),
        np.array(items, dtype=np.uint32),
        np.array(weights, dtype=np.int64),
        group_count=group_count,
        item_count=item_count,
        max_items_per_group=most,
    )


def zipf_matrix(rows: int = 6000, groups: int = 300, items: int = 250) -> Incidence:
    random = np.random.default_rng(11)
    popularity = 1 / np.arange(1, items + 1)
    item = random.choice(items, rows, p=popularity / popularity.sum())
    return matrix_of(
        random.integers(0, groups, rows),
        random.permutation(items)[item],
        random.integers(1, 2**33, rows),
        item_count=items,
    )


def rule(measure: str = "cosine", k: int = 5, support: int = 2, customers: int = 1, shrink: float = 10.0) -> Rule:
    return Rule(MEASURES[measure], k, support, customers, shrink)


def as_lists(found: Neighbours) -> dict[int, list[tuple[int, int, int, int]]]:
    support, customers = found.evidence[:, 0] >> SUPPORT_SHIFT, found.evidence[:, 0] & CUSTOMERS_MASK
    rows = list(
        zip(found.index.tolist(), support.tolist(), customers.tolist(), found.evidence[:, 1].tolist(), strict=True)
    )
    return {item: rows[found.start[item] : found.start[item + 1]] for item in range(len(found.start) - 1)}


def solve(matrix: Incidence, of: Rule, owner: NDArray[np.int32] = NO_OWNER, **options) -> tuple[Neighbours, Tally]:
    return neighbours(matrix, workload(matrix), of, owner=owner, lookups=no_lookups(matrix.items), **options)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    "way",
    [
        {},
        {"threads": 2},
        {"one_sided": True, "threads": 2},
        {"limits": Limits(packed_below=0)},
        {"limits": Limits(packed_below=0), "one_sided": True},
        {"limits": Limits(rewalk_share=np.inf), "threads": 2},
        {"limits": Limits(rewalk_share=0.0)},
        {"limits": Limits(rewalk_share=np.inf), "one_sided": True},
    ],
    ids=str,
)
def test_every_way_of_walking_gives_what_the_reference_gives(measure, way):
    matrix = zipf_matrix()

    found, tally = solve(matrix, rule(measure), **way)

    assert as_lists(found) == reference.neighbours(matrix, rule(measure), NO_OWNER)
    shared = [support for _, _, counts, _, _ in reference.pairs(matrix, NO_OWNER) for support in counts]
    assert tally == Tally(len(shared) // 2, sum(n >= 2 for n in shared) // 2, 0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9), st.integers(1, 2**40)), min_size=1, max_size=80),
    st.sampled_from(sorted(MEASURES)),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_any_purchases_agree_with_the_reference(lines, measure, k, support):
    groups, items, weights = zip(*lines, strict=True)
    matrix = matrix_of(groups, items, weights, item_count=10)
    of = rule(measure, k=k, support=support, shrink=0.0)

    assert as_lists(solve(matrix, of)[0]) == reference.neighbours(matrix, of, NO_OWNER)
    assert as_lists(solve(matrix, of, one_sided=True)[0]) == reference.neighbours(matrix, of, NO_OWNER)


@pytest.mark.parametrize(
    "way", [{}, {"one_sided": True}, {"limits": Limits(packed_below=0, rewalk_share=np.inf)}], ids=str
)
def test_distinct_customers_of_baskets_are_counted_before_the_cut(way):
    matrix = zipf_matrix(rows=2000, groups=120, items=60)
    owner = np.sort(np.random.default_rng(5).integers(0, 20, matrix.groups)).astype(np.int32)
    of = rule(customers=3)

    found, tally = solve(matrix, of, owner, **way)

    assert as_lists(found) == reference.neighbours(matrix, of, owner)
    customers = [n for _, _, _, counts, _ in reference.pairs(matrix, owner) for n in counts]
    assert tally.suppressed == sum(n < 3 for n in customers) // 2 > 0


def test_looked_up_pairs_get_their_evidence_whatever_their_rank():
    matrix = zipf_matrix()
    evidence = {
        (one, other): (n, dot)
        for block in reference.pairs(matrix, NO_OWNER)
        for one, other, n, _, dot in zip(*(column.tolist() for column in block), strict=True)
    }
    start = np.arange(matrix.items + 1) * 1
    start[0:] = np.minimum(start, matrix.items)
    start = np.concatenate([[0], np.arange(matrix.items)])  # row i asks for item i // 2; row 0 for none
    asked = (np.arange(1, matrix.items) // 2).astype(np.int32)
    for one_sided in (False, True):
        lookups = Lookups(start, asked, np.zeros((len(asked), 2), dtype=np.int64))
        neighbours(matrix, workload(matrix), rule(), owner=NO_OWNER, lookups=lookups, one_sided=one_sided)
        for row, item, (counts, dot) in zip(range(1, matrix.items), asked, lookups.evidence.tolist(), strict=True):
            pair = int(matrix.code[row]), int(matrix.code[item])
            assert (counts >> SUPPORT_SHIFT, dot) == evidence.get(pair, (0, 0))


def test_the_norm_bounds_every_dot_product():
    matrix = zipf_matrix()

    assert 0.9 * NORM**2 < matrix.squared_norm.max() < NORM**2


def test_the_heaviest_products_stay():
    matrix = matrix_of([0, 0, 0, 0, 1], [2, 0, 2, 1, 1], [4, 5, 3, 1, 1], item_count=3, most=2)

    kept = {int(matrix.code[item]) for item, _ in matrix.entries[: matrix.group_start[1]]}

    assert kept == {0, 2}


def test_ties_go_to_the_lower_number():
    four_buy_six_items = np.repeat(np.arange(4), 6), np.tile(np.arange(6)[::-1], 4)
    four_buy_another = [*four_buy_six_items[0], 4, 5, 6, 7], [*four_buy_six_items[1], 6, 6, 6, 6]

    found, _ = solve(matrix_of(*four_buy_another, [1] * 28, item_count=7), rule(k=3, shrink=0.0))

    assert [item for item, *_ in as_lists(found)[0]] == [1, 2, 3]
    assert [item for item, *_ in as_lists(found)[4]] == [0, 1, 2]


def test_what_everyone_buys_is_near_nothing():
    groups, items = np.divmod(np.arange(8 * 4), 4)
    bought = (items < 2) | (groups % 2 == items % 2)  # everyone buys 0 and 1, every second group 2 or 3
    matrix = matrix_of(groups[bought], items[bought], np.ones(bought.sum()), item_count=4)

    found, tally = solve(matrix, rule(k=9))

    assert as_lists(found) == {0: [], 1: [], 2: [], 3: []}
    assert tally.with_support == 5


def test_checkerboard_products_are_near_those_of_their_colour_only():
    groups, items = np.divmod(np.arange(10 * 10), 10)
    black = (groups + items) % 2 == 0
    matrix = matrix_of(groups[black], items[black], np.ones(black.sum()), item_count=10)

    found, tally = solve(matrix, rule(k=9))

    for item, near in as_lists(found).items():
        assert [other for other, *_ in near] == [
            other for other in range(10) if other != item and other % 2 == item % 2
        ]
    assert tally.cooccurring == 2 * (5 * 4 // 2)


def test_memory_of_the_symmetric_walk_grows_with_the_threads():
    matrix = zipf_matrix()
    one, two = (walk_bytes(matrix, workload(matrix), rule(), threads, one_sided=False) for threads in (1, 2))

    assert one < two < 2 * one


def test_the_multiply_adds_of_a_row_are_known_before_the_walk() -> None:
    """Groups {0, 1, 2}, {0, 1} and {0}: item 1 meets the more popular item 0 twice, item 2 meets two items once."""
    groups, items = np.array([0, 0, 0, 1, 1, 2], dtype=np.uint32), np.array([0, 1, 2, 0, 1, 0], dtype=np.uint32)
    matrix = build(groups, items, np.ones(6, dtype=np.int64), group_count=3, item_count=3)
    symmetric, one_sided = workload(matrix)
    assert symmetric.tolist() == [0, 2, 2]
    assert one_sided.tolist() == [3 + 2 + 1, 3 + 2, 3]
