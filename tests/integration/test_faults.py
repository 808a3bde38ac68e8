"""Behind a DynamoDB that spoils three requests of ten, nothing is lost and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import ItemsRefused, UnavailableError
from omnix_cli.stores.dynamodb.client.service import Retries
from omnix_cli.stores.dynamodb.store import DynamoStore
from tests.aws.accounts import new_stage, transport_to
from tests.aws.fault_proxy import FAULTS, FaultProxy

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BY_CUSTOMER = "customerId-purchaseDate-index"
AT_ONCE = Retries(sleep=lambda seconds: None)


@pytest.fixture
def proxy(ministack: str) -> Iterator[FaultProxy]:
    with FaultProxy(ministack, seed=1) as faulty:
        yield faulty


@pytest.fixture(params=["signed", "boto3"])
def store(request: pytest.FixtureRequest, aws_environment: None, ministack: str, proxy: FaultProxy) -> Iterator[Any]:
    stage = new_stage()
    with closing(DynamoStore(transport_to(ministack), stage=stage)) as calm:
        calm.create_tables()
    with closing(DynamoStore(transport_to(proxy.url, request.param), stage=stage, retries=AT_ONCE)) as faulty:
        yield faulty


def purchase(number: int) -> dict[str, Any]:
    day = f"2026-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d}"
    return {"id": f"p{number:05d}", "customerId": f"c{number % 7}", "purchaseDate": day, "quantity": number}


def stored(store: DynamoStore) -> list[dict[str, Any]]:
    return sorted(store.scan("purchase-history"), key=lambda item: str(item["id"]))


def test_every_item_is_written_and_read_once(store: DynamoStore, proxy: FaultProxy) -> None:
    items = [purchase(number) for number in range(3000)]
    assert store.put_many("purchase-history", items) == 3000
    assert stored(store) == items
    segments = [item["id"] for part in range(4) for item in store.scan("purchase-history", segment=part, segments=4)]
    assert sorted(segments) == [item["id"] for item in items]
    assert store.delete_many("purchase-history", [item["id"] for item in items[::2]]) == 1500
    assert stored(store) == items[1::2]
    assert set(FAULTS) <= set(proxy.counts)


def test_every_row_of_a_frame_is_written_once_but_one_that_is_refused(store: DynamoStore, proxy: FaultProxy) -> None:
    frame = pl.DataFrame([purchase(number) for number in range(1500)])
    too_large = pl.when(pl.col("id") == "p00700").then(pl.lit("x" * 410_000))  # items have up to 400 KB
    with pytest.raises(ItemsRefused, match="p00700") as caught:
        store.put_many("purchase-history", frame.with_columns(review=too_large))
    assert caught.value.keys == ("p00700",)
    assert stored(store) == [purchase(number) for number in range(1500) if number != 700]
    assert store.put_many("purchase-history", pl.concat([frame, frame.with_columns(pl.col("quantity") + 1)])) == 3000
    assert stored(store) == [{**purchase(number), "quantity": number + 1} for number in range(1500)]
    assert proxy.counts.keys() > {"throttled", "unprocessed"}


def test_pages_of_an_index_hold_every_item_once(store: DynamoStore) -> None:
    store.put_many("purchase-history", [purchase(number) for number in range(700)])
    found: list[str] = []
    cursor = None
    while True:
        page = store.query("purchase-history", BY_CUSTOMER, "c3", now=NOW, limit=3, cursor=cursor)
        found += [item["id"] for item in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(found) == [f"p{number:05d}" for number in range(3, 700, 7)]


def test_a_conditional_put_knows_its_own_work_again(store: DynamoStore) -> None:
    assert store.put_if("customer-profiles", {"customerId": "c1", "version": 0}, expected=None)
    for version in range(60):
        item = {"customerId": "c1", "version": version + 1}
        assert store.put_if("customer-profiles", item, expected={"version": version})
        assert not store.put_if("customer-profiles", {"customerId": "c1", "version": -1}, expected={"version": version})
    assert store.get("customer-profiles", "c1", now=NOW) == {"customerId": "c1", "version": 60}


def test_updates_are_applied_and_absent_items_stay_absent(store: DynamoStore) -> None:
    store.put_many("products", [{"id": f"p{number:03d}", "name": "n"} for number in range(0, 120, 2)])
    absent = store.update_many("products", [{"id": f"p{number:03d}", "stock": number} for number in range(120)])
    assert absent == [f"p{number:03d}" for number in range(1, 120, 2)]
    expected = [{"id": f"p{number:03d}", "name": "n", "stock": number} for number in range(0, 120, 2)]
    assert sorted(store.scan("products"), key=lambda item: str(item["id"])) == expected


@pytest.mark.parametrize(
    "fault", ["throttled", "server_error", "dropped_before", "dropped_after", "cut", "corrupted", "strange"]
)
def test_a_table_that_never_answers_is_unavailable(aws_environment: None, ministack: str, fault: str) -> None:
    with FaultProxy(ministack, share=1.0, faults=(fault,)) as proxy:
        with closing(DynamoStore(transport_to(proxy.url), retries=AT_ONCE)) as store:
            for ask in (
                lambda: store.put_many("products", [{"id": "milk"}]),
                lambda: store.get("products", "milk", now=NOW),
                lambda: list(store.scan("products")),
            ):
                with pytest.raises(UnavailableError) as caught:
                    ask()
                assert caught.value.hint
        assert proxy.counts[fault] == proxy.counts["requests"] == 3 * AT_ONCE.attempts
