"""Bulk writing with BatchWriteItem: everything is written once or more, nothing is lost, nothing bad stops the rest.

Requests are cut into windows. Within one, the last request of a key counts, and the order is by a checksum of the key,
so that consecutive batches meet different partitions; batches of a window are sent by several threads, and the next
window begins when all of it is written. What the service leaves unprocessed is sent again after a wait; a batch that it
refuses is sent item by item, and what it still refuses is a dead letter.

Limits: 25 requests and 16 MB a batch (API reference, BatchWriteItem).
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import orjson

from omnix_cli.errors import UnavailableError
from omnix_cli.stores.dynamodb.retries import Pace, Retries
from omnix_cli.stores.dynamodb.transports import ServiceError, Transport
from omnix_cli.stores.dynamodb.wire import encoded

BATCH_REQUESTS = 25
BATCH_BYTES = 15 << 20
WINDOW_REQUESTS = 10_000
UNIT_BYTES = 1024
"""A write unit is one item of up to 1 KB ("Read/write capacity mode", developer guide)."""


class WriteRequest(NamedTuple):
    """One put or delete: the key it concerns, and itself as JSON."""

    key: str
    json: bytes


@dataclass(frozen=True)
class DeadLetter:
    """A request that the service refuses for what it is."""

    table: str
    key: str
    request: bytes
    reason: str


@dataclass
class Written:
    """What a bulk write did: requests written, sent again, throttled answers, capacity units used."""

    requests: int = 0
    resent: int = 0
    throttled: int = 0
    units: float = 0.0
    dead_letters: list[DeadLetter] = field(default_factory=list)


def put_request(key: str, item: Mapping[str, Any]) -> WriteRequest:
    """Puts an item. Raises TypeError and ValueError as `wire.to_wire` does."""
    return WriteRequest(key, b'{"PutRequest":{"Item":%b}}' % encoded(item))


def delete_request(attribute: str, key: str) -> WriteRequest:
    """Deletes the item with that key."""
    return WriteRequest(key, orjson.dumps({"DeleteRequest": {"Key": {attribute: {"S": key}}}}))


@dataclass
class BulkWriter:
    """Writes requests to one table. `copies` is the number of indexes an item may be in, which cost units too."""

    transport: Transport
    table: str
    key: str
    """The key attribute, a text."""
    retries: Retries
    pace: Pace
    threads: int = 4
    copies: int = 0
    clock: Callable[[], float] = time.monotonic

    def write(self, requests: Iterable[WriteRequest]) -> Written:
        """Writes them all. Raises `UnavailableError` when the service does not take them in the end; what was written
        stays, and writing everything again does no harm."""
        self._began, self._units = self.clock(), 0.0
        total = Written()
        remaining = iter(requests)
        with ThreadPoolExecutor(self.threads) as pool:
            while window := list(islice(remaining, WINDOW_REQUESTS)):
                latest = {request.key: request for request in window}
                ordered = sorted(latest.values(), key=lambda request: zlib.crc32(request.key.encode()))
                for done in pool.map(self._write_batch, _batches(ordered)):
                    total.requests += done.requests
                    total.resent += done.resent
                    total.throttled += done.throttled
                    total.units += done.units
                    total.dead_letters += done.dead_letters
        return total

    def _write_batch(self, batch: Sequence[WriteRequest]) -> Written:
        """One batch, until all of it is written or refused."""
        done = Written()
        waiting = list(batch)
        attempt = 0
        while waiting:
            try:
                left = self._send(waiting, done)
            except ServiceError as error:
                if not error.may_pass:
                    self._refused(waiting, error, done)
                    return done
                left, throttled = waiting, error.is_throttling
                if attempt + 1 >= self.retries.attempts:
                    raise self._given_up(error) from error
            else:
                throttled = bool(left)
                attempt = 0 if len(left) < len(waiting) else attempt
                if left and attempt + 1 >= self.retries.attempts:
                    raise self._given_up(ServiceError("UnprocessedItems", f"{len(left)} items, again and again", 200))
            if left:
                done.resent += len(left)
                self._slow_down(throttled, done)
                self.retries.wait(attempt, throttled=throttled)
                attempt += 1
            waiting = left
        return done

    def _send(self, requests: Sequence[WriteRequest], done: Written) -> list[WriteRequest]:
        """Sends them once; returns what was left unprocessed."""
        expected = sum(-(-len(request.json) // UNIT_BYTES) for request in requests) * (1 + self.copies)
        self.pace.take(expected)
        answer = self.transport("BatchWriteItem", self._body(requests))
        units = sum(float(used["CapacityUnits"]) for used in answer.get("ConsumedCapacity", ()))
        if units:
            self.pace.correct(units - expected)
        done.units += units
        self._units += units
        left = answer.get("UnprocessedItems", {}).get(self.table, [])
        done.requests += len(requests) - len(left)
        if not left:
            return []
        by_key = {request.key: request for request in requests}
        return [by_key[self._key_of(request)] for request in left]

    def _key_of(self, request: Mapping[str, Any]) -> str:
        """The key of a request that the service sent back; its other values may be written in the service's own way."""
        values = request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"]
        return str(values[self.key]["S"])

    def _body(self, requests: Sequence[WriteRequest]) -> bytes:
        table = orjson.dumps(self.table)
        items = b",".join(request.json for request in requests)
        return b'{"RequestItems":{%b:[%b]},"ReturnConsumedCapacity":"TOTAL"}' % (table, items)

    def _refused(self, requests: Sequence[WriteRequest], error: ServiceError, done: Written) -> None:
        """Finds out which requests of a refused batch are at fault; only a fault of the data leaves a dead letter."""
        if error.code not in ("ValidationException", "ItemCollectionSizeLimitExceededException"):
            raise error
        if len(requests) == 1:
            (request,) = requests
            done.dead_letters.append(DeadLetter(self.table, request.key, request.json, error.message))
            return
        for request in requests:
            alone = self._write_batch([request])
            done.requests += alone.requests
            done.resent += alone.resent
            done.throttled += alone.throttled
            done.units += alone.units
            done.dead_letters += alone.dead_letters

    def _slow_down(self, throttled: bool, done: Written) -> None:
        if throttled:
            done.throttled += 1
            self.pace.throttled(self._units / max(self.clock() - self._began, 0.1))

    def _given_up(self, error: ServiceError) -> UnavailableError:
        return UnavailableError(
            f"{self.table} does not take more items: {error}",
            hint="What was written stays. Try again later; a lower --max-write-units is kinder to the table.",
        )


def _batches(requests: Iterable[WriteRequest]) -> Iterator[list[WriteRequest]]:
    batch: list[WriteRequest] = []
    size = 0
    for request in requests:
        if batch and (len(batch) == BATCH_REQUESTS or size + len(request.json) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(request)
        size += len(request.json)
    if batch:
        yield batch
