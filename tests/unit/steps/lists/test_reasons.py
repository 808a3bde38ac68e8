from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

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
