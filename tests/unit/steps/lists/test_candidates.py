from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from omnix_cli.steps.lists.candidates import as_predicted, due_now, explain, replenishment
from omnix_cli.steps.lists.ranked_lists import OFFER
from tests.unit.steps.frames import AS_OF, frame
from tests.unit.steps.lists.shop import Shop, every, neighbours, popular, shop_of


def test_the_confidence_of_what_is_due_is_its_chance_within_14_days(ann: Shop) -> None:
    sure = replace(ann, predictions=ann.predictions.with_columns(probability_14d=pl.lit(0.83)))
    item = sure.item("milk")
    assert item["confidence"] == 0.83
    assert item["reason"] == "you buy this about every 10 days"
    assert item["predicted_date"] == AS_OF
    assert item["tags"] == ["later"]


def test_replenishment_takes_the_most_probable_and_orders_by_date() -> None:
    lines = [line for product in "abcde" for line in every(9, times=4, last=8, product=product)]
    shop = shop_of(lines)
    by_product: Mapping[str, tuple[str, float, int]] = {
        "a": ("overdue", 0.5, -2),
        "b": ("urgent", 0.9, 1),
        "c": ("upcoming", 0.2, 0),
        "d": ("later", 0.95, 9),
        "e": ("upcoming", 0.5, -2),
    }
    columns = {
        name: pl.col("product_id").replace_strict({key: value[place] for key, value in by_product.items()})
        for place, name in enumerate(("urgency", "probability_7d", "in_days"))
    }
    predictions = shop.predictions.with_columns(**columns).with_columns(
        predicted_date=pl.lit(AS_OF) + pl.duration(days="in_days")
    )
    rows = replace(shop, predictions=predictions).list("ann#replenishment", replenishment_count=3)
    assert rows["product_id"].to_list() == ["a", "e", "b"]
    assert rows["urgency"].to_list() == ["overdue", "upcoming", "urgent"]
    assert rows["predicted_date"].to_list() == [AS_OF + timedelta(days=days) for days in (-2, -2, 1)]
    assert rows["score"].to_list() == [0.5, 0.5, 0.9]
    assert rows["confidence"].to_list() == [0.5] * 3
    assert rows["kind"].unique().to_list() == ["replenishment"]


def test_every_list_shows_the_date_the_state_and_the_chance_of_the_prediction(ann: Shop) -> None:
    urgency = pl.col("product_id").replace_strict({"milk": "overdue", "tea": "lapsed"})
    due, expected = AS_OF - timedelta(days=3), AS_OF + timedelta(days=20)
    shop = replace(
        ann,
        predictions=ann.predictions.with_columns(
            urgency=urgency,
            predicted_date=pl.lit(due),
            next_expected_date=pl.lit(expected),
            probability_14d=pl.lit(0.3),
        ),
    )
    shown = ("product_id", "urgency", "predicted_date", "next_expected_date", "confidence")
    milk = ("milk", "overdue", due, expected, 0.3)
    assert shop.list("ann#replenishment").select(shown).rows() == [milk]
    own = shop.list("ann#homepage", count=8).filter(pl.col("product_id").is_in(["milk", "tea"]))
    assert own.select(*shown, "shelf").rows() == [
        (*milk, "due_again"),
        ("tea", "lapsed", due, expected, 0.3, "fallback"),
    ]


def predicted(**urgencies: str) -> pl.DataFrame:
    rows = [{"customer_id": "ann", "product_id": name, "urgency": urgency} for name, urgency in urgencies.items()]
    return frame("predictions", *rows).collect()


def test_what_has_no_prediction_keeps_what_its_offer_says() -> None:
    offer = {name: None for name in OFFER} | {"customer_id": "ann", "tags": [], "confidence": 0.1, "score": 0.5}
    offers = pl.DataFrame([offer | {"product_id": name} for name in ("milk", "oats", "jam")], schema=OFFER)
    stated = pl.DataFrame({"customer_id": ["ann"] * 2, "product_id": ["jam", "milk"], "chance": [0.02, 0.9]})
    shown = as_predicted(offers, predicted(milk="later"), stated)
    assert shown.select("product_id", "predicted_date", "confidence", "urgency").rows() == [
        ("milk", AS_OF, 0.5, "later"),
        ("oats", None, 0.1, None),
        ("jam", None, 0.02, None),
    ]


def test_due_is_what_is_overdue_urgent_or_upcoming() -> None:
    due = due_now(predicted(a="overdue", b="urgent", c="upcoming", d="later", e="lapsed"))
    assert due["product_id"].to_list() == ["a", "b", "c"]
    assert due["tags"].to_list() == [["overdue"], ["urgent"], ["upcoming"]]
    assert replenishment(due, count=2)["product_id"].to_list() == ["a", "b"]


def test_without_a_model_the_confidence_of_what_is_new_is_the_chance_of_a_first_purchase(ann: Shop) -> None:
    """Ann is the only customer who shops now, so her visits are the mean."""
    shop = replace(
        ann,
        neighbours=frame("neighbours", *neighbours("milk", "oats", lift=3.0)),
        popularity=frame("popularity", *popular("oats", confidence=0.06, repeat_share=0.4)),
    )
    item = shop.item("oats")
    assert item["confidence"] == pytest.approx(0.06 * (1 - 0.4))
    assert item["reason"] == "bought together with Milk by 20+ customers"
    assert item["tags"] == ["bought_together"]


def test_the_confidence_of_what_is_new_is_the_chance_of_the_rankings(ann: Shop) -> None:
    ranked = [{"customer_id": "ann", "product_id": "oats", "known": False, "rank": 1, "score": 0.5, "chance": 0.037}]
    assert replace(ann, rankings=frame("rankings", *ranked)).item("oats")["confidence"] == 0.037


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
    evidence = {"source_id": pl.String, "together": pl.Int64, "same_category": pl.Boolean}
    told = explain(
        offers,
        pl.DataFrame([["ann", "oats", "milk", 12, True]], schema=text | evidence, orient="row"),
        pl.DataFrame(schema=text | {"interest": pl.Float64, "signal": pl.String, "signal_day": pl.Date}),
        pl.DataFrame(schema=text | {"taste": pl.String, "taste_tag": pl.String}),
        pl.DataFrame({"product_id": ["milk", "oats"], "name": ["Milk", "Oats"], "category": ["Dairy", "Cereals"]}),
        pl.DataFrame({"product_id": ["oats"], "confidence": [0.1], "reason": ["bought by 9 customers"]}),
    )
    assert told.select("product_id", "reason", "tags").rows() == [
        ("oats", "bought together with Milk by 10+ customers", ["bought_together"]),
        ("milk", "every week", ["urgent"]),
    ]
    assert told["confidence"][0] == 0.1


def test_what_no_own_product_speaks_for_says_what_the_shop_buys() -> None:
    """The ranker may offer what is popular: without a link or a signal, the shop's own figure is the reason."""
    row = {"customer_id": "ann", "product_id": "oats", "shelf": "new_for_you", "tags": []}
    text = {"customer_id": pl.String, "product_id": pl.String}
    evidence = {"source_id": pl.String, "together": pl.Int64, "same_category": pl.Boolean}
    told = explain(
        pl.DataFrame([dict.fromkeys(OFFER) | row], schema=OFFER),
        pl.DataFrame(schema=text | evidence),
        pl.DataFrame(schema=text | {"interest": pl.Float64, "signal": pl.String, "signal_day": pl.Date}),
        pl.DataFrame(schema=text | {"taste": pl.String, "taste_tag": pl.String}),
        pl.DataFrame({"product_id": ["oats"], "name": ["Oats"], "category": ["Cereals"]}),
        pl.DataFrame({"product_id": ["oats"], "confidence": [0.1], "reason": ["bought by 9 customers"]}),
    )
    assert told["reason"].to_list() == ["bought by 9 customers"]
