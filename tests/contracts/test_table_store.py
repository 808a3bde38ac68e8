"""What every table store promises, run on every implementation."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.tables.specs import TABLES
from tests.aws.accounts import store_maker

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BY_CUSTOMER = "customerId-purchaseDate-index"

MakeStore = Callable[[], TableStore]
"""Opens the same store once more, as another process would."""


DYNAMODB_LOCAL = os.environ.get("TEST_DYNAMODB_LOCAL")
"""The address of a running DynamoDB Local, for whoever has accepted its licence."""
STORES = ["sqlite", "dynamodb-signed", "dynamodb-boto3", *(["dynamodb-local"] if DYNAMODB_LOCAL else [])]


@pytest.fixture(params=STORES)
def make_store(request: pytest.FixtureRequest, tmp_path: Path, aws_environment: None) -> MakeStore:
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "deep" / "store.sqlite")
    if request.param == "dynamodb-local":
        return store_maker(str(DYNAMODB_LOCAL))
    kind = "boto3" if request.param.endswith("boto3") else "signed"
    return store_maker(request.getfixturevalue("ministack"), kind)


@pytest.fixture
def store(make_store: MakeStore) -> Iterator[TableStore]:
    with closing(make_store()) as opened:
        opened.create_tables()
        yield opened


def purchase(number: int, customer: str = "c1", day: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    return {"id": f"p{number:04d}", "customerId": customer, "productId": "milk", "purchaseDate": day, **more}


def ids(items: Any) -> list[str]:
    return [item["id"] for item in items]


def all_pages(store: TableStore, limit: int, **options: Any) -> list[str]:
    found, cursor = [], None
    while True:
        page = store.query("purchase-history", BY_CUSTOMER, "c1", now=NOW, limit=limit, cursor=cursor, **options)
        assert len(page.items) <= limit
        found += ids(page.items)
        cursor = page.cursor
        if cursor is None:
            return found


class TestTables:
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


# DynamoDB numbers have up to 38 digits; JSON integers are kept within 64 bits.
numbers = st.integers(-(2**63), 2**63 - 1) | st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(
    lambda number: len(number.as_tuple().digits) <= 38 and -100 <= number.adjusted() <= 100
)
text = st.text(st.characters(exclude_categories=["Cs"]))
names = text.filter(bool)
values = st.recursive(
    text | numbers | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)
attributes = st.dictionaries(names.filter(lambda name: name not in ("id", "category")), values, max_size=5)


def numbers_in(value: Any) -> list[Any]:
    if isinstance(value, dict | list):
        return [
            number for part in (value.values() if isinstance(value, dict) else value) for number in numbers_in(part)
        ]
    return [value] if isinstance(value, int | float | Decimal) else []


class TestItems:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(items=st.dictionaries(names, attributes, min_size=1, max_size=12))
    def test_nested_items_come_back_as_they_were(self, store: TableStore, items: dict[str, dict[str, Any]]) -> None:
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
        with pytest.raises(ValueError, match="must be a string"):
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
        store.put_many("products", [{"id": "milk"}])
        with closing(make_store()) as other:
            assert ids(other.scan("products")) == ["milk"]
            other.put_many("products", [{"id": "bread"}])
        assert sorted(ids(store.scan("products"))) == ["bread", "milk"]


class TestFrames:
    """A frame is the items that its rows stand for."""

    def test_a_row_is_an_item_and_null_is_absent(self, store: TableStore) -> None:
        offers = [[{"shop": "ann's", "price": Decimal("1.50"), "day": None}, None], []]
        frame = pl.DataFrame(
            {
                "id": ["milk", "tea"],
                "category": ["dairy", None],
                "stock": [3, 2**63 - 1],
                "weight": [Decimal("0.10"), Decimal("12345678901234567890123456789012345.678")],
                "name": ['"Milk", 1 l\n\u2028\\', ""],
                "fresh": [True, None],
                "tags": [["a", None], None],
                "offers": offers,
                "size": [{"width": 1}, {"width": None}],
                "photo": [b"\x00\xff", None],
                "nothing": [None, None],
            }
        )
        assert store.put_many("products", frame) == 2
        assert store.get("products", "milk", now=NOW) == {
            "id": "milk",
            "category": "dairy",
            "stock": 3,
            "weight": Decimal("0.1"),
            "name": '"Milk", 1 l\n\u2028\\',
            "fresh": True,
            "tags": ["a", None],
            "offers": [{"shop": "ann's", "price": Decimal("1.5")}, None],
            "size": {"width": 1},
            "photo": b"\x00\xff",
        }
        assert store.get("products", "tea", now=NOW) == {
            "id": "tea",
            "stock": 2**63 - 1,
            "weight": Decimal("12345678901234567890123456789012345.678"),
            "name": "",
            "offers": [],
            "size": {},
        }
        assert ids(store.query("products", "category-index", "dairy", now=NOW).items) == ["milk"]

    def test_of_two_rows_with_one_key_the_later_stays(self, store: TableStore) -> None:
        frame = pl.DataFrame({"id": ["milk", "tea"] * 300, "stock": range(600)})
        assert store.put_many("products", frame) == 600
        found = {item["id"]: item["stock"] for item in store.scan("products")}
        assert found == {"milk": 598, "tea": 599}

    def test_no_rows_are_no_items(self, store: TableStore) -> None:
        assert (
            store.put_many("products", pl.DataFrame(schema={"id": pl.String, "size": pl.Struct({"a": pl.Int8})})) == 0
        )
        assert list(store.scan("products")) == []

    @pytest.mark.parametrize("price", [0.1, float("nan"), float("inf"), [0.1], {"low": 1.0}])
    def test_a_binary_float_is_refused(self, store: TableStore, price: Any) -> None:
        with pytest.raises(TypeError, match="Decimal"):
            store.put_many("products", pl.DataFrame({"id": ["milk"], "price": [price]}))
        assert list(store.scan("products")) == []

    @pytest.mark.parametrize("columns", [{}, {"id": [""]}, {"id": [3]}, {"id": [None]}, {"category": ["a"]}])
    def test_keys_are_strings_with_something_in_them(self, store: TableStore, columns: dict[str, list[Any]]) -> None:
        with pytest.raises(ValueError, match="must be a string"):
            store.put_many("products", pl.DataFrame({"name": ["Milk"], **columns}))


class TestUpdate:
    def test_sets_what_is_given_and_leaves_the_rest(self, store: TableStore) -> None:
        store.put_many("products", [{"id": "milk", "category": "dairy", "price": Decimal("1.10"), "stock": 3}])
        assert store.update_many("products", [{"id": "milk", "category": "drinks", "stock": 4}]) == []
        updated = {"id": "milk", "category": "drinks", "price": Decimal("1.10"), "stock": 4}
        assert store.query("products", "category-index", "drinks", now=NOW).items == [updated]
        assert store.query("products", "category-index", "dairy", now=NOW).items == []

    def test_names_what_is_not_there_and_makes_nothing(self, store: TableStore) -> None:
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


class TestConditionalPut:
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


class TestQuery:
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

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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

    def test_an_index_holds_only_items_that_have_its_attributes(self, store: TableStore) -> None:
        shop_list = {"id": "trending#all", "generatedAt": "2026-01-01", "status": "active"}
        undated = {"id": "c1#homepage", "customerId": "c1"}
        store.put_many("recommendations", [shop_list, undated, {**undated, "id": "c1#b", "generatedAt": "2026"}])
        found = store.query("recommendations", "customerId-generatedAt-index", "c1", now=NOW)
        assert ids(found.items) == ["c1#b"]
        assert len(list(store.scan("recommendations"))) == 3


class TestExpiry:
    def put(self, store: TableStore, **ttls: Any) -> None:
        items = [{"id": key, "customerId": "c1", "generatedAt": key, "ttl": ttl} for key, ttl in ttls.items()]
        store.put_many("recommendations", items)

    def test_is_at_the_second_of_the_ttl(self, store: TableStore) -> None:
        self.put(store, soon=int(NOW.timestamp()) + 60)
        assert store.get("recommendations", "soon", now=NOW + timedelta(seconds=59))
        assert store.get("recommendations", "soon", now=NOW + timedelta(seconds=60)) is None

    def test_pages_are_filled_with_what_is_left(self, store: TableStore) -> None:
        second = int(NOW.timestamp())
        self.put(store, **{f"k{number}": second + (60 if number % 3 == 0 else -60) for number in range(12)})
        first = store.query("recommendations", "customerId-generatedAt-index", "c1", now=NOW, limit=3)
        rest = store.query("recommendations", "customerId-generatedAt-index", "c1", now=NOW, cursor=first.cursor)
        assert (ids(first.items), ids(rest.items)) == (["k9", "k6", "k3"], ["k0"])
        assert len(list(store.scan("recommendations"))) == 12

    def test_an_item_without_a_ttl_stays(self, store: TableStore) -> None:
        store.put_many("recommendations", [{"id": "a"}])
        self.put(store, b=Decimal(int(NOW.timestamp()) + 1))
        later = NOW + timedelta(days=10_000)
        assert store.get("recommendations", "a", now=later) == {"id": "a"}
        assert store.get("recommendations", "b", now=later) is None


class TestScan:
    @pytest.mark.parametrize("segments", [1, 3, 8])
    def test_segments_share_the_items_out(self, store: TableStore, segments: int) -> None:
        items = [purchase(number) for number in range(1500)]
        store.put_many("purchase-history", items)
        parts = [ids(store.scan("purchase-history", segment=part, segments=segments)) for part in range(segments)]
        assert sorted(key for part in parts for key in part) == ids(items)
        assert all(parts)

    def test_attributes_choose_what_is_read(self, store: TableStore) -> None:
        store.put_many("products", [{"id": "milk", "stock": 1, "name": "Milk"}, {"id": "tea"}])
        found = sorted(store.scan("products", attributes=("id", "stock")), key=lambda item: item["id"])
        assert found == [{"id": "milk", "stock": 1}, {"id": "tea"}]

    def test_what_is_scanned_may_be_written_meanwhile(self, store: TableStore) -> None:
        store.put_many("purchase-history", [purchase(number) for number in range(1200)])
        seen = []
        for item in store.scan("purchase-history"):
            seen.append(item["id"])
            if len(seen) % 100 == 0:
                store.delete_many("purchase-history", seen[-100:])
        assert sorted(seen) == [f"p{number:04d}" for number in range(1200)]
        assert list(store.scan("purchase-history")) == []
