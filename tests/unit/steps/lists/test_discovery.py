from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from omnix_cli.steps.lists.discovery import (
    NeighbourTable,
    first_time,
    new_products,
    sources,
    strongest_sources,
    with_neighbours,
)
from tests.unit.steps.frames import days_ago, frame
from tests.unit.steps.lists.shop import Shop, neighbours, popular, shop_of


def test_new_products_score_by_the_weight_of_what_they_go_with(ann: Shop) -> None:
    weight = lambda age: 2 ** (-age / 90)  # noqa: E731
    milk = sum(weight(3 + 7 * n) for n in range(8))
    tea = weight(10) + weight(50)
    both = frame("neighbours", *neighbours("milk", "oats"), *neighbours("tea", "jam", "oats"))
    rows = replace(ann, neighbours=both).list("ann#homepage", count=2, due_share=0.0)
    oats, jam = (milk / 2 + tea / 3) / (milk + tea), (tea / 2) / (milk + tea)
    assert rows["product_id"].to_list() == ["oats", "jam"]
    assert rows["score"].to_list() == pytest.approx([oats, jam], abs=1e-6)


def test_a_checkerboard_is_completed() -> None:
    """Even customers buy all even products but their own, odd ones the odd: what is missing is what is new."""
    size = 8
    board = [(c, p) for c in range(size) for p in range(size) if (c + p) % 2 == 0 and c != p]
    lines = [(f"c{c}", f"p{p}", days_ago(5)) for c, p in board]
    links = [
        row
        for p in range(size)
        for row in neighbours(f"p{p}", *(f"p{other}" for other in range(size) if other != p and (other + p) % 2 == 0))
    ]
    shop = shop_of(
        lines,
        neighbours=frame("neighbours", *links),
        popularity=frame("popularity", *popular(*(f"p{p}" for p in range(size)))),
    )
    rows = shop.output(count=1, due_share=0.0, usual_count=0).frames["recommendations"]
    assert dict(rows.select("customer_id", "product_id").iter_rows()) == {f"c{c}": f"p{c}" for c in range(size)}


def test_ties_go_by_product_id(ann: Shop) -> None:
    tied = frame("neighbours", *({**row, "score": 0.5} for row in neighbours("milk", "salt", "nuts", "rice")))
    assert replace(ann, neighbours=tied).homepage(count=2, due_share=0.0) == ["nuts", "rice"]


BASKETS = pl.DataFrame({"customer_id": ["ann"] * 2, "product_id": ["milk", "tea"], "weight": [3.0, 1.0]})
TABLE = (*neighbours("milk", "oats", "tea"), *neighbours("tea", "jam", customers=2))


NEAR = frame("neighbours", *TABLE)
AMONG = with_neighbours(NEAR)


def test_the_score_is_the_mean_of_the_sources_by_their_weight() -> None:
    found = new_products(BASKETS, sources(BASKETS, AMONG), NeighbourTable.of(NEAR), most=5)
    assert found.select("product_id").to_series().to_list() == ["oats", "jam"]
    assert found["score"].to_list() == pytest.approx([(3 * 0.5 + 1 * 0) / 4, (3 * 0 + 1 * 0.5) / 4])


def test_what_ties_with_the_last_goes_by_product_id() -> None:
    found = new_products(BASKETS, sources(BASKETS, AMONG), NeighbourTable.of(NEAR), most=1)
    assert found["product_id"].to_list() == ["oats"]


def test_the_evidence_names_the_source_and_hides_few_customers() -> None:
    picks = pl.DataFrame({"customer_id": ["ann", "ann"], "product_id": ["oats", "jam"]})
    found = strongest_sources(picks, sources(BASKETS, AMONG), NEAR, min_customers=3)
    assert found.select("product_id", "source_id", "together").rows() == [("oats", "milk", 20), ("jam", "tea", None)]


def test_a_pair_that_is_not_in_the_table_has_no_facts() -> None:
    picks = pl.DataFrame({"customer_id": ["ann", "ann"], "product_id": ["milk", "unknown"]})
    assert strongest_sources(picks, sources(BASKETS, AMONG), NEAR, min_customers=3).is_empty()


def test_a_first_purchase_is_as_likely_as_any_times_the_share_of_first_ones() -> None:
    rows = popular("oats", "jam", confidence=0.1, repeat_share=0.4)
    shop = frame("popularity", *rows, {**rows[0], "kind": "trending", "repeat_share": None}).collect()
    assert first_time(shop)["confidence"].to_list() == pytest.approx([0.06, 0.06, 0.06])
