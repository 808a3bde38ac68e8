"""Imported purchases as items of their table."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from omnix_cli.schemas import FRAMES
from omnix_cli.services.migrations.backfill import PurchaseItems
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE as TABLE
from tests.conftest import MemoryFrame, purchases


def source(frame: pl.DataFrame) -> PurchaseItems:
    return PurchaseItems(MemoryFrame("purchases", frame))


def test_an_item_is_what_the_table_has() -> None:
    frame = purchases(
        ("ann", "milk", "2017-05-01", 2),
        purchased_at=pl.lit(datetime(2017, 5, 1, 22, 30, 0, 120_000, UTC)),
        store_location=pl.lit("Lyon"),
        rating=pl.lit(4, pl.Int8),
        unit_price=pl.lit("1.10"),
        total_price=pl.lit("2.20"),
    )
    (item,) = source(frame).scan(TABLE)
    assert item == {
        "id": "line-0",
        "customerId": "ann",
        "productId": "milk",
        "orderId": "ann-2017-05-01",
        "purchaseDate": "2017-05-01T22:30:00.120Z",
        "quantity": 2,
        "unitPrice": Decimal("1.10"),
        "totalPrice": Decimal("2.20"),
        "storeLocation": "Lyon",
        "promotionUsed": False,
        "rating": 4,
    }
    assert str(item["unitPrice"]) == "1.10"
    assert type(item["quantity"]) is int


def test_what_is_null_is_absent_and_a_weight_is_exact() -> None:
    frame = purchases(("ann", "ham", "2017-05-01", 1.3), unit_price=pl.lit(None), order_id=pl.lit(None, pl.String))
    (item,) = source(frame).scan(TABLE)
    assert item.keys().isdisjoint({"unitPrice", "orderId", "review", "rating", "storeLocation"})
    assert item["quantity"] == Decimal("1.3")


def test_returns_are_taken_off_and_cancelled_lines_left_out() -> None:
    frame = purchases(
        ("ann", "milk", "2017-05-01", 4),
        ("ann", "milk", "2017-05-03", 1),
        ("ann", "milk", "2017-05-04", 3),
        ("ann", "tea", "2017-05-04"),
        kind=pl.Series(["purchase", "purchase", "return", "cancelled"], dtype=FRAMES["purchases"].schema.kind.dtype),
    )
    found = list(source(frame).scan(TABLE))
    assert [(item["id"], item["quantity"], item["totalPrice"]) for item in found] == [("line-0", 2, Decimal("1.00"))]
    assert [item["id"] for item in source(frame).get_many(TABLE, ["line-0", "line-1", "line-3"])] == ["line-0"]


@pytest.mark.parametrize("segments", [1, 2, 7])
def test_segments_hold_every_purchase_once_and_go_on_after_any(segments: int) -> None:
    frame = purchases(*((f"c{number % 11}", "milk", f"2017-05-{number % 28 + 1:02}") for number in range(60)))
    found = []
    for segment in range(segments):
        ids = [item["id"] for item in source(frame).scan(TABLE, segment=segment, segments=segments)]
        found += ids
        for place in range(0, len(ids), 5):
            rest = source(frame).scan(TABLE, segment=segment, segments=segments, after=ids[place])
            assert [item["id"] for item in rest] == ids[place + 1 :]
    assert sorted(found) == sorted(f"line-{number}" for number in range(60))
