"""The items of a customer are found and erased in every kind of store: by key and by index, never by a scan."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import UnavailableError
from omnix_cli.protocols.tables import Page, TableStore
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.store_items import TABLE_NAMES, StoreItems
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.left_behind import naming
from tests.memory_store.store import MemoryStore

NOW = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)
ZOE, OTHER = "zoe-4711", "zoe-47110"


@pytest.fixture
def store(store_of_each_kind: TableStore) -> TableStore:
    store_of_each_kind.create_tables(TABLE_NAMES)
    fill(store_of_each_kind)
    return store_of_each_kind


def fill(store: TableStore) -> None:
    for customer, lines in ((ZOE, 620), (OTHER, 3)):
        store.put_many("customer-profiles", [{"customerId": customer, "version": 1, "updatedAt": "2018"}])
        day = "2018-01-{:02}T10:00:00.000Z"
        store.put_many(
            "purchase-history",
            [
                {
                    "id": f"{hash(customer)}-{n}",
                    "customerId": customer,
                    "productId": "milk",
                    "totalPrice": Decimal("2.50"),
                }
                | {"purchaseDate": day.format(n % 28 + 1)}
                for n in range(lines)
            ],
        )
        order = {"id": f"R-{hash(customer)}", "customerId": customer, "changedAt": day.format(2), "version": 1}
        store.put_many("order-states", [order])
        seen = {"productId": "milk", "interactionType": "view", "timestamp": day.format(3)}
        store.put_many(
            "product-interactions",
            [{"id": f"{hash(customer)}-i", "customerId": customer, **seen, "ttl": 1_000}],  # it expired long ago
        )
        lists: list[dict[str, Any]] = [
            {"id": f"{customer}#homepage", "customerId": customer, "generatedAt": day.format(9), "ttl": 2_000_000_000},
            {"id": f"{customer}#usual"},  # written by something that left the attributes of the index out
        ]
        store.put_many("recommendations", lists)
    store.put_many("recommendations", [{"id": "popular#all", "generatedAt": "2018"}])


def counts(store: TableStore, customer: str) -> int:
    return sum(1 for _ in StoreItems(store).pieces(Traces(customer)))


def test_all_items_of_a_customer_are_shown_with_their_table(store: TableStore) -> None:
    found = list(StoreItems(store).pieces(Traces(ZOE)))
    assert len(found) == 1 + 1 + 620 + 1 + 2
    assert {piece.where for piece in found} == {f"table {store.address(name)}" for name in TABLE_NAMES}


def test_all_are_erased_and_no_others(store: TableStore) -> None:
    assert StoreItems(store, wait=lambda seconds: None).erase(Traces(ZOE)) == 625
    assert (counts(store, ZOE), counts(store, OTHER)) == (0, 8)
    assert StoreItems(store).erase(Traces(ZOE)) == 0
    assert next(store.get_many("recommendations", ["popular#all"]))["id"] == "popular#all"


@pytest.mark.parametrize("store_of_each_kind", ["sqlite", "dynamodb"], indirect=True)
def test_no_table_is_scanned(store: TableStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("a scan")

    monkeypatch.setattr(type(store), "scan", never)
    assert StoreItems(store, wait=lambda seconds: None).erase(Traces(ZOE)) == 625


def test_no_byte_of_a_file_is_left(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "store.sqlite")) as store:
        store.create_tables(TABLE_NAMES)
        fill(store)
        store.put_many("customer-profiles", [{"customerId": ZOE, "note": "x" * 9_000}])
        store.delete_many("customer-profiles", [OTHER])
        assert naming(tmp_path, ZOE)
        StoreItems(store).erase(Traces(ZOE))
        assert naming(tmp_path, "zoe-4711#") == [] and naming(tmp_path, f'"{ZOE}"') == []


def test_what_another_process_reads_is_waited_for(tmp_path: Path) -> None:
    import sqlite3

    with closing(SqliteStore(tmp_path / "store.sqlite", busy_seconds=0.1)) as store:
        store.create_tables(TABLE_NAMES)
        fill(store)
        with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute('SELECT count(*) FROM "omnix-ai-customer-profiles-dev"').fetchone()
            with pytest.raises(UnavailableError):
                StoreItems(store).erase(Traces(ZOE))
        StoreItems(store).erase(Traces(ZOE))
    assert naming(tmp_path, f'"{ZOE}"') == []


def test_an_index_that_lags_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store, waits = MemoryStore(), list[float]()
    store.create_tables(TABLE_NAMES)
    fill(store)
    real, stale = MemoryStore.query, [{"id": "gone", "customerId": ZOE}]

    def lags(self: MemoryStore, table: str, *arguments: Any, **options: Any) -> Page:
        if table == "purchase-history" and len(waits) < 3:
            return Page(stale, None)
        return real(self, table, *arguments, **options)

    monkeypatch.setattr(MemoryStore, "query", lags)
    StoreItems(store, wait=waits.append).erase(Traces(ZOE))
    assert len(waits) >= 3 and counts(store, ZOE) == 0
    monkeypatch.setattr(MemoryStore, "query", lambda self, table, *a, **o: Page(stale, None))
    with pytest.raises(UnavailableError, match="still shows"):
        StoreItems(store, wait=lambda seconds: None).erase(Traces(ZOE))
