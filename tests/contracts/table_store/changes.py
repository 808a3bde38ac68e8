"""Changing items that are stored, and changing them on a condition."""

from __future__ import annotations

import threading
from contextlib import closing
from decimal import Decimal

import pytest

from omnix_cli.protocols.tables import TableStore
from tests.contracts.table_store.examples import NOW, MakeStore


class UpdatesItems:
    """Some attributes of an item change and the others stay."""

    def test_an_update_sets_what_is_given_and_leaves_the_rest(self, store: TableStore) -> None:
        store.put_many("products", [{"id": "milk", "category": "dairy", "price": Decimal("1.10"), "stock": 3}])
        assert store.update_many("products", [{"id": "milk", "category": "drinks", "stock": 4}]) == []
        updated = {"id": "milk", "category": "drinks", "price": Decimal("1.10"), "stock": 4}
        assert store.query("products", "category-index", "drinks", now=NOW).items == [updated]
        assert store.query("products", "category-index", "dairy", now=NOW).items == []

    def test_an_update_names_what_is_not_there_and_makes_nothing(self, store: TableStore) -> None:
        store.put_many("products", [{"id": "milk"}])
        changes = [{"id": name, "stock": 1} for name in ("bread", "milk", "tea")]
        assert store.update_many("products", changes) == ["bread", "tea"]
        assert list(store.scan("products")) == [{"id": "milk", "stock": 1}]

    def test_changes_of_one_item_apply_in_their_order(self, store: TableStore) -> None:
        store.put_many("products", [{"id": "milk"}])
        changes = [{"id": "milk", "stock": number, f"seen{number}": True} for number in range(20)]
        assert store.update_many("products", changes) == []
        found = store.get("products", "milk", now=NOW)
        assert found == {"id": "milk", "stock": 19, **{f"seen{number}": True for number in range(20)}}

    def test_a_change_of_nothing_tells_whether_the_item_is_there(self, store: TableStore) -> None:
        store.put_many("products", [{"id": "milk"}])
        assert store.update_many("products", [{"id": "milk"}, {"id": "tea"}]) == ["tea"]
        assert list(store.scan("products")) == [{"id": "milk"}]

    def test_an_index_attribute_must_stay_one(self, store: TableStore) -> None:
        store.put_many("products", [{"id": "milk", "category": "Dairy"}])
        with pytest.raises(ValueError, match="category"):
            store.update_many("products", [{"id": "milk", "category": 1}])
        assert list(store.scan("products")) == [{"id": "milk", "category": "Dairy"}]


class PutsOnCondition:
    """Of several writers one wins."""

    def test_none_expected_means_only_when_there_is_none(self, store: TableStore) -> None:
        assert store.put_if("customer-profiles", {"customerId": "c1", "version": 1}, expected=None)
        assert not store.put_if("customer-profiles", {"customerId": "c1", "version": 9}, expected=None)
        assert store.get("customer-profiles", "c1", now=NOW) == {"customerId": "c1", "version": 1}

    def test_expected_values_must_all_be_there(self, store: TableStore) -> None:
        store.put_many("customer-profiles", [{"customerId": "c1", "version": 1, "gender": "f"}])
        following = {"customerId": "c1", "version": 2}
        assert not store.put_if("customer-profiles", following, expected={"version": 2})
        assert not store.put_if("customer-profiles", following, expected={"version": 1, "gender": "m"})
        assert not store.put_if("customer-profiles", {**following, "customerId": "c2"}, expected={"version": 1})
        assert store.put_if("customer-profiles", following, expected={"version": 1, "gender": "f"})
        assert list(store.scan("customer-profiles")) == [following]

    def test_of_racing_writers_each_step_has_one_winner(self, store: TableStore, make_store: MakeStore) -> None:
        rounds, writers = 20, 4
        store.put_many("customer-profiles", [{"customerId": "c1", "version": 0, "writer": -1}])
        won: list[tuple[int, int]] = []
        together = threading.Barrier(writers)

        def race(writer: int) -> None:
            with closing(make_store()) as own:
                for version in range(rounds):
                    together.wait(timeout=30)
                    item = {"customerId": "c1", "version": version + 1, "writer": writer}
                    if own.put_if("customer-profiles", item, expected={"version": version}):
                        won.append((version, writer))

        threads = [threading.Thread(target=race, args=(writer,)) for writer in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert [version for version, _ in won] == list(range(rounds))
        assert store.get("customer-profiles", "c1", now=NOW) == {
            "customerId": "c1",
            "version": rounds,
            "writer": won[-1][1],
        }
