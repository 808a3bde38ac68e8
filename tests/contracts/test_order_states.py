"""Order documents end in the same purchase rows, however they come, on every kind of store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnix_cli.errors import UnavailableError
from omnix_cli.json_records.order_records import order_document
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers import order_states
from omnix_cli.services.customers.order_rows import order_rows
from omnix_cli.services.customers.order_states import Applied, OrderEvent, apply_orders
from omnix_cli.services.migrations.left_out import LeftOut
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE, purchase_items
from tests.aws.accounts import store_maker
from tests.importing import NOW, current_rows, imported, importer
from tests.memory_store.store import MemoryStore

MILK = {"productId": "milk", "quantity": 2, "unitPrice": 1.1}
TEA = {"productId": "tea", "quantity": 1, "unitPrice": 4, "wasOnSale": True}
ORDER = {"id": "R-1", "customerId": "zoe", "orderDate": "2020-05-01T10:00:00Z", "items": [MILK, TEA]}
NUMBERS = count()


def order(minute: int | None, status: str = "completed", **fields: Any) -> dict[str, Any]:
    changed = {} if minute is None else {"updatedAt": f"2020-05-02T10:{minute:02}:00Z"}
    return {**ORDER, "status": status, **changed, **fields}


def applied(store: TableStore, *documents: Any, sent_at: datetime | None = None) -> list[Applied]:
    return list(apply_orders(store, [OrderEvent(one, sent_at) for one in documents], now=NOW))


def rows(store: TableStore, order_id: str = "R-1") -> dict[str, Any]:
    """The quantity of each product of an order."""
    items = store.scan(PURCHASE_TABLE)
    return {item["productId"]: item["quantity"] for item in items if item.get("orderId") == order_id}


@pytest.fixture
def store(store_of_each_kind: TableStore) -> TableStore:
    store_of_each_kind.create_tables((order_states.TABLE, PURCHASE_TABLE))
    return store_of_each_kind


class TestOneOrder:
    def test_each_line_is_a_purchase_of_the_day_of_the_order(self, store: TableStore) -> None:
        (found,) = applied(store, order(0, storeLocation="North", total=6.2, channel="app"))
        assert found == Applied(0, "applied", "R-1", 2)
        assert store.get(PURCHASE_TABLE, "##R-1#tea", now=NOW) == {
            "id": "##R-1#tea",
            "customerId": "zoe",
            "productId": "tea",
            "orderId": "R-1",
            "purchaseDate": "2020-05-01T10:00:00.000Z",
            "quantity": 1,
            "unitPrice": Decimal(4),
            "totalPrice": Decimal(4),
            "storeLocation": "North",
            "promotionUsed": True,
        }

    def test_the_same_again_changes_nothing(self, store: TableStore) -> None:
        applied(store, order(0))
        before = sorted(store.scan(PURCHASE_TABLE), key=str), list(store.scan(order_states.TABLE))
        assert [one.status for one in applied(store, order(0), order(0))] == ["unchanged"] * 2
        assert (sorted(store.scan(PURCHASE_TABLE), key=str), list(store.scan(order_states.TABLE))) == before

    def test_a_change_replaces_and_a_late_document_does_not(self, store: TableStore) -> None:
        applied(store, order(5, items=[MILK | {"quantity": 3}]))
        assert [one.status for one in applied(store, order(4))] == ["older"]
        assert rows(store) == {"milk": 3}

    def test_a_cancelled_order_has_no_purchases(self, store: TableStore) -> None:
        applied(store, order(0), order(1, "Canceled", items=None))
        assert rows(store) == {}
        applied(store, order(0))
        assert rows(store) == {}
        applied(store, order(2))
        assert rows(store) == {"milk": 2, "tea": 1}, "it was placed again"

    @pytest.mark.parametrize("status", ["pending", "refunded"])
    def test_only_completed_orders_have_purchases(self, store: TableStore, status: str) -> None:
        applied(store, order(0, status))
        assert rows(store) == {}
        applied(store, order(1), order(2, status))
        assert rows(store) == {}

    def test_an_order_can_move_to_another_customer(self, store: TableStore) -> None:
        applied(store, order(0, customerId="guest"), order(1))
        assert {item["customerId"] for item in store.scan(PURCHASE_TABLE)} == {"zoe"}

    def test_a_cancellation_takes_out_what_was_imported(self, store: TableStore) -> None:
        imported_rows = order_rows([order_document(order(0))], now=NOW, timezone="UTC")[0].items
        store.put_many(PURCHASE_TABLE, [*imported_rows, {**imported_rows[0], "id": "own", "orderId": "R-2"}])
        applied(store, order(1, "cancelled", items=[]))
        assert [item["id"] for item in store.scan(PURCHASE_TABLE)] == ["own"]

    def test_without_a_time_of_change_the_time_of_sending_counts_then_the_day_of_the_order(
        self, store: TableStore
    ) -> None:
        applied(store, order(None, items=[MILK]), sent_at=NOW)
        applied(store, order(None), sent_at=NOW - timedelta(hours=1))
        assert rows(store) == {"milk": 2}
        applied(store, order(None, "cancelled"))
        assert rows(store) == {"milk": 2}, "the day of the order is earlier"

    @pytest.mark.parametrize("minute", [3, None])
    def test_at_one_time_a_cancelled_order_is_the_newest_and_an_open_one_the_oldest(
        self, store: TableStore, minute: int | None
    ) -> None:
        applied(store, order(minute), order(minute, "pending"))
        assert rows(store) == {"milk": 2, "tea": 1}
        applied(store, order(minute, "cancelled"), order(minute))
        assert rows(store) == {}

    def test_rows_that_went_astray_come_back_with_any_document(self, store: TableStore) -> None:
        applied(store, order(5))
        store.delete_many(PURCHASE_TABLE, ["##R-1#tea"])
        stray = {"id": "##R-1#milk", "customerId": "zoe", "productId": "milk", "purchaseDate": "2020", "quantity": 9}
        store.put_many(PURCHASE_TABLE, [stray])
        applied(store, order(4))
        assert rows(store) == {"milk": 2, "tea": 1}

    def test_what_the_customer_said_of_a_line_stays(self, store: TableStore) -> None:
        applied(store, order(0))
        store.update_many(PURCHASE_TABLE, [{"id": "##R-1#milk", "rating": 5, "review": "creamy"}])
        applied(store, order(1, items=[MILK | {"quantity": 3}]))
        item = store.get(PURCHASE_TABLE, "##R-1#milk", now=NOW) or {}
        assert (item["quantity"], item["rating"], item["review"]) == (3, 5, "creamy")
        applied(store, order(2, customerId="max"))
        assert "review" not in (store.get(PURCHASE_TABLE, "##R-1#milk", now=NOW) or {}), "another customer"

    def test_what_was_forgotten_meanwhile_leaves_no_rows(self, store: TableStore) -> None:
        def forget(operation: str) -> None:
            if operation == "put_many":
                store.delete_many(order_states.TABLE, ["R-1"])

        (found,) = applied(Watched(store, forget), order(5))
        assert (found.lines, rows(store)) == (0, {})

    @pytest.mark.parametrize(
        ("wrong", "reason"),
        [
            ({"id": " R-1"}, "id: must have no surrounding spaces"),
            ({"id": "000"}, "id: 000 means no order in an import"),
            ({"customerId": None}, "customerId: should be a valid string"),
            ({"customerId": "NULL"}, "customer_id: missing"),
            ({"orderDate": "yesterday"}, "orderDate: must be a date and time"),
            ({"orderDate": "2021-05-01"}, "in the future"),
            ({"orderDate": "0001-01-01T00:00:00Z"}, "orderDate: is before 1990"),
            ({"orderDate": "9999-12-31T23:00:00-12:00", "status": "cancelled"}, "orderDate: is out of range"),
            ({"orderDate": "0001-01-01", "status": "open", "updatedAt": None}, "orderDate: is before 1990"),
            ({"updatedAt": "2020-07-01T00:00:00Z"}, "updatedAt: is in the future"),
            ({"items": [MILK, TEA | {"quantity": 0}]}, "items.1.quantity: should be greater than 0"),
            ({"items": [MILK, TEA | {"quantity": Decimal("0.0001")}]}, "items.1: quantity: too small"),
            ({"items": [MILK, TEA | {"unitPrice": "4"}]}, "items.1.unitPrice"),
            ({"items": [MILK] * 1_001}, "items: "),
            ({"items": [{"productId": f"{number:0200}"} for number in range(1_000)]}, "more than 300,000 bytes"),
        ],
    )
    def test_a_wrong_document_is_refused_alone_and_whole(self, wrong: dict[str, Any], reason: str) -> None:
        store = MemoryStore()
        store.create_tables((order_states.TABLE, PURCHASE_TABLE))
        bad, good = applied(store, order(0) | wrong, order(0, id="R-2", items=[MILK]))
        assert (bad.status, good.status) == ("refused", "applied")
        assert reason in str(bad.reason)
        assert [item["orderId"] for item in store.scan(PURCHASE_TABLE)] == ["R-2"]
        assert [one.status for one in applied(store, 7, None, [order(0)])] == ["refused"] * 3


class TestImports:
    ITEMS = st.fixed_dictionaries(
        {
            "productId": st.sampled_from(["milk", "a#b%", "0042", "Käse"]),
            "quantity": st.sampled_from([1, 2, 2.5, 10]),
            "unitPrice": st.sampled_from([0, 1.1, 2.005, 19]),
        },
        optional={"totalPrice": st.sampled_from([3, 0.99]), "wasOnSale": st.sampled_from([True, False, None])},
    )
    ORDERS = st.fixed_dictionaries(
        {
            "id": st.sampled_from(["1", "R#2", "Ü"]),
            "customerId": st.sampled_from(["zoe", "7"]),
            "orderDate": st.sampled_from(
                ["2020-01-31T23:30:00", "2020-03-29T02:30:00+02:00", "2020-05-01", "2020-05-01T10:00:00.123Z"]
            ),
            "status": st.sampled_from(["completed", "COMPLETED", "cancelled", "pending"]),
            "items": st.lists(ITEMS, max_size=6),
        },
        optional={"storeLocation": st.sampled_from(["North", None]), "total": st.just(9.5)},
    )

    @settings(deadline=None, max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.lists(ORDERS, min_size=1, max_size=3, unique_by=lambda one: one["id"]))
    def test_they_give_the_same_documents_the_same_rows_and_ids(
        self, tmp_path_factory: pytest.TempPathFactory, documents: list[dict[str, Any]]
    ) -> None:
        work = importer(tmp_path_factory.mktemp("work"), max_bad=1, timezone="Europe/Berlin")
        file = tmp_path_factory.mktemp("files") / "orders.ndjson"
        file.write_text("".join(json.dumps(one) + "\n" for one in documents))
        imported(work, file, kind="orders")
        kept = current_rows(work)
        lines = purchase_items(kept.filter(kept["kind"] == "purchase")).to_dicts()
        found = order_rows(list(map(order_document, documents)), now=NOW, timezone="Europe/Berlin")
        assert all(one.reason is None for one in found)
        expected = [{name: value for name, value in line.items() if value is not None} for line in lines]
        assert sorted((item for one in found for item in one.items), key=str) == sorted(expected, key=str)

    @settings(deadline=None, max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def test_the_newest_document_counts_in_any_order_as_it_does_here(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        documents = []
        for minute in range(data.draw(st.integers(1, 5))):
            products = data.draw(st.sets(st.sampled_from(["milk", "tea", "jam"]), min_size=1))
            items = [{"productId": one, "quantity": minute + 1, "unitPrice": 2} for one in sorted(products)]
            status = data.draw(st.sampled_from(["completed", "completed", "cancelled", "pending"]))
            documents.append(order(minute, status, items=items))
        shuffled = data.draw(st.permutations(documents))
        work, files = importer(tmp_path_factory.mktemp("work"), max_bad=1), []
        for number in range(0, len(shuffled), size := data.draw(st.integers(1, 5))):
            file = tmp_path_factory.mktemp("files") / f"orders-{number}.ndjson"
            file.write_text("".join(json.dumps(one) + "\n" for one in shuffled[number : number + size]))
            files.append(file)
        imported(work, *files, kind="orders")
        kept = current_rows(work)
        lines = kept.filter(kept["kind"] == "purchase").select("purchase_id", "quantity")
        store = MemoryStore()
        store.create_tables((order_states.TABLE, PURCHASE_TABLE))
        applied(store, *shuffled)
        found = {item["id"]: item["quantity"] for item in store.scan(PURCHASE_TABLE)}
        assert found == dict(lines.iter_rows())


class Watched:
    """A store that calls `before` with the name of each operation that it is asked for."""

    def __init__(self, store: TableStore, before: Callable[[str], None]) -> None:
        self._store, self._before = store, before

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._store, name)

        def called(*arguments: Any, **options: Any) -> Any:
            self._before(name)
            return operation(*arguments, **options)

        return called


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[tuple[int, int, int]]]:
    """Documents about two orders, and deliveries of them: which document, at which operation of the store the process
    is killed (0: at none), and which document is applied by another process before that operation (-1: none)."""
    number = next(NUMBERS)
    documents = []
    for name in "AB"[: draw(st.integers(1, 2))]:
        for _ in range(draw(st.integers(1, 4))):
            products = draw(st.sets(st.sampled_from(["milk", "tea", "jam"])))
            items = [
                {"productId": one, "quantity": draw(st.integers(1, 3)), "unitPrice": 2} for one in sorted(products)
            ]
            status = draw(st.sampled_from(["completed", "completed", "cancelled", "pending"]))
            documents.append(order(draw(st.integers(0, 3)), status, id=f"{name}{number}", items=items))
    one = st.integers(0, len(documents) - 1)
    crash = st.one_of(st.just(0), st.integers(1, 7))
    extra = draw(st.lists(st.tuples(one, crash, st.integers(-1, len(documents) - 1)), max_size=8))
    whole = [(place, draw(crash), draw(st.integers(-1, len(documents) - 1))) for place in range(len(documents))]
    return documents, draw(st.permutations([*whole, *extra]))


def deliver(store: TableStore, documents: list[dict[str, Any]], deliveries: Sequence[tuple[int, int, int]]) -> None:
    """As a queue does: whoever is killed has its document delivered again later."""
    again = []
    for place, at, other in deliveries:
        operations = count(1)

        def before(name: str, at: int = at, other: int = other, operations: Iterator[int] = operations) -> None:
            if next(operations) == at:
                if other >= 0:
                    applied(store, documents[other])
                else:
                    raise UnavailableError("killed")

        try:
            applied(Watched(store, before), documents[place])
        except UnavailableError:
            again.append(documents[place])
    for document in again:
        applied(store, document)


def expected(documents: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """What the newest document about each order says."""
    ranks = {"pending": 0, "completed": 1, "cancelled": 2}
    found: dict[str, dict[str, int]] = {}
    key = lambda one: (one["updatedAt"], ranks[one["status"]], order_document(one).content)  # noqa: E731
    for one in sorted(documents, key=key):
        lines = {item["productId"]: item["quantity"] for item in one["items"]}
        found[one["id"]] = lines if one["status"] == "completed" else {}
    return found


def hold(store: TableStore, documents: list[dict[str, Any]], deliveries: list[tuple[int, int, int]]) -> None:
    deliver(store, documents, deliveries)
    wanted = expected(documents)
    assert {name: rows(store, name) for name in wanted} == wanted
    in_order = MemoryStore()
    in_order.create_tables((order_states.TABLE, PURCHASE_TABLE))
    applied(in_order, *documents)
    names = ("customerId", "changedAt", "status", "content", "lines", "lineIds")
    for name in wanted:
        state, same = (one.get(order_states.TABLE, name, now=NOW) or {} for one in (store, in_order))
        assert {field: state[field] for field in names} == {field: same[field] for field in names}


many = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@settings(many, max_examples=60)
@given(streams())
def test_shuffled_repeated_and_crashed_streams_end_alike_on_sqlite(
    tmp_path_factory: pytest.TempPathFactory, stream: Any
) -> None:
    with closing(SqliteStore(tmp_path_factory.mktemp("s") / "store.sqlite")) as store:
        store.create_tables((order_states.TABLE, PURCHASE_TABLE))
        hold(store, *stream)


@pytest.fixture(scope="module")
def tables(ministack: str) -> Iterator[TableStore]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with closing(store_maker(ministack)()) as store:
            store.create_tables((order_states.TABLE, PURCHASE_TABLE))
            yield store


@settings(many, max_examples=15)
@given(streams())
def test_so_they_do_on_dynamodb(tables: TableStore, stream: Any) -> None:
    hold(tables, *stream)


@pytest.mark.parametrize("begun", [False, True], ids=["first", "changed"])
@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize(
    "newer", [order(5, items=[MILK | {"quantity": 9}]), order(5, "cancelled")], ids=["changed", "cancelled"]
)
def test_whoever_is_overtaken_at_any_operation_undoes_nothing(newer: dict[str, Any], at: int, begun: bool) -> None:
    store = MemoryStore()
    store.create_tables((order_states.TABLE, PURCHASE_TABLE))
    if begun:
        applied(store, order(0, items=[TEA]))
    operations = count(1)

    def overtake(name: str) -> None:
        if next(operations) == at:
            applied(store, newer)

    applied(Watched(store, overtake), order(1))
    if next(operations) <= at:  # it needed fewer operations
        applied(store, newer)
    assert rows(store) == ({"milk": 9} if newer["status"] == "completed" else {})
    state = store.get(order_states.TABLE, "R-1", now=NOW) or {}
    assert state["status"] == newer["status"]


def test_several_workers_at_a_time_end_alike(store: TableStore) -> None:
    documents = [order(minute, items=[MILK | {"quantity": minute + 1}][: minute % 4]) for minute in range(12)]
    shuffled = [documents[place * 7 % 12] for place in range(24)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: applied(store, one), shuffled))
    assert rows(store) == {"milk": 12}


class TestCopiesAfterEvents:
    """Purchases of an import are copied to the table of a shop whose orders came as documents before."""

    def copied(self, store: TableStore, *items: dict[str, Any]) -> list[str]:
        taken = LeftOut.of(store).taken(PURCHASE_TABLE, list(items))
        frame = LeftOut.of(store).taken(PURCHASE_TABLE, pl.DataFrame(items))
        assert [item["id"] for item in taken] == frame["id"].to_list()  # type: ignore[index, union-attr]
        return [item["id"] for item in taken]  # type: ignore[index]

    def line(self, name: str, order_id: str, customer: str = "zoe") -> dict[str, Any]:
        return {"id": name, "orderId": order_id, "customerId": customer, "purchaseDate": "2020-05-01T10:00:00.000Z"}

    def test_a_cancelled_order_does_not_come_back(self, store: TableStore) -> None:
        applied(store, order(0, "cancelled"))
        lines = [self.line("##R-1#milk", "R-1"), self.line("##R-1#dropped", "R-1"), self.line("##R-2#milk", "R-2")]
        assert self.copied(store, *lines) == ["##R-2#milk"]

    def test_nor_do_lines_that_a_document_changed(self, store: TableStore) -> None:
        applied(store, order(0))
        assert self.copied(store, self.line("##R-1#milk", "R-1")) == []

    def test_a_number_that_another_customer_has_too_is_another_order(self, store: TableStore) -> None:
        applied(store, order(0))
        assert self.copied(store, self.line("other", "R-1", "anna")) == ["other"]

    def test_without_documents_everything_is_copied(self, store: TableStore) -> None:
        assert self.copied(store, self.line("a", "R-1"), self.line("b", "R-2")) == ["a", "b"]
