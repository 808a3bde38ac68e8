"""The items of the table `recommendations`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from omnix_cli.schemas import LIST_KINDS
from omnix_cli.services.publishing.list_items import CONTEXTS, content_hash, content_of, lists_of, some_lists
from omnix_cli.steps.capacity import item_bytes
from tests.unit.services.publishing.publishing_shop import ANN, NOW, SIMILAR, PublishingShop, entries, homepage, stored


def test_an_item_has_the_attributes_of_the_data_model(shop: PublishingShop) -> None:
    due = {"predicted_date": date(2026, 3, 4), "urgency": "upcoming", "confidence": 0.71239}
    shop.publish(
        entries("ann#replenishment", "replenishment", "milk", customer="ann", tags=["dairy"], score=0.123456, **due)
    )
    item = shop.items()["ann#replenishment"]
    content_hash = item.pop("contentHash")
    assert item == {
        "id": "ann#replenishment",
        "customerId": "ann",
        "recommendations": [
            {
                "productId": "milk",
                "productName": "Milk",
                "score": Decimal("0.1235"),
                "reason": 'said "so"',
                "tags": ["dairy"],
                "rank": 1,
                "predictedPurchaseDate": "2026-03-04",
                "confidence": Decimal("0.7124"),
                "urgency": "upcoming",
            }
        ],
        "algorithmType": "replenishment",
        "confidence": Decimal("0.7124"),
        "context": "replenishment",
        "generatedAt": "2026-03-01T02:30:00.123Z",
        "expiresAt": "2026-03-08T02:30:00.123Z",
        "ttl": 1772937000,
        "runId": "run-1",
        "status": "active",
    }
    assert len(content_hash) == 64


def test_what_is_overdue_has_the_day_it_was_due_and_the_day_it_is_expected(shop: PublishingShop) -> None:
    dates = {"predicted_date": date(2026, 2, 20), "next_expected_date": date(2026, 3, 4)}
    shop.publish(homepage("ann", "milk", urgency="overdue", **dates), homepage("bob", "milk", urgency="later", **dates))
    milk = {customer: shop.items()[f"{customer}#homepage"]["recommendations"][0] for customer in ("ann", "bob")}
    assert milk["ann"]["predictedPurchaseDate"] == "2026-02-20"
    assert milk["ann"]["nextExpectedDate"] == "2026-03-04"
    assert "nextExpectedDate" not in milk["bob"]


@pytest.mark.parametrize("days", [0.04, 1.0, 9.649, 14.0, 365.25, 12_345.6])
def test_what_is_due_says_its_interval_and_window(shop: PublishingShop, days: float) -> None:
    """The days between purchases with one decimal; the hash and the size are those of the item in the store."""
    due = {"predicted_date": date(2026, 3, 4), "urgency": "upcoming", "category": "Käse"}
    window = {"interval_days": days, "date_p10": date(2026, 3, 1), "date_p90": date(2026, 3, 9)}
    rows = entries("ann#replenishment", "replenishment", "milk", "tea", customer="ann", **due, **window)
    shop.publish(rows)
    item = shop.items()["ann#replenishment"]
    entry = item["recommendations"][0]
    assert entry["intervalDays"] == Decimal(str(round(days, 1)))
    assert [entry[name] for name in ("category", "intervalFrom", "intervalTo")] == ["Käse", "2026-03-01", "2026-03-09"]
    assert content_hash(content_of(item)) == item["contentHash"]
    lists = lists_of(stored("recommendations", rows))
    (size,) = next(lists)["content_bytes"]
    content = ("id", "recommendations", "algorithmType", "confidence", "context", "customerId")
    assert size == item_bytes({name: item[name] for name in content})


def test_a_list_of_no_customer_stays_out_of_the_index(shop: PublishingShop) -> None:
    shop.publish(SIMILAR, ANN)
    assert "customerId" not in shop.items()["similar#milk"]
    page = shop.store.query("recommendations", "customerId-generatedAt-index", "ann", now=NOW)
    assert [item["id"] for item in page.items] == ["ann#homepage"]


@pytest.mark.parametrize(
    ("list_id", "kind", "context"),
    [
        ("similar#milk", "similar", "product_page"),
        ("trending#all", "trending", "homepage"),
        ("seasonal#winter", "seasonal", "homepage"),
        ("popular#all", "popular", "homepage"),
    ],
)
def test_each_kind_has_its_context(shop: PublishingShop, list_id: str, kind: str, context: str) -> None:
    shop.publish(entries(list_id, kind, "milk", "tea"))
    item = shop.items()[list_id]
    assert (item["algorithmType"], item["context"]) == (kind, context)
    assert [entry["rank"] for entry in item["recommendations"]] == [1, 2]


def test_a_list_is_as_confident_as_its_items_on_average(shop: PublishingShop) -> None:
    rows = homepage("ann", "milk", "tea", "jam")
    for row, confidence in zip(rows, (0.2, 0.3, 0.6), strict=True):
        row["confidence"] = confidence
    shop.publish(rows)
    assert shop.items()["ann#homepage"]["confidence"] == Decimal("0.3666")


def test_awkward_words_arrive_as_they_were(shop: PublishingShop) -> None:
    reason = 'a,","b":null, \\ "urgency":null é 😀\n'
    shop.publish(homepage('a#b, "c":null', "milk", reason=reason, tags=["x,", 'y":null']))
    item = shop.items()['a#b, "c":null#homepage']
    assert item["recommendations"][0]["reason"] == reason
    assert item["recommendations"][0]["tags"] == ["x,", 'y":null']


def test_a_list_by_itself_has_the_content_it_has_among_others(shop: PublishingShop) -> None:
    frame = stored(
        "recommendations",
        *(homepage(f"c{number:04d}", "milk", "tea", confidence=number / 10_000) for number in range(2_000)),
    )
    together = pl.concat(lists_of(frame))
    for list_id, content in together.select("list_id", "content").gather_every(37).iter_rows():
        assert some_lists(frame, pl.Series([list_id]))["content"].to_list() == [content]


def test_every_kind_of_list_has_a_context() -> None:
    assert set(CONTEXTS) == set(LIST_KINDS)
