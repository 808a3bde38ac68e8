"""The usual list: the customer's own products in the order of the ranker, whatever their state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from omnix_cli.steps.lists.usual import usual
from tests.unit.steps.frames import AS_OF, frame
from tests.unit.steps.lists.shop import Shop


def test_no_own_product_is_left_out_and_each_says_what_its_prediction_says() -> None:
    ranked = [{"product_id": "tea", "score": 0.3}, {"product_id": "milk", "score": 0.2}]
    offers = pl.DataFrame([{"customer_id": "ann", **row} for row in ranked])
    due = {"customer_id": "ann", "product_id": "milk", "urgency": "lapsed", "probability_14d": 0.04, "reason": "gone"}
    bought = pl.DataFrame(
        [
            {"customer_id": "ann", "product_id": name, "purchase_days": 3, "last_day": AS_OF - timedelta(days=9)}
            for name in ("milk", "tea")
        ]
    )
    found = usual(offers, frame("predictions", due).collect(), bought)
    assert found.select("product_id", "score", "confidence", "urgency", "reason").rows() == [
        ("tea", 0.3, 0.0, None, "you bought it on 3 days, last on 23 May 2024"),
        ("milk", 0.2, 0.04, "lapsed", "gone"),
    ]


@pytest.mark.parametrize(("count", "expected"), [(10, ["milk", "tea"]), (1, ["milk"]), (0, [])])
def test_the_list_is_as_long_as_the_setting_says(ann: Shop, count: int, expected: list[str]) -> None:
    assert ann.list("ann#usual", usual_count=count)["product_id"].to_list() == expected


def test_the_ranker_says_the_order_and_what_is_known(ann: Shop) -> None:
    ranked = [
        {"product_id": "milk", "known": True, "rank": 2, "score": 0.2},
        {"product_id": "tea", "known": True, "rank": 1, "score": 0.3},
        {"product_id": "oats", "known": False, "rank": 1, "score": 0.9},
    ]
    rankings = frame("rankings", *({"customer_id": "ann", **row} for row in ranked))
    assert replace(ann, rankings=rankings).list("ann#usual")["product_id"].to_list() == ["tea", "milk"]


def test_a_blocked_product_is_not_usual(ann: Shop) -> None:
    assert ann.list("ann#usual", excluded_categories=("Dairy",))["product_id"].to_list() == ["tea"]
