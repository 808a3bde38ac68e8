"""Changing attributes of single items with UpdateItem, several at a time, within the same pace as all other writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from omnix_cli.batching import batched
from omnix_cli.protocols.tables import Units
from omnix_cli.stores.dynamodb.client.answers import consumed_units
from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.client.service import Pace, Service
from omnix_cli.stores.dynamodb.wire import update

_CHUNK_CHANGES = 1_000
"""Changes that are handed to the threads at a time: an interruption waits for what is under way, not for all."""

Changes = Iterable[Mapping[str, Any]]


@dataclass
class UpdateWriter:
    """Updates items of one table. `units` are what updates cost, by key; another is expected to cost one, until the
    service says what it used."""

    service: Service
    table: str
    key: str
    """The name of the key attribute."""
    pace: Pace
    threads: int = 4
    units: Units = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    def write(self, changes: Changes) -> list[str]:
        """Sets the given attributes of each item; several changes of one item apply in order. Returns the keys without
        an item. Raises `ServiceError`."""
        self._began, self._used = self.clock(), 0.0
        absent = []
        with ThreadPoolExecutor(self.threads) as pool:
            for chunk in batched(changes, _CHUNK_CHANGES):
                by_key: dict[str, list[Mapping[str, Any]]] = {}
                for change in chunk:
                    by_key.setdefault(change[self.key], []).append(change)
                there = pool.map(self._update_all, by_key.values())
                absent += [key for key, found in zip(by_key, there, strict=True) if not found]
        return absent

    def _update_all(self, changes: Changes) -> bool:
        return all([self._update(change) for change in changes])

    def _update(self, change: Mapping[str, Any]) -> bool:
        """Sets attributes of one item; false if it does not exist."""
        values = {name: value for name, value in change.items() if name != self.key}
        request = {
            "TableName": self.table,
            "Key": {self.key: {"S": change[self.key]}},
            "ReturnConsumedCapacity": "TOTAL",
            **update(self.key, values),
        }
        try:
            self.service.retries.call(partial(self._send, change[self.key], request), self._slow_down)
        except ServiceError as error:
            if error.code != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _send(self, key: str, request: Mapping[str, Any]) -> None:
        expected = self.units.get(key, 1)
        self.pace.take(expected)
        used = consumed_units(self.service.transport("UpdateItem", request).get("ConsumedCapacity"))
        self.pace.correct(max(used - expected, 0.0))
        self._used += max(used, expected)

    def _slow_down(self, error: ServiceError) -> None:
        if error.is_throttling:
            self.pace.throttled(self._used / max(self.clock() - self._began, 0.1))
