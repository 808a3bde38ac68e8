from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from omnix_cli.steps.lists.ranked_lists import OFFER
from omnix_cli.steps.lists.reasons import explain
from tests.unit.steps.frames import frame
from tests.unit.steps.lists.shop import Shop, neighbours, popular


def test_the_confidence_of_what_is_new_is_the_chance_of_a_first_purchase_times_the_lift(ann: Shop) -> None:
    shop = replace(
        ann,
        neighbours=frame("neighbours", *neighbours("milk", "oats", lift=3.0)),
        popularity=frame("popularity", *popular("oats", confidence=0.06, repeat_share=0.4)),
    )
    item = shop.item("oats")
    assert item["confidence"] == pytest.approx(0.06 * (1 - 0.4) * (1 + (3 - 1) * 20 / 30))
    assert item["reason"] == "bought together with Milk by 20 customers"
    assert item["tags"] == ["bought_together"]


def test_a_link_of_too_few_customers_is_not_told(ann: Shop) -> None:
    few = frame("neighbours", *neighbours("milk", "oats", customers=2, lift=9.0, same_category=True))
    lonely = replace(
        ann,
        neighbours=few,
        popularity=frame("popularity", *popular("oats", confidence=0.06, repeat_share=0.5)),
        products=ann.products.with_columns(category=pl.lit("Breakfast")),
    )
    item = lonely.item("oats")
    assert item["reason"] == "same category as Milk: Breakfast"
    assert item["tags"] == ["same_category"]
    assert item["confidence"] == pytest.approx(0.03)


def test_a_neighbour_by_content_alone_is_called_similar(ann: Shop) -> None:
    alike = frame("neighbours", *neighbours("milk", "oats", customers=None, conditional=None, co_purchase=None))
    assert replace(ann, neighbours=alike).item("oats")["reason"] == "similar to Milk, which you buy"


def test_what_is_due_keeps_its_reason_and_its_place() -> None:
    rows = [
        {"customer_id": "ann", "product_id": "oats", "shelf": "new_for_you", "tags": []},
        {"customer_id": "ann", "product_id": "milk", "shelf": "due_again", "reason": "every week", "tags": ["urgent"]},
    ]
    offers = pl.DataFrame([dict.fromkeys(OFFER) | row for row in rows], schema=OFFER)
    text = {"customer_id": pl.String, "product_id": pl.String}
    evidence = {"source_id": pl.String, "together": pl.Int64, "lift": pl.Float64, "same_category": pl.Boolean}
    told = explain(
        offers,
        pl.DataFrame([["ann", "oats", "milk", 12, 2.0, True]], schema=text | evidence, orient="row"),
        pl.DataFrame(schema=text | {"interest": pl.Float64, "signal": pl.String, "days_ago": pl.Int64}),
        pl.DataFrame(schema=text | {"taste": pl.String, "taste_tag": pl.String}),
        pl.DataFrame({"product_id": ["milk", "oats"], "name": ["Milk", "Oats"], "category": ["Dairy", "Cereals"]}),
        pl.DataFrame({"product_id": ["oats"], "repeat_share": [0.5], "confidence": [0.1]}),
    )
    assert told.select("product_id", "reason", "tags").rows() == [
        ("oats", "bought together with Milk by 12 customers", ["bought_together"]),
        ("milk", "every week", ["urgent"]),
    ]
    assert told["confidence"][0] == pytest.approx(0.1 * (1 - 0.5) * 2.0)
