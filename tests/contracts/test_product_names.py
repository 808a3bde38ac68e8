"""Products found by words of their names, on every kind of store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from omnix_cli.errors import UnavailableError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers import product_names
from omnix_cli.services.customers.product_names import NamedProduct, ProductNames
from tests.contracts.test_customer_side import NOON, published

LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def store(store_of_each_kind: TableStore) -> TableStore:
    store_of_each_kind.create_tables(("recommendations", "products"))
    catalogue = {"m1": "Whole Milk 1 l", "m2": "MILK, condensed", "t1": "Tea", "n1": None, "n2": 7}
    store_of_each_kind.put_many("products", [{"id": one, "name": name} for one, name in catalogue.items()])
    store_of_each_kind.put_many("recommendations", [published("popular#all", ["m2"]), published("zoe#usual", ["jam"])])
    return store_of_each_kind


def found(names: ProductNames, words: str, now: Any = NOON) -> list[str]:
    products = names.find(words, now=now)
    assert products is not None
    return [product.id for product in products]


def finish_reading(names: ProductNames) -> None:
    assert names._reading is not None
    names._reading.result(60)


class Counted:
    """A store that counts how often a whole table is read, and waits for `may_go_on` meanwhile."""

    def __init__(self, store: TableStore) -> None:
        self._store, self.scans, self.may_go_on = store, 0, threading.Event()
        self.may_go_on.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def scan(self, *arguments: Any, **options: Any) -> Iterator[dict[str, Any]]:
        self.scans += 1
        self.may_go_on.wait(60)
        yield from self._store.scan(*arguments, **options)


class Broken(Counted):
    def scan(self, *arguments: Any, **options: Any) -> Iterator[dict[str, Any]]:
        raise UnavailableError("there is no disk")


def test_the_names_of_the_catalogue(store: TableStore) -> None:
    names = ProductNames(store, has_catalogue=True, patience_seconds=60)
    assert found(names, "milk") == ["m2", "m1"], "what is in more lists comes first"
    assert found(names, " MILK  whole ") == ["m1"]
    assert found(names, "m1") == found(names, "") == found(names, "\n") == found(names, "7") == []
    assert names.find("tea", now=NOON) == [NamedProduct("t1", "Tea")]
    assert (names.name("t1", now=NOON), names.name("n1", now=NOON)) == ("Tea", None)


def test_they_are_read_again_after_the_next_run_only(store: TableStore) -> None:
    counted: Any = Counted(store)
    names = ProductNames(counted, has_catalogue=True, patience_seconds=60)
    for _ in range(3):
        assert found(names, "tea", LATER) == ["t1"]
    assert counted.scans == 1
    store.put_many("products", [{"id": "t2", "name": "Tea, green"}])
    store.put_many("recommendations", [published("popular#all", ["m2"], generatedAt="2018-01-16T03:00:00.000Z")])
    counted.may_go_on.clear()
    assert found(names, "tea", LATER) == ["t1"], "nobody waits for the new names"
    counted.may_go_on.set()
    finish_reading(names)
    assert (found(names, "tea", LATER), counted.scans) == (["t1", "t2"], 2)
    found(names, "tea", NOON + timedelta(hours=3))
    finish_reading(names)
    assert counted.scans == 3, "the catalogue may change without a run"


def test_the_first_who_asks_waits_for_a_while_only(store: TableStore) -> None:
    counted: Any = Counted(store)
    counted.may_go_on.clear()
    names = ProductNames(counted, has_catalogue=True, patience_seconds=0.05)
    assert names.find("tea", now=NOON) is None
    assert names.name("t1", now=NOON) is None
    counted.may_go_on.set()
    finish_reading(names)
    assert found(names, "tea") == ["t1"]


def test_a_store_that_cannot_be_read_says_so(store: TableStore) -> None:
    broken: Any = Broken(store)
    with pytest.raises(UnavailableError):
        ProductNames(broken, has_catalogue=True, patience_seconds=60).find("tea", now=NOON)


def test_there_is_a_bound(store: TableStore, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ProductNames(store, has_catalogue=True, most=1, patience_seconds=60)
    assert found(names, "i") + found(names, "tea") == ["m2"]
    monkeypatch.setattr(product_names, "MOST_FOUND", 1)
    assert len(found(ProductNames(store, has_catalogue=True, patience_seconds=60), "milk")) == 1


def test_without_a_catalogue_they_are_those_of_the_published_lists(store: TableStore) -> None:
    store.put_many("recommendations", [published("similar#x", ["jam"]), published("similar#y", ["tea", "jam"])])
    names = ProductNames(store, patience_seconds=60)
    assert found(names, "m2") == ["m2"]
    expected = [] if store.traits.bills_capacity else ["jam"]
    assert found(names, "jam") == expected, "a store that bills what is read is not read as a whole"
