"""Updates against a table that answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.client.service import Pace, Retries, Service
from omnix_cli.stores.dynamodb.writing.update_writer import UpdateWriter
from tests.unit.stores.dynamodb.writing.test_bulk_writer import Clock

AT_ONCE = Retries(sleep=lambda seconds: None)


class Table:
    """A transport with these keys behind it; each update uses so many units."""

    def __init__(self, *keys: str, units: float = 0.0, trouble: Callable[[int], None] = lambda request: None) -> None:
        self.keys = keys
        self.units = units
        self.seen: list[tuple[str, list[Any]]] = []
        self._trouble = trouble
        self._lock = threading.Lock()

    def __call__(self, operation: str, request: Mapping[str, Any] | bytes) -> dict[str, Any]:
        assert operation == "UpdateItem"
        assert isinstance(request, Mapping)
        with self._lock:
            key = request["Key"]["id"]["S"]
            self.seen.append((key, list(request.get("ExpressionAttributeValues", {}).values())))
            self._trouble(len(self.seen))
        if key not in self.keys:
            raise ServiceError("ConditionalCheckFailedException", "no", 400)
        return {"ConsumedCapacity": {"CapacityUnits": self.units}} if self.units else {}

    def raw(self, operation: str, request: Mapping[str, Any] | bytes) -> bytes:
        raise NotImplementedError

    def close(self) -> None:
        pass


def writer(table: Table, pace: Pace | None = None, **options: Any) -> UpdateWriter:
    return UpdateWriter(Service(table, AT_ONCE), "lists", "id", pace or Pace(), threads=1, **options)


def test_changes_of_one_item_apply_in_order_and_absent_items_are_named() -> None:
    table = Table("a", "b")
    changes = [{"id": "a", "n": 1}, {"id": "c", "n": 2}, {"id": "a", "n": 3}, {"id": "b"}]
    assert writer(table).write(changes) == ["c"]
    assert table.seen == [("a", [{"N": "1"}]), ("a", [{"N": "3"}]), ("c", [{"N": "2"}]), ("b", [])]


@pytest.mark.parametrize(
    ("said", "known", "seconds"),
    [
        (0.0, {}, 20),
        (3.0, {}, 60),
        (0.5, {}, 20),
        (0.0, dict.fromkeys("ab", 6), 120),
        (1.0, dict.fromkeys("ab", 6), 120),
    ],
    ids=["nothing is known", "the table says", "it says less than a unit", "known", "known, and the table says less"],
)
def test_updates_keep_to_the_pace(said: float, known: dict[str, int], seconds: float) -> None:
    clock = Clock()
    pace = Pace(limit=10, clock=clock, sleep=clock.sleep)
    changes = [{"id": "ab"[number % 2], "n": number} for number in range(200)]
    writer(Table("a", "b", units=said), pace, units=known).write(changes)
    assert seconds - 2 <= clock.now - 100 <= seconds


def test_a_throttled_table_is_updated_more_slowly() -> None:
    def trouble(request: int) -> None:
        if request % 3 == 1:
            raise ServiceError("ThrottlingException", "slow down", 400)

    clock = Clock()
    pace = Pace(limit=1_000, clock=clock, sleep=clock.sleep)
    clock.sleep(5)
    assert writer(Table("a", trouble=trouble), pace).write([{"id": "a", "n": 1}]) == []
    assert pace.rate is not None
    assert pace.rate < 1_000


def test_other_errors_end_it() -> None:
    def refused(request: int) -> None:
        raise ServiceError("AccessDeniedException", "not you", 400)

    with pytest.raises(ServiceError, match="not you"):
        writer(Table("a", trouble=refused)).write([{"id": "a", "n": 1}])
