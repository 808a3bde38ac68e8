"""Creating tables, and putting, reading and deleting items."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.tables.specs import TABLES
from tests.contracts.table_store.examples import (
    BY_CUSTOMER,
    NOW,
    MakeStore,
    any_items,
    attributes,
    ids,
    names,
    names_in,
    numbers_in,
    purchase,
)


class CreatesTables:
    """Tables exist once they were created."""

    def test_a_new_store_has_none_until_they_are_created(self, make_store: MakeStore) -> None:
        with closing(make_store()) as store:
            assert store.missing_tables() == list(TABLES)
            assert store.create_tables() == list(TABLES)
            assert store.create_tables() == []
            assert store.missing_tables() == []

    def test_reading_what_was_never_created_is_a_configuration_error(self, make_store: MakeStore) -> None:
        with closing(make_store()) as store:
            for read in (
                lambda: store.get("recommendations", "c1#homepage", now=NOW),
                lambda: store.query("purchase-history", BY_CUSTOMER, "c1", now=NOW),
                lambda: list(store.scan("products")),
                lambda: store.put_many("products", [{"id": "milk"}]),
            ):
                with pytest.raises(ConfigError) as caught:
                    read()
                assert caught.value.hint
            assert store.missing_tables() == list(TABLES)


class KeepsItems:
    """An item comes back as it was put."""

    is_shared: bool
    lost_names: frozenset[str] = frozenset()
    """Names of attributes that it cannot keep."""

    @any_items
    @given(items=st.dictionaries(names, attributes, min_size=1, max_size=12))
    def test_nested_items_come_back_as_they_were(self, store: TableStore, items: dict[str, dict[str, Any]]) -> None:
        assume(self.lost_names.isdisjoint(names_in(items)))
        stored = {key: {**item, "id": key} for key, item in items.items()}
        store.put_many("products", stored.values())
        found = {item["id"]: item for item in store.scan("products")}
        store.delete_many("products", stored)
        assert found == stored
        assert all(type(number) in (int, bool, Decimal) for number in numbers_in(found))

    @pytest.mark.parametrize("written", ["3.50", "0.1", "1E+3", "3", "-0.00", "123456789012345678.123456789"])
    def test_a_decimal_keeps_its_value_exactly(self, store: TableStore, written: str) -> None:
        store.put_many("products", [{"id": "milk", "price": Decimal(written)}])
        found = store.get("products", "milk", now=NOW)
        assert found is not None
        assert found["price"] == Decimal(written)
        assert isinstance(found["price"], int | Decimal)

    @pytest.mark.parametrize("price", [0.1, [0.1], {"now": {"low": 1.0}}])
    def test_a_binary_float_is_refused(self, store: TableStore, price: Any) -> None:
        with pytest.raises(TypeError, match="Decimal"):
            store.put_many("products", [{"id": "milk", "price": price}])
        assert list(store.scan("products")) == []

    @pytest.mark.parametrize("price", [Decimal("NaN"), Decimal("-Infinity")])
    def test_what_is_no_number_is_refused(self, store: TableStore, price: Decimal) -> None:
        with pytest.raises((TypeError, ValueError)):
            store.put_many("products", [{"id": "milk", "price": price}])

    @pytest.mark.parametrize(
        "item", [{}, {"id": ""}, {"id": 3}, {"id": "a", "category": ""}, {"id": "a", "category": 1}]
    )
    def test_keys_are_strings_with_something_in_them(self, store: TableStore, item: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="must be a non-empty string"):
            store.put_many("products", [item])

    def test_a_put_replaces_the_whole_item(self, store: TableStore) -> None:
        store.put_many("products", [{"id": "milk", "category": "dairy", "stock": 3}])
        store.put_many("products", [{"id": "milk", "name": "Milk"}])
        assert store.get("products", "milk", now=NOW) == {"id": "milk", "name": "Milk"}
        assert store.query("products", "category-index", "dairy", now=NOW).items == []

    def test_of_two_items_with_one_key_the_later_stays(self, store: TableStore) -> None:
        assert store.put_many("products", [{"id": "milk", "stock": 1}, {"id": "milk", "stock": 2}]) == 2
        assert list(store.scan("products")) == [{"id": "milk", "stock": 2}]

    def test_putting_twice_is_putting_once(self, store: TableStore) -> None:
        items = [purchase(number, customer=f"c{number % 7}") for number in range(200)]
        store.put_many("purchase-history", items)
        store.put_many("purchase-history", iter(items))
        assert sorted(store.scan("purchase-history"), key=lambda item: item["id"]) == items

    def test_deleting_twice_is_deleting_once(self, store: TableStore) -> None:
        store.put_many("purchase-history", [purchase(1), purchase(2)])
        assert store.delete_many("purchase-history", ["p0001", "nothing"]) == 2
        store.delete_many("purchase-history", ["p0001"])
        assert ids(store.scan("purchase-history")) == ["p0002"]
        assert store.get("purchase-history", "p0001", now=NOW) is None

    def test_tables_are_apart(self, store: TableStore) -> None:
        store.put_many("products", [{"id": "same"}])
        store.put_many("purchase-history", [{**purchase(1), "id": "same"}])
        store.delete_many("products", ["same"])
        assert ids(store.scan("purchase-history")) == ["same"]

    def test_another_opening_sees_what_was_written(self, store: TableStore, make_store: MakeStore) -> None:
        if not self.is_shared:
            return
        store.put_many("products", [{"id": "milk"}])
        with closing(make_store()) as other:
            assert ids(other.scan("products")) == ["milk"]
            other.put_many("products", [{"id": "bread"}])
        assert sorted(ids(store.scan("products"))) == ["bread", "milk"]
