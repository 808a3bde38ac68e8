"""Whoever was forgotten is not stored again, through whichever door, on every kind of store; who registers again is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import Conflict, NotFound
from omnix_cli.protocols.tables import TableStore
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.customers.customer_side import TABLES, CustomerSide
from omnix_cli.services.customers.order_states import OrderEvent
from omnix_cli.services.customers.published_lists import PublishedLists
from omnix_cli.services.privacy.store_items import StoreItems
from omnix_cli.settings import Settings
from omnix_cli.stores.tables.store_tombstones import ALWAYS, NEVER, TABLE, StoreTombstones
from tests.contracts.test_customer_side import NOON, Clock
from tests.memory_store.store import MemoryStore

EARLIER, LATER = "2018-01-10T10:00:00Z", "2018-01-15T12:30:00Z"
ODD = ["zoe", "007", "zoe@example.com", "zoe#1", "Zoë", "Zoe\u0308", "' OR 1=1 --", "*.?[a]%_", "z" * 1_000]


def line(at: str) -> dict[str, Any]:
    return {"productId": "milk", "unitPrice": Decimal(2), "purchaseDate": at}


def order(at: str, name: str = "R-1", customer: str = "zoe") -> OrderEvent:
    items = [{"productId": "milk", "quantity": 1, "unitPrice": 2}]
    return OrderEvent(
        {"id": name, "customerId": customer, "orderDate": at, "updatedAt": at, "status": "completed", "items": items}
    )


def view(at: str | None) -> dict[str, Any]:
    return {"productId": "milk", "interactionType": "view"} | ({"timestamp": at} if at else {})


def forget(store: TableStore, customer: str = "zoe", now: datetime = NOON) -> None:
    StoreItems(store, now=lambda: now, wait=lambda seconds: None).erase(Traces(customer))


def stored(store: TableStore) -> list[dict[str, Any]]:
    """Everything but the tombstones."""
    return [item for table in TABLES if table != TABLE for item in store.scan(table)]


@pytest.fixture
def store(store_of_each_kind: TableStore) -> TableStore:
    store_of_each_kind.create_tables(TABLES)
    return store_of_each_kind


@pytest.fixture
def side(store: TableStore) -> CustomerSide:
    return CustomerSide(store, PublishedLists(store), Settings(), Clock(passed=timedelta(minutes=20)))


def test_no_door_stores_a_forgotten_customer_again(store: TableStore, side: CustomerSide) -> None:
    side.register({"customerId": "zoe"})
    side.add_purchases("zoe", [line(EARLIER)])
    side.apply_orders([order(EARLIER)])
    forget(store)
    assert [one.status for one in side.add_purchases("zoe", [line(EARLIER), line(LATER)])] == ["forgotten"] * 2
    assert [one.status for one in side.apply_orders([order(EARLIER), order(LATER, "R-2")])] == ["forgotten"] * 2
    for at in (EARLIER, None):
        with pytest.raises(Conflict, match="forgotten"):
            side.record_interaction("zoe", view(at))
    with pytest.raises(NotFound):
        side.change_preferences("zoe", {"favoriteCategories": ["Dairy"]})
    with pytest.raises(NotFound):
        side.set_consent("zoe", {"aiAnalysis": True})
    with pytest.raises(NotFound):
        side.give_feedback({"customerId": "zoe", "context": "homepage", "status": "clicked"})
    assert stored(store) == []


def test_others_are_stored_as_ever(store: TableStore, side: CustomerSide) -> None:
    forget(store)
    assert side.add_purchases("zo", [line(EARLIER)])[0].status == "created"
    assert side.apply_orders([order(EARLIER, customer="zoey")])[0].status == "applied"
    assert side.record_interaction("Zoe", view(EARLIER))[1]


def test_a_wrong_document_about_a_forgotten_customer_is_left_out_not_refused(
    store: TableStore, side: CustomerSide
) -> None:
    """A refused message ends in a dead-letter queue, with the customer in it."""
    forget(store)
    wrong = order(EARLIER)
    wrong.document["items"][0]["unitPrice"] = None
    assert [one.status for one in side.apply_orders([wrong])] == ["forgotten"]
    assert [one.status for one in side.add_purchases("zoe", [{"productId": 3}])] == ["forgotten"]


def test_who_registers_again_is_known_from_then_on(store: TableStore, side: CustomerSide) -> None:
    forget(store)
    assert side.register({"customerId": "zoe"}).created
    assert [one.status for one in side.add_purchases("zoe", [line(EARLIER), line(LATER)])] == ["forgotten", "created"]
    statuses = [one.status for one in side.apply_orders([order(EARLIER), order(LATER, "R-2")])]
    assert statuses == ["forgotten", "applied"]
    assert side.record_interaction("zoe", view(LATER))[1]
    with pytest.raises(Conflict, match="forgotten"):
        side.record_interaction("zoe", view(EARLIER))
    assert [item["productId"] for item in side.purchases("zoe").items] == ["milk"] * 2


def test_who_came_back_can_be_forgotten_again(store: TableStore, side: CustomerSide) -> None:
    forget(store)
    side.register({"customerId": "zoe"})
    forget(store)
    assert side.add_purchases("zoe", [line(LATER)])[0].status == "forgotten"
    assert stored(store) == []


@pytest.mark.parametrize("customer", ODD)
def test_the_table_names_nobody(customer: str) -> None:
    store = MemoryStore()
    store.create_tables(TABLES)
    forget(store, customer)
    tombstones = StoreTombstones(store)
    assert tombstones.welcome_from(customer, now=NOON) == NEVER
    assert all(tombstones.welcome_from(one, now=NOON) == ALWAYS for one in ODD if one != customer)
    items = list(store.scan(TABLE))
    assert {frozenset(item) for item in items} == {frozenset(("id", "key")), frozenset(("id", "forgottenAt"))}
    assert customer not in str(items)


WRITES: dict[str, Callable[[CustomerSide], Any]] = {
    "purchases": lambda side: side.add_purchases("zoe", [line(EARLIER)]),
    "orders": lambda side: side.apply_orders([order(EARLIER)]),
    "interactions": lambda side: side.record_interaction("zoe", view(None)),
}


@pytest.mark.parametrize("door", WRITES)
def test_what_was_on_its_way_when_the_customer_was_forgotten_goes_again(
    store: TableStore, side: CustomerSide, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = StoreTombstones.welcome_from, []

    def then_forgotten(self: StoreTombstones, customer: str, *, now: datetime) -> str:
        found = real(self, customer, now=now)
        if not asked:
            forget(store)
        asked.append(customer)
        return found

    monkeypatch.setattr(StoreTombstones, "welcome_from", then_forgotten)
    try:
        (done,) = WRITES[door](side)
        assert done.status == "forgotten"
    except Conflict:
        assert door == "interactions"
    assert stored(store) == [] and len(asked) == 2


def test_a_store_without_the_table_has_forgotten_nobody(store_of_each_kind: TableStore) -> None:
    store_of_each_kind.create_tables([name for name in TABLES if name != TABLE])
    side = CustomerSide(store_of_each_kind, PublishedLists(store_of_each_kind), Settings(), Clock())
    assert side.add_purchases("zoe", [line(EARLIER)])[0].status == "created"
    assert side.register({"customerId": "zoe"}).created


@pytest.mark.parametrize("store_of_each_kind", ["dynamodb"], indirect=True)
def test_where_tables_are_made_on_purpose_a_missing_one_is_told(store_of_each_kind: TableStore) -> None:
    store_of_each_kind.create_tables([name for name in TABLES if name != TABLE])
    items = StoreItems(store_of_each_kind, now=lambda: NOON, wait=lambda seconds: None)
    items.erase(Traces("zoe"))
    assert items.open_doors() == ["forgotten-customers: there is no such table in the store"]
    store_of_each_kind.create_tables([TABLE])
    assert items.open_doors() == []


def test_in_bulk_the_date_decides_too(store: TableStore) -> None:
    tombstones = StoreTombstones(store)
    for customer in ("zoe", "gone"):
        tombstones.bury(customer, key=b"k" * 32, now=NOON)
    tombstones.take_back("zoe", now=NOON + timedelta(minutes=1))
    others = StoreTombstones(store).others()
    early, late = "2018-01-01T00:00:00.000Z", "2018-02-01T00:00:00.000Z"
    items = [
        {"id": f"{customer}-{at}", "customerId": customer, "purchaseDate": at}
        for customer in ("zoe", "gone", "other")
        for at in (early, late)
    ]
    left = [f"zoe-{late}", f"other-{early}", f"other-{late}"]
    assert [item["id"] for item in others.without("purchase-history", items)] == left
    assert others.without_rows("purchase-history", pl.DataFrame(items))["id"].to_list() == left
    orders = [{"id": "R", "customerId": "zoe", "orderDate": early, "changedAt": late}]
    assert others.without("order-states", orders) == [], "an old order that changed since is an old order"
    assert others.without("recommendations", [{"id": "popular#all"}]) == [{"id": "popular#all"}]


def test_a_copy_of_the_table_leaves_a_store_its_own_key(store: TableStore) -> None:
    items = [{"id": "key", "key": "00" * 32}, {"id": "a-hash", "forgottenAt": "2018-01-01T00:00:00.000Z"}]
    assert StoreTombstones(store).others().without(TABLE, items) == items
    StoreTombstones(store).bury("zoe", key=b"k" * 32, now=NOON)
    assert StoreTombstones(store).others().without(TABLE, items) == items[1:]


def test_keys_of_two_stores_may_be_the_same() -> None:
    first, second = MemoryStore(), MemoryStore()
    for store in (first, second):
        StoreTombstones(store).bury("zoe", key=b"k" * 32, now=datetime(2018, 1, 1, tzinfo=UTC))
    assert list(first.scan(TABLE)) == list(second.scan(TABLE))
