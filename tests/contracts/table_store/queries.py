"""Pages of an index, and items that have expired."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.tables import TableStore
from tests.contracts.table_store.examples import BY_CUSTOMER, NOW, all_pages, any_items, ids, purchase


class AnswersQueries:
    """Pages of an index hold every item once."""

    def test_newest_first_or_oldest_first_by_range(self, store: TableStore) -> None:
        days = ["2026-01-03", "2026-01-01", "2026-01-02"]
        store.put_many("purchase-history", [purchase(number, day=day) for number, day in enumerate(days)])
        store.put_many("purchase-history", [purchase(9, customer="c2")])
        newest = ["p0000", "p0002", "p0001"]
        assert all_pages(store, 50) == newest
        assert all_pages(store, 50, newest_first=False) == newest[::-1]

    def test_strings_are_compared_by_their_utf8_bytes(self, store: TableStore) -> None:
        days = ["Z", "a", "é", "￿", "😀", "10", "9"]
        store.put_many("purchase-history", [purchase(number, day=day) for number, day in enumerate(days)])
        page = store.query("purchase-history", BY_CUSTOMER, "c1", now=NOW, newest_first=False)
        assert [item["purchaseDate"] for item in page.items] == ["10", "9", "Z", "a", "é", "￿", "😀"]

    @any_items
    @given(days=st.lists(st.sampled_from("abc"), max_size=25), limit=st.integers(1, 30), newest_first=st.booleans())
    def test_pages_give_every_item_exactly_once(
        self, store: TableStore, days: list[str], limit: int, newest_first: bool
    ) -> None:
        store.delete_many("purchase-history", ids(list(store.scan("purchase-history"))))
        store.put_many("purchase-history", [purchase(number, day=day) for number, day in enumerate(days)])
        found = all_pages(store, limit, newest_first=newest_first)
        assert sorted(found) == [f"p{number:04d}" for number in range(len(days))]
        assert [days[int(key[1:])] for key in found] == sorted(days, reverse=newest_first)

    def test_a_cursor_is_steady_while_items_come_and_go(self, store: TableStore) -> None:
        store.put_many("purchase-history", [purchase(number, day=f"2026-01-{number:02d}") for number in range(1, 11)])
        first = store.query("purchase-history", BY_CUSTOMER, "c1", now=NOW, limit=4)
        store.put_many("purchase-history", [purchase(99, day="2026-02-01"), purchase(98, day="2026-01-07")])
        store.delete_many("purchase-history", ["p0007"])
        rest = store.query("purchase-history", BY_CUSTOMER, "c1", now=NOW, cursor=first.cursor)
        assert ids(first.items) == ["p0010", "p0009", "p0008", "p0007"]
        assert [key for key in ids(rest.items) if key != "p0098"] == [f"p{number:04d}" for number in range(6, 0, -1)]

    @pytest.mark.parametrize("limit", [0, -1, 501])
    def test_the_limit_is_bounded(self, store: TableStore, limit: int) -> None:
        with pytest.raises(ConfigError, match="limit"):
            store.query("purchase-history", BY_CUSTOMER, "c1", now=NOW, limit=limit)

    @pytest.mark.parametrize("cursor", ["", "nonsense", "W10=", "eyJhIjoxfQ=="])
    def test_a_cursor_from_elsewhere_is_refused(self, store: TableStore, cursor: str) -> None:
        with pytest.raises(ConfigError, match="cursor"):
            store.query("purchase-history", BY_CUSTOMER, "c1", now=NOW, cursor=cursor)

    def test_a_cursor_of_another_query_is_refused(self, store: TableStore) -> None:
        others = [{**purchase(number), "customerId": "c2"} for number in range(3, 6)]
        store.put_many("purchase-history", [*(purchase(number) for number in range(3)), *others])
        page = store.query("purchase-history", BY_CUSTOMER, "c1", now=NOW, limit=1)
        with pytest.raises(ConfigError, match="cursor"):
            store.query("purchase-history", BY_CUSTOMER, "c2", now=NOW, cursor=page.cursor)

    def test_an_index_holds_only_items_that_have_its_attributes(self, store: TableStore) -> None:
        shop_list = {"id": "trending#all", "generatedAt": "2026-01-01", "status": "active"}
        undated = {"id": "c1#homepage", "customerId": "c1"}
        store.put_many("recommendations", [shop_list, undated, {**undated, "id": "c1#b", "generatedAt": "2026"}])
        found = store.query("recommendations", "customerId-generatedAt-index", "c1", now=NOW)
        assert ids(found.items) == ["c1#b"]
        assert len(list(store.scan("recommendations"))) == 3


class HidesExpired:
    """Reads skip items that have expired."""

    def put_expiring(self, store: TableStore, **ttls: Any) -> None:
        items = [{"id": key, "customerId": "c1", "generatedAt": key, "ttl": ttl} for key, ttl in ttls.items()]
        store.put_many("recommendations", items)

    def test_expiry_is_at_the_second_of_the_ttl(self, store: TableStore) -> None:
        self.put_expiring(store, soon=int(NOW.timestamp()) + 60)
        assert store.get("recommendations", "soon", now=NOW + timedelta(seconds=59))
        assert store.get("recommendations", "soon", now=NOW + timedelta(seconds=60)) is None

    def test_pages_are_filled_with_what_is_left(self, store: TableStore) -> None:
        second = int(NOW.timestamp())
        self.put_expiring(store, **{f"k{number}": second + (60 if number % 3 == 0 else -60) for number in range(12)})
        first = store.query("recommendations", "customerId-generatedAt-index", "c1", now=NOW, limit=3)
        rest = store.query("recommendations", "customerId-generatedAt-index", "c1", now=NOW, cursor=first.cursor)
        assert (ids(first.items), ids(rest.items)) == (["k9", "k6", "k3"], ["k0"])
        assert len(list(store.scan("recommendations"))) == 12

    def test_an_item_without_a_ttl_stays(self, store: TableStore) -> None:
        store.put_many("recommendations", [{"id": "a"}])
        self.put_expiring(store, b=Decimal(int(NOW.timestamp()) + 1))
        later = NOW + timedelta(days=10_000)
        assert store.get("recommendations", "a", now=later) == {"id": "a"}
        assert store.get("recommendations", "b", now=later) is None
