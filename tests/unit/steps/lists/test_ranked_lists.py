from __future__ import annotations

import polars as pl

from omnix_cli.steps.lists.ranked_lists import listed, stored

OFFERS = pl.DataFrame({"customer_id": ["ann", "bob", "ann"], "product_id": ["tea", "tea", "milk"]})


def test_a_rank_is_the_place_in_the_order_given() -> None:
    rows = listed(OFFERS, kind="personal", list_id=pl.format("{}#homepage", "customer_id"))
    assert rows.select("list_id", "product_id", "rank", "kind").rows() == [
        ("ann#homepage", "tea", 1, "personal"),
        ("bob#homepage", "tea", 1, "personal"),
        ("ann#homepage", "milk", 2, "personal"),
    ]


def test_a_product_without_a_name_goes_by_its_id() -> None:
    rows = listed(OFFERS, kind="personal", list_id=pl.format("{}#homepage", "customer_id")).with_columns(
        score=0.5, shelf=None, reason=pl.lit(""), tags=pl.lit([], pl.List(pl.String)), confidence=0.1,
        predicted_date=None, urgency=None,
    )  # fmt: skip
    catalogue = pl.DataFrame({"product_id": ["milk", "tea"], "name": ["Milk", None]})
    frame = stored(rows, catalogue, frame="recommendations")
    assert frame.select("list_id", "rank", "product_name").rows() == [
        ("ann#homepage", 1, "tea"),
        ("ann#homepage", 2, "Milk"),
        ("bob#homepage", 1, "tea"),
    ]
