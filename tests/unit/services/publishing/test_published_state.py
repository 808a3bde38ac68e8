"""What the store holds: known from the receipts, or read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnix_cli.services.publishing.drift import Tolerance
from omnix_cli.services.publishing.leases import read_control
from omnix_cli.services.publishing.list_items import content_hash, content_of
from omnix_cli.services.publishing.published_state import keep_receipts, published_day, published_state
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.unit.services.publishing.publishing_shop import (
    ANN,
    BOB,
    DAY,
    NOW,
    SETTINGS,
    SIMILAR,
    PublishingShop,
    counts,
    entries,
    homepage,
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
    assert first == again == keep_receipts(receipts, shop.checkpoints, {}, Tolerance.of(SETTINGS))


def tampered(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda item: {name: value for name, value in {**item, **changes}.items() if value is not None}


def with_entry(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(item: dict[str, Any]) -> dict[str, Any]:
        first, *others = item["recommendations"]
        return {**item, "recommendations": [{**first, **changes}, *others]}

    return change


TAMPERED = {
    "no entries": tampered(recommendations=[]),
    "other products": with_entry(productId="other"),
    "another score": with_entry(score=Decimal("0.8001")),
    "an entry with more": with_entry(note="x"),
    "no customer": tampered(customerId=None),
    "another context": tampered(context="product_page"),
    "gone by tomorrow": tampered(ttl=1),
    "no expiry": tampered(ttl=None),
    "no times": tampered(generatedAt=None),
    "times that are none": tampered(expiresAt="soon"),
    "times without a zone": tampered(expiresAt="2030-01-01"),
    "not a list": tampered(recommendations="none"),
    "entries that are none": tampered(recommendations=[1]),
    "a hash that is none": tampered(contentHash=7),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_an_item_that_another_program_changed_is_written_again(shop: PublishingShop, what: str) -> None:
    shop.publish(ANN, BOB)
    before = shop.items()
    shop.store.put_many("recommendations", [TAMPERED[what](before["bob#homepage"])])
    report = shop.publish(ANN, BOB, force=True)
    assert counts(report) == {"changed": 1, "unchanged": 1}
    again = shop.items()
    assert again.pop("bob#homepage") == {**before.pop("bob#homepage"), "runId": "run-2"}
    assert again == before


def test_what_the_verification_finds_the_next_publish_repairs(shop: PublishingShop) -> None:
    """Its content hash says that nothing has changed."""
    shop.publish(ANN, BOB)
    item = shop.items()["bob#homepage"]
    shop.store.put_many("recommendations", [{**item, "recommendations": []}])
    found = shop.publish(ANN, BOB, homepage("cid", "jam"))
    assert found.incomplete == "1 of 3 items differ: bob#homepage"
    repaired = shop.publish(ANN, BOB, homepage("cid", "jam"))
    assert (repaired.incomplete, counts(repaired)) == ("", {"changed": 1, "unchanged": 2})
    assert shop.products()["bob#homepage"] == ["tea"]


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
numbers = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 0.00005, 0.00015, 0.1, 1 / 3])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    products=st.lists(texts, min_size=1, max_size=3, unique=True),
    reason=texts,
    tags=st.lists(texts, max_size=2),
    score=numbers,
    confidence=numbers,
    due=st.none() | st.dates(date(1990, 1, 1), date(2199, 1, 1)),
)
def test_what_was_written_has_its_own_hash(
    shop: PublishingShop,
    products: list[str],
    reason: str,
    tags: list[str],
    score: float,
    confidence: float,
    due: date | None,
) -> None:
    columns = {"reason": reason, "tags": tags, "score": score, "confidence": confidence, "predicted_date": due}
    own = homepage("ann", *products, **columns, urgency="upcoming" if due else None)
    shop.publish(own, entries("similar#milk", "similar", *products, score=score, confidence=confidence))
    assert all(item["contentHash"] == content_hash(content_of(item)) for item in shop.items().values())
