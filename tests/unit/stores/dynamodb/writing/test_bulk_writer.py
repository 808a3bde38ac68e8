"""Bulk writing against a table that answers as it is told, and keeps what it took."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.errors import UnavailableError
from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.client.service import Pace, Retries, Service
from omnix_cli.stores.dynamodb.wire import encoded, from_wire, to_wire
from omnix_cli.stores.dynamodb.writing.bulk_writer import (
    BulkWriter,
    DeadLetter,
    Written,
    delete_request,
    keep_dead_letters,
    put_request,
)

NAME = "omnix-ai-products-dev"


class Table:
    """A transport with one table behind it. `trouble` may answer in its place: raise, or name the requests to leave."""

    def __init__(self, trouble: Callable[[list[Any]], list[Any]] = lambda requests: []) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.batches: list[list[str]] = []
        self.seen: Counter[str] = Counter()
        self._trouble = trouble
        self._lock = threading.Lock()

    def __call__(self, operation: str, request: Mapping[str, Any] | bytes) -> dict[str, Any]:
        assert operation == "BatchWriteItem"
        assert isinstance(request, bytes)
        requests = orjson.loads(request)["RequestItems"][NAME]
        with self._lock:
            keys = [key_of(request) for request in requests]
            assert 1 <= len(keys) <= 25
            assert len(set(keys)) == len(keys), "two requests of one key in a batch are refused by the service"
            left = self._trouble(requests)
            self.batches.append(keys)
            for request in requests:
                if request not in left:
                    self.take(request)
        return {"UnprocessedItems": {NAME: left} if left else {}, "ConsumedCapacity": [{"CapacityUnits": len(keys)}]}

    def take(self, request: dict[str, Any]) -> None:
        self.seen[key_of(request)] += 1
        if "PutRequest" in request:
            self.items[key_of(request)] = from_wire(request["PutRequest"]["Item"])
        else:
            self.items.pop(key_of(request), None)

    def raw(self, operation: str, request: Mapping[str, Any] | bytes) -> bytes:
        return orjson.dumps(self(operation, request))

    def close(self) -> None:
        """There is nothing to close."""


def key_of(request: dict[str, Any]) -> str:
    (action,) = request.values()
    return str((action.get("Item") or action["Key"])["id"]["S"])


def items(count: int) -> list[dict[str, Any]]:
    return [{"id": f"p{number:05d}", "stock": number, "price": Decimal("1.50")} for number in range(count)]


def write(table: Table, wanted: list[dict[str, Any]], **options: Any) -> Written:
    retries = Retries(attempts=options.pop("attempts", 10), random=Random(1), sleep=lambda seconds: None)
    pace = options.pop("pace", None) or Pace(clock=lambda: 0.0, sleep=lambda seconds: None)
    writer = BulkWriter(Service(table, retries), NAME, "id", pace, threads=options.pop("threads", 3), clock=lambda: 0.0)
    return writer.write(put_request(item["id"], encoded(item)) for item in wanted)


values = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.integers(-(10**37), 10**37)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4)
    | st.booleans()
    | st.none()
    | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab"\\é'), inner, max_size=3),
    max_leaves=8,
)


@given(item=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values, max_size=6))
def test_an_item_is_encoded_as_its_wire_form(item: dict[str, Any]) -> None:
    assert orjson.loads(encoded(item)) == to_wire(item)


@pytest.mark.parametrize("value", [0.5, Decimal("NaN"), Decimal("Infinity"), 10**38 + 1, Decimal("1E+126"), object()])
def test_what_a_table_cannot_keep_is_not_encoded(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        encoded({"id": "a", "value": value})


def test_everything_is_written_once_in_full_batches() -> None:
    table = Table()
    written = write(table, items(1_003))
    assert table.items == {item["id"]: item for item in items(1_003)}
    assert set(table.seen.values()) == {1}
    assert sorted(map(len, table.batches)) == [3] + [25] * 40
    assert (written.requests, written.resent, written.units) == (1_003, 0, 1_003.0)


def test_neighbours_by_key_go_to_different_batches() -> None:
    table = Table()
    write(table, items(1_000))
    assert max(sum(abs(int(key[1:]) - int(batch[0][1:])) < 25 for key in batch) for batch in table.batches) < 8


def test_of_one_key_the_last_request_counts() -> None:
    table = Table()
    twice = [{"id": f"p{number % 7}", "stock": number} for number in range(700)]
    write(table, twice)
    assert table.items == {f"p{number % 7}": {"id": f"p{number % 7}", "stock": number} for number in range(693, 700)}


def test_deletes_and_puts_of_one_key_follow_each_other() -> None:
    table = Table()
    table.items = {"a": {"id": "a"}, "b": {"id": "b"}}
    retries = Retries(sleep=lambda seconds: None)
    requests = [put_request("a", encoded({"id": "a", "x": 1})), delete_request("id", "a"), delete_request("id", "b")]
    BulkWriter(Service(table, retries), NAME, "id", Pace()).write(
        [*requests, put_request("b", encoded({"id": "b", "x": 2}))]
    )
    assert table.items == {"b": {"id": "b", "x": 2}}


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_whatever_the_service_leaves_or_refuses_for_now(seed: int) -> None:
    chance = Random(seed)

    def trouble(requests: list[Any]) -> list[Any]:
        what = chance.random()
        if what < 0.15:
            raise ServiceError("ProvisionedThroughputExceededException", "slow down", 400)
        if what < 0.25:
            raise ServiceError("InternalServerError", "oops", 500)
        if what < 0.35:
            raise ServiceError("ConnectionError", "gone", 0)
        return [request for request in requests if chance.random() < 0.3]

    table = Table(trouble)
    written = write(table, items(2_000), attempts=60)
    assert table.items == {item["id"]: item for item in items(2_000)}
    assert set(table.seen.values()) == {1}
    assert written.requests == 2_000
    assert written.resent > 600
    assert written.throttled > 0


def test_a_service_that_never_gives_in_is_unavailable() -> None:
    table = Table(lambda requests: requests)
    with pytest.raises(UnavailableError, match="does not accept more items") as caught:
        write(table, items(30), attempts=4)
    assert caught.value.hint


def test_a_batch_that_gets_smaller_is_given_more_time() -> None:
    table = Table(lambda requests: requests[1:])
    assert write(table, items(25), attempts=2, threads=1).requests == 25


def test_what_is_refused_for_what_it_is_becomes_a_dead_letter() -> None:
    def trouble(requests: list[Any]) -> list[Any]:
        if any(key_of(request) in ("p00007", "p00040") for request in requests):
            raise ServiceError("ValidationException", "Item size has exceeded the maximum allowed size", 400)
        return []

    table = Table(trouble)
    written = write(table, items(100))
    assert len(table.items) == 98
    assert {letter.key for letter in written.dead_letters} == {"p00007", "p00040"}
    assert all("maximum allowed size" in letter.reason for letter in written.dead_letters)
    assert orjson.loads(written.dead_letters[0].request)["PutRequest"]


def test_no_access_is_no_dead_letter() -> None:
    def trouble(requests: list[Any]) -> list[Any]:
        raise ServiceError("AccessDeniedException", "not you", 400)

    with pytest.raises(ServiceError, match="not you"):
        write(Table(trouble), items(30))


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_pace_is_the_units_allowed() -> None:
    clock = Clock()
    pace = Pace(limit=100, clock=clock, sleep=clock.sleep)
    write(Table(), items(1_000), pace=pace, threads=1)
    assert 9 <= clock.now - 100 <= 11


@pytest.mark.parametrize(("units", "seconds"), [(5, 50), (1, 10)])
def test_known_units_are_taken_whatever_the_table_says(units: int, seconds: float) -> None:
    clock = Clock()
    pace = Pace(limit=100, clock=clock, sleep=clock.sleep)
    known = {item["id"]: units for item in items(1_000)}
    writer = BulkWriter(Service(Table()), NAME, "id", pace, threads=1, copies=4, units=known)
    writer.write(put_request(item["id"], encoded(item)) for item in items(1_000))
    assert seconds - 2 <= clock.now - 100 <= seconds


def test_units_of_what_is_left_are_given_back() -> None:
    clock = Clock()
    pace = Pace(limit=100, clock=clock, sleep=clock.sleep, fall=1.0)
    table = Table(lambda requests: requests[5:])
    retries = Retries(sleep=lambda seconds: None)
    known = {item["id"]: 4 for item in items(500)}
    BulkWriter(Service(table, retries), NAME, "id", pace, threads=1, units=known).write(
        put_request(item["id"], encoded(item)) for item in items(500)
    )
    assert clock.now - 100 <= 21, "2,000 units at 100 a second, however often they are sent"


def test_the_pace_falls_when_the_table_throttles_and_rises_again() -> None:
    clock = Clock()
    pace = Pace(limit=1_000, clock=clock, sleep=clock.sleep)
    for _ in range(3):  # the last two were on their way when the first was refused
        clock.sleep(0.3)
        pace.throttled(500)
    assert pace.rate == pytest.approx(850)
    clock.sleep(0.5)
    pace.take(1)
    assert pace.rate == pytest.approx(850 + 1.1 * 100)
    clock.sleep(1000)
    pace.take(1)
    assert pace.rate == 1_000


def test_a_pace_without_a_limit_begins_at_what_was_used_and_bears_steady_throttling() -> None:
    clock = Clock()
    pace = Pace(clock=clock, sleep=clock.sleep)
    pace.take(1_000_000)
    pace.throttled(10)
    assert (pace.rate, clock.now) == (None, 100.0)
    for _ in range(1_000):
        clock.sleep(1)
        pace.throttled(2_000)
    assert pace.rate is not None
    assert 1_000 < pace.rate < 1_700


def test_a_ramp_begins_low_and_rises_to_the_limit() -> None:
    clock = Clock()
    pace = Pace(limit=1_000, start=100, clock=clock, sleep=clock.sleep)
    write(Table(), items(1_000), pace=pace, threads=1)
    assert 4 <= clock.now - 100 <= 9, "1,000 units at 100 a second and rising: not ten seconds, and not one"
    clock.sleep(1_000)
    pace.take(1)
    assert pace.rate == 1_000


def test_dead_letters_are_added_to_the_file_of_the_day(tmp_path: Path) -> None:
    for key in ("milk", "tea"):
        letter = DeadLetter("omnix-ai-products-dev", *put_request(key, encoded({"id": key})), "too large")
        path = keep_dead_letters(tmp_path / "dead_letters", [letter], datetime(2026, 3, 1, tzinfo=UTC))
    lines = [orjson.loads(line) for line in Path(path).read_bytes().splitlines()]
    assert Path(path).name == "2026-03-01.ndjson"
    assert Path(path).stat().st_mode & 0o077 == 0, "for its owner only"
    assert [(line["key"], line["reason"]) for line in lines] == [("milk", "too large"), ("tea", "too large")]
    assert lines[0]["request"] == {"PutRequest": {"Item": {"id": {"S": "milk"}}}}
