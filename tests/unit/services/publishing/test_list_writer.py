"""Only what differs is written, in time, and what it costs."""

from __future__ import annotations

import pytest

from omnix_cli.services.publishing.leases import CONTROL
from omnix_cli.steps.capacity import item_bytes, write_units
from tests.unit.services.publishing.publishing_shop import ANN, BOB, DAY, NOW, SIMILAR, PublishingShop, counts, homepage


def test_a_list_that_does_not_change_gets_a_new_lifetime_in_time(shop: PublishingShop) -> None:
    shop.publish(ANN)
    assert counts(shop.publish(ANN, now=NOW + 3.4 * DAY)) == {"unchanged": 1}
    assert counts(shop.publish(ANN, now=NOW + 3.6 * DAY)) == {"refreshed": 1}
    assert counts(shop.publish(ANN, now=NOW + 3.7 * DAY)) == {"unchanged": 1}
    item = shop.items()["ann#homepage"]
    assert (item["generatedAt"], item["runId"]) == ("2026-03-04T16:54:00.123Z", "run-3")
    assert item["ttl"] == int((NOW + 10.6 * DAY).timestamp())


def test_a_customer_who_comes_every_night_for_a_year_always_finds_the_list(shop: PublishingShop) -> None:
    written = 0
    for night in range(60):
        written += shop.publish(ANN, now=NOW + night * DAY).written
        assert shop.store.get("recommendations", "ann#homepage", now=NOW + (night + 1) * DAY)
    assert written == 15


def test_a_row_that_has_expired_is_written_whole(shop: PublishingShop) -> None:
    shop.publish(ANN)
    shop.store.delete_many("recommendations", ["ann#homepage"])  # as the expiry of DynamoDB does
    assert counts(shop.publish(ANN, now=NOW + 8 * DAY)) == {"refreshed": 1}
    assert shop.products() == {"ann#homepage": ["milk", "tea"]}


def test_a_row_that_went_missing_comes_back_when_it_is_renewed(shop: PublishingShop) -> None:
    shop.publish(ANN, BOB)
    shop.store.delete_many("recommendations", ["ann#homepage"])
    shop.publish(ANN, BOB, now=NOW + 4 * DAY)
    assert shop.products() == {"ann#homepage": ["milk", "tea"], "bob#homepage": ["tea"]}


@pytest.mark.parametrize("later", [1, 4])
def test_what_the_customer_did_stays_while_the_content_does(shop: PublishingShop, later: int) -> None:
    shop.publish(ANN, BOB)
    shop.store.update_many("recommendations", [{"id": "ann#homepage", "status": "clicked"}])
    shop.publish(ANN, BOB, now=NOW + later * DAY)
    assert shop.items()["ann#homepage"]["status"] == "clicked"


def test_new_content_is_active_again(shop: PublishingShop) -> None:
    shop.publish(ANN)
    shop.store.update_many("recommendations", [{"id": "ann#homepage", "status": "dismissed"}])
    shop.publish(homepage("ann", "jam"), now=NOW + DAY)
    assert shop.items()["ann#homepage"]["status"] == "active"


def test_it_also_stays_when_the_store_has_to_be_read(shop: PublishingShop) -> None:
    shop.publish(ANN)
    shop.store.update_many("recommendations", [{"id": "ann#homepage", "status": "purchased"}])
    shop.store.delete_many("recommendations", [CONTROL])
    assert counts(shop.publish(ANN)) == {"unchanged": 1}
    assert shop.items()["ann#homepage"]["status"] == "purchased"


def test_units_count_the_table_and_the_move_in_the_index(shop: PublishingShop) -> None:
    assert shop.publish(ANN, SIMILAR).units == 3
    page = homepage("bob", *(f"product-{number:02d}" for number in range(20)), score=0.5)
    report = shop.publish(ANN, SIMILAR, page)
    assert 1024 < item_bytes(shop.items()["bob#homepage"]) < 2 * 1024 + 512
    units = write_units(item_bytes(shop.items()["bob#homepage"]))
    assert (report.units, report.units_saved) == (2 * units, 3 + 1)
    assert report.cost(0.5) == {
        "write_units": report.units,
        "write_units_saved": 4,
        "cost_usd": round(report.units * 5e-7, 4),
        "cost_saved_usd": 0.0,
    }
    assert shop.publish(homepage("ann", "tea"), SIMILAR, page[:5]).units == 3 + units + units + 1


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 1000])
def test_chunks_of_any_size_give_the_same_items(shop: PublishingShop, rows: int) -> None:
    lists = [homepage(f"c{number}", *"abcdef"[: number % 6 + 1]) for number in range(20)]
    shop.publish(*lists)
    seen: list[int] = []
    report = shop.publish(*lists, SIMILAR, after_chunk=seen.append, chunk_rows=rows)
    assert counts(report) == {"unchanged": 20, "added": 1}
    assert sum(seen) == 21
