from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import polars as pl

from omnix_cli.steps.lists.candidates import dated, due_now, replenishment
from tests.unit.steps.frames import AS_OF, frame
from tests.unit.steps.lists.shop import Shop, every, shop_of


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
    assert rows["confidence"].to_list() == [0.4] * 3
    assert rows["kind"].unique().to_list() == ["replenishment"]


def test_what_is_overdue_is_due_now_and_what_has_lapsed_is_not_due(ann: Shop) -> None:
    urgency = pl.col("product_id").replace_strict({"milk": "overdue", "tea": "lapsed"})
    weeks_away = pl.lit(AS_OF + timedelta(days=20))
    shop = replace(ann, predictions=ann.predictions.with_columns(urgency=urgency, predicted_date=weeks_away))
    due = shop.list("ann#replenishment")
    assert due.select("product_id", "urgency", "predicted_date").rows() == [("milk", "overdue", AS_OF)]
    homepage = shop.list("ann#homepage", count=8)
    again = homepage.filter(pl.col("shelf") == "due_again")
    assert again.select("product_id", "urgency", "predicted_date").rows() == [
        ("milk", "overdue", AS_OF),
        ("tea", "lapsed", None),
    ]


def predicted(**urgencies: str) -> pl.DataFrame:
    rows = [{"customer_id": "ann", "product_id": name, "urgency": urgency} for name, urgency in urgencies.items()]
    return frame("predictions", *rows).collect()


def test_no_date_contradicts_its_urgency() -> None:
    later = predicted(milk="overdue", oil="lapsed", tea="later").with_columns(
        predicted_date=pl.lit(AS_OF + timedelta(days=9))
    )
    found = dated(later.lazy(), as_of=AS_OF).collect()
    assert found["predicted_date"].to_list() == [AS_OF, None, AS_OF + timedelta(days=9)]


def test_due_is_what_is_overdue_urgent_or_upcoming() -> None:
    due = due_now(predicted(a="overdue", b="urgent", c="upcoming", d="later", e="lapsed"))
    assert due["product_id"].to_list() == ["a", "b", "c"]
    assert due["tags"].to_list() == [["overdue"], ["urgent"], ["upcoming"]]
    assert replenishment(due, count=2)["product_id"].to_list() == ["a", "b"]
