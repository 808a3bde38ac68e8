from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.lookups.published import for_customer, seasonal, similar, trending
from omnix_cli.stores.sqlite.store import SqliteStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def item(key: str, kind: str, *products: str, **more: Any) -> dict[str, Any]:
    return {
        "id": key,
        "recommendations": [{"productId": product, "rank": rank} for rank, product in enumerate(products, 1)],
        "algorithmType": kind,
        "confidence": Decimal("0.42"),
        "generatedAt": "2026-02-28T00:00:00.000Z",
        "expiresAt": "2026-03-02T00:00:00.000Z",
        "ttl": int((NOW + timedelta(days=1)).timestamp()),
        "status": "active",
        **more,
    }


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TableStore]:
    with closing(SqliteStore(tmp_path / "store.sqlite")) as store:
        store.create_tables()
        items = [
            item("ann#homepage", "personal", "milk", "tea", "jam", customerId="ann"),
            item("ann#replenishment", "replenishment", "milk", customerId="ann"),
            item("popular#all", "popular", "bread", "eggs"),
            item("similar#milk", "similar", "cream"),
            item("trending#all", "trending", "salad"),
            item("seasonal#summer", "seasonal", "ice"),
            item("seasonal#autumn", "seasonal", "pumpkin"),
        ]
        store.put_many("recommendations", items)
        yield store


def products(found: Any) -> list[str]:
    return [entry["productId"] for entry in found.items]


def test_a_customer_gets_the_own_list(store: TableStore) -> None:
    found = for_customer(store, "ann", limit=2, now=NOW)
    assert found is not None
    assert products(found) == ["milk", "tea"]
    assert (found.algorithm, found.confidence, found.fallback, found.status) == ("personal", 0.42, False, "active")
    assert products(for_customer(store, "ann", context="replenishment", now=NOW)) == ["milk"]


def test_an_unknown_customer_gets_the_popular_products_labelled_so(store: TableStore) -> None:
    found = for_customer(store, "nobody", now=NOW)
    assert found is not None
    assert products(found) == ["bread", "eggs"]
    assert (found.algorithm, found.fallback) == ("popular", True)
    assert "Popular" in found.reason


def test_nothing_is_due_for_an_unknown_customer(store: TableStore) -> None:
    assert for_customer(store, "nobody", context="replenishment", now=NOW) is None


def test_an_expired_list_is_not_shown(store: TableStore) -> None:
    assert for_customer(store, "ann", now=NOW + timedelta(days=2)) is None


def test_a_context_that_is_none_is_refused(store: TableStore) -> None:
    with pytest.raises(ConfigError, match="garden"):
        for_customer(store, "ann", context="garden", now=NOW)


def test_the_lists_of_the_shop(store: TableStore) -> None:
    assert products(similar(store, "milk", now=NOW)) == ["cream"]
    assert similar(store, "unheard", now=NOW) is None
    assert products(trending(store, now=NOW)) == ["salad"]


@pytest.mark.parametrize(
    ("season", "today", "hemisphere", "expected"),
    [
        ("current", date(2026, 7, 1), "northern", "ice"),
        ("current", date(2026, 1, 1), "southern", "ice"),
        ("current", date(2026, 3, 1), "southern", "pumpkin"),
        ("autumn", date(2026, 7, 1), "northern", "pumpkin"),
    ],
)
def test_the_season_is_the_current_one_or_the_one_asked_for(
    store: TableStore, season: str, today: date, hemisphere: Any, expected: str
) -> None:
    assert products(seasonal(store, season, today=today, hemisphere=hemisphere, now=NOW)) == [expected]


def test_a_season_that_is_none_is_refused(store: TableStore) -> None:
    with pytest.raises(ConfigError, match="monsoon"):
        seasonal(store, "monsoon", today=date(2026, 7, 1), hemisphere="northern", now=NOW)


def test_reading_writes_nothing(store: TableStore) -> None:
    before = list(store.scan("recommendations"))
    for_customer(store, "nobody", now=NOW)
    similar(store, "milk", now=NOW)
    assert list(store.scan("recommendations")) == before
