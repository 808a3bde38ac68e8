"""What the store holds: known from the receipts, or read."""

from __future__ import annotations

from datetime import UTC, date, datetime

from omnix_cli.services.publishing.leases import read_control
from omnix_cli.services.publishing.published_state import keep_receipts, published_day, published_state
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.unit.services.publishing.publishing_shop import (
    ANN,
    BOB,
    DAY,
    NOW,
    SIMILAR,
    PublishingShop,
    counts,
)


def test_another_workspace_reads_the_store_and_writes_what_differs(shop: PublishingShop) -> None:
    shop.publish(ANN, BOB)
    shop.checkpoints = ParquetCheckpoints(DiskShelf(shop.folder / "elsewhere"), now=lambda: NOW)
    report = shop.publish(ANN, SIMILAR)
    assert report.compared_with == "the store: the receipts of its last publish are not in this workspace"
    assert counts(report) == {"added": 1, "unchanged": 1, "removed": 1}
    assert shop.publish(ANN, SIMILAR).compared_with == "the last receipts"


def test_a_store_that_was_deleted_is_filled_again(shop: PublishingShop) -> None:
    shop.publish(ANN, BOB)
    shop.store.close()
    for file in shop.folder.glob("store.sqlite*"):
        file.unlink()
    assert counts(shop.publish(ANN, BOB)) == {"added": 2}


def test_rows_of_another_service_stay(shop: PublishingShop) -> None:
    shop.store.create_tables()
    foreign = {"id": "6f1c", "customerId": "ann", "recommendations": [], "generatedAt": "2026-02-01T00:00:00.000Z"}
    shop.store.put_many("recommendations", [foreign])
    report = shop.publish(ANN)
    assert counts(report) == {"added": 1, "foreign": 1}
    assert shop.items()["6f1c"] == foreign


def test_receipts_are_sorted_and_say_what_the_store_holds(shop: PublishingShop) -> None:
    report = shop.publish(BOB, SIMILAR, ANN)
    assert report.receipts_key
    receipts = shop.checkpoints.open(report.receipts_key).frame("receipts").scan().collect()
    assert receipts["list_id"].to_list() == ["ann#homepage", "bob#homepage", "similar#milk"]
    items = shop.items()
    assert receipts["content_hash"].to_list() == [items[key]["contentHash"] for key in receipts["list_id"]]
    assert receipts["expires_at"].unique().to_list() == [datetime(2026, 3, 8, 2, 30, 0, 123000, tzinfo=UTC)]


def test_the_published_day_is_that_of_the_run(shop: PublishingShop) -> None:
    assert published_day(read_control(shop.store, NOW)) is None
    shop.publish(ANN, now=NOW + DAY)
    assert published_day(read_control(shop.store, NOW)) == date(2026, 3, 2)


def test_receipts_of_the_same_content_have_the_same_key(shop: PublishingShop) -> None:
    first, again = (shop.publish(ANN, BOB).receipts_key for _ in range(2))
    receipts = published_state(shop.store, shop.checkpoints, read_control(shop.store, NOW)).receipts
    assert first == again == keep_receipts(receipts, shop.checkpoints, {})
