from __future__ import annotations

import math

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from omnix_cli.protocols.steps import Resources
from omnix_cli.schemas import FRAMES
from tests.complete_journey import canonical
from tests.unit.steps.neighbours.solving import AS_OF, pair, products, purchases, solve

MILK_AND_BREAD = purchases(
    ("ann", "milk", "1", 1, 1, None),
    ("ann", "bread", "1", 1, 1, None),
    ("bob", "milk", "2", 1, 3, None),
    ("bob", "bread", "3", 1, 1, None),
    ("cat", "milk", "4", 1, 1, None),
    ("dan", "soap", "5", 1, 1, None),
)


def test_measures_of_a_case_done_by_hand():
    both = pair(solve(MILK_AND_BREAD), "milk", "bread")

    # ann, bob and cat buy milk, ann and bob bread; 4 customers in all
    assert both["cosine"] == pytest.approx(2 / math.sqrt(3 * 2), abs=1e-6)
    assert both["jaccard"] == pytest.approx(2 / 3)
    assert both["lift"] == pytest.approx(2 * 4 / (3 * 2))
    assert both["conditional"] == pytest.approx(2 / 3)
    assert (both["support"], both["customers"]) == (2, 2)
    assert pair(solve(MILK_AND_BREAD), "bread", "milk")["conditional"] == 1.0


@pytest.mark.parametrize(
    ("measure", "expected"),
    [("cosine", 2 / math.sqrt(6)), ("jaccard", 2 / 3), ("lift", 4 / 7), ("conditional", 2 / 3)],
)
def test_score_is_the_chosen_measure_shrunk_by_its_support(measure, expected):
    output = solve(MILK_AND_BREAD, measure=measure, shrink=6.0)

    both = pair(output, "milk", "bread")
    assert both["co_purchase"] == pytest.approx(expected * 2 / (2 + 6), abs=1e-6)
    assert both["score"] == pytest.approx(both["co_purchase"], abs=1e-8)


def test_suppressed_pairs_keep_their_content_and_show_no_figure_of_customers():
    catalogue = products({"product_id": "milk", "category": "dairy"}, {"product_id": "bread", "category": "dairy"})

    both = pair(solve(MILK_AND_BREAD, catalogue, min_customers=3), "milk", "bread")

    assert both["content"] == 1.0
    hidden = ("co_purchase", "cosine", "jaccard", "lift", "conditional", "support", "customers")
    assert all(both[column] is None for column in hidden)


def test_nothing_from_the_day_of_the_run_on_is_seen():
    later = MILK_AND_BREAD.with_columns(purchase_day=pl.lit(AS_OF))

    assert solve(later).frames["neighbours"].is_empty()


def test_no_history_and_no_catalogue_give_an_empty_frame():
    neighbours = solve(purchases()).frames["neighbours"]

    assert_frame_equal(FRAMES["neighbours"].conform(neighbours), FRAMES["neighbours"].empty())


def test_pairs_of_complete_journey_are_counted_exactly():
    output = solve(
        canonical(2_000_000), basis="basket", min_support=5, min_customers=3, neighbours=1,
        resources=Resources(threads=2, memory_bytes=2**33),
    )  # fmt: skip

    assert output.figures["cooccurring_pairs"] == 11_934_372
    assert output.figures["pairs_with_support"] == 357_551
    assert (output.figures["products"], output.figures["customers"]) == (68_509, 2_469)


@pytest.mark.parametrize("basis", ["customer", "basket"])
def test_threads_memory_and_row_order_change_nothing(basis):
    lines = canonical(15_000)
    said: list[str] = []

    plain = solve(lines, basis=basis, min_support=2, neighbours=10)
    others = [
        solve(lines, basis=basis, min_support=2, neighbours=10, resources=Resources(3, 2**30)),
        solve(lines, basis=basis, min_support=2, neighbours=10, resources=Resources(2, 1, said.append)),
        solve(lines.sample(fraction=1, shuffle=True, seed=1), basis=basis, min_support=2, neighbours=10),
    ]

    for other in others:
        assert_frame_equal(other.frames["neighbours"], plain.frames["neighbours"], check_exact=True)
        assert other.figures == plain.figures
    assert "row by row" in said[0]
    assert "multiply-adds" in said[0]
    FRAMES["neighbours"].conform(plain.frames["neighbours"])


def test_symmetric_measures_are_the_same_from_both_ends():
    frame = solve(canonical(15_000), min_support=2, neighbours=1000).frames["neighbours"]

    mirrored = frame.join(
        frame, left_on=["product_id", "neighbour_id"], right_on=["neighbour_id", "product_id"], suffix="_back"
    )
    assert mirrored.height == frame.height > 1000
    for column in ("score", "cosine", "jaccard", "lift", "support"):
        assert mirrored[column].equals(mirrored[f"{column}_back"])


def test_a_cap_on_products_per_customer_leaves_the_most_popular():
    others = [(name, product, None, 1, 1, None) for name, product in (("bob", "b"), ("cat", "d"))]
    others += [(str(number), "e", None, 1, 1, None) for number in range(9)]
    lines = purchases(*(("ann", product, None, 1, 1, None) for product in "abcd"), *others)

    frame = solve(lines, max_products_per_customer=2).frames["neighbours"]

    assert frame.select("product_id", "neighbour_id").rows() == [("b", "d"), ("d", "b")]
