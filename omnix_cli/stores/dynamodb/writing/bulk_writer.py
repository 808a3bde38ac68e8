"""Bulk writing with BatchWriteItem: every request is written at least once, and invalid items do not stop the others.

Requests are written one chunk after the other. Within a chunk, only the last request of a key is sent, and requests are
sorted by a checksum of the key, so that consecutive batches hit different partitions. Several threads send the batches
of a chunk; the next chunk begins when all of them are written. Requests that the service leaves unprocessed are sent
again after a wait. A batch that it rejects is sent item by item, and what it still rejects becomes a dead letter.

Limits: 25 requests and 16 MB a batch (API reference, BatchWriteItem).
"""

from __future__ import annotations

import os
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from omnix_cli.batching import batched
from omnix_cli.errors import UnavailableError
from omnix_cli.protocols.tables import Units
from omnix_cli.steps.capacity import write_units
from omnix_cli.stores.dynamodb.client.answers import consumed_units, reading
from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.client.service import Pace, Service
from omnix_cli.stores.workspace.files import disk_errors
from omnix_cli.stores.workspace.private import open_private, private_folder

BATCH_REQUESTS = 25
BATCH_BYTES = 15 << 20
CHUNK_REQUESTS = 10_000

WriteRequest = tuple[str, bytes]
"""One put or delete: its key, and the request as JSON."""
Requests = dict[str, bytes]
"""Several of them by key."""


@dataclass(frozen=True)
class DeadLetter:
    """A request that the service rejects as invalid."""

    table: str
    key: str
    request: bytes
    reason: str


@dataclass
class Written:
    """What a bulk write did: requests given, written and sent again, throttled answers, capacity units used."""

    given: int = 0
    requests: int = 0
    resent: int = 0
    throttled: int = 0
    units: float = 0.0
    dead_letters: list[DeadLetter] = field(default_factory=list)

    def add(self, other: Written) -> None:
        """Adds the counts of another part of the write."""
        self.requests += other.requests
        self.resent += other.resent
        self.throttled += other.throttled
        self.units += other.units
        self.dead_letters += other.dead_letters


def put_request(key: str, item: bytes) -> WriteRequest:
    """Puts an item that is already DynamoDB JSON."""
    return key, b'{"PutRequest":{"Item":%b}}' % item


def delete_request(attribute: str, key: str) -> WriteRequest:
    """Deletes the item with that key."""
    return key, orjson.dumps({"DeleteRequest": {"Key": {attribute: {"S": key}}}})


@dataclass
class BulkWriter:
    """Writes requests to one table. `copies` is the number of indexes that an item can be in, which also use units."""

    service: Service
    table: str
    key: str
    """The name of the key attribute, which is a text."""
    pace: Pace
    threads: int = 4
    copies: int = 0
    units: Units = field(default_factory=dict)
    """What requests cost, by key; others are estimated from their length, until the service says what they used."""
    clock: Callable[[], float] = time.monotonic

    def write(self, requests: Iterable[WriteRequest]) -> Written:
        """Writes all requests. Raises `UnavailableError` when the service keeps failing; what was written stays, and
        writing everything again is safe."""
        self._began, self._units = self.clock(), 0.0
        total = Written()
        with ThreadPoolExecutor(self.threads) as pool:
            for chunk in batched(requests, CHUNK_REQUESTS):
                total.given += len(chunk)
                batches = iter(list(_batches(dict(chunk))))
                try:
                    for done in pool.map(self._write_batches, [batches] * self.threads):
                        total.add(done)
                finally:
                    deque(batches, maxlen=0)
        return total

    def _write_batches(self, batches: Iterator[Requests]) -> Written:
        """Writes batches from an iterator that the threads share, until it is empty; an error in one stops all."""
        done = Written()
        try:
            for batch in batches:
                self._write_batch(batch, done)
        except BaseException:
            deque(batches, maxlen=0)  # leaves nothing for the other threads
            raise
        return done

    def _write_batch(self, batch: Requests, done: Written) -> None:
        """Writes one batch, until every request is written or rejected."""
        waiting = batch
        attempt = 0
        while waiting:
            try:
                left = self._send(waiting, done)
            except ServiceError as error:
                if not error.may_pass:
                    self._refused(waiting, error, done)
                    return
                left, throttled = waiting, error.is_throttling
                if attempt + 1 >= self.service.retries.attempts:
                    raise self._given_up(error) from error
            else:
                throttled = bool(left)
                attempt = 0 if len(left) < len(waiting) else attempt
                if left and attempt + 1 >= self.service.retries.attempts:
                    raise self._given_up(ServiceError("UnprocessedItems", f"{len(left)} items, again and again", 200))
            if left:
                done.resent += len(left)
                if throttled:
                    done.throttled += 1
                    self.pace.throttled(self._units / max(self.clock() - self._began, 0.1))
                self.service.retries.wait(attempt, throttled=throttled)
                attempt += 1
            waiting = left

    def _send(self, requests: Requests, done: Written) -> Requests:
        """Sends the requests once; returns those left unprocessed."""
        expected = self._expected(requests)
        self.pace.take(expected)
        parts = (orjson.dumps(self.table), b",".join(requests.values()))
        body = b'{"RequestItems":{%b:[%b]},"ReturnConsumedCapacity":"TOTAL"}' % parts
        answer = self.service.transport("BatchWriteItem", body)
        left: Requests = {}
        if answer.get("UnprocessedItems"):
            with reading("UnprocessedItems"):
                keys = map(self._key_of, answer["UnprocessedItems"].get(self.table, ()))
                left = {key: requests[key] for key in keys}
        used = consumed_units(answer.get("ConsumedCapacity"))
        self._correct(expected, self._expected(left), used)
        done.units += used
        self._units += used
        done.requests += len(requests) - len(left)
        return left

    def _expected(self, requests: Requests) -> int:
        if self.units:
            return sum([self.units.get(key, 1) for key in requests])
        return sum([write_units(size) for size in map(len, requests.values())]) * (1 + self.copies)

    def _correct(self, taken: int, left: int, used: float) -> None:
        """Takes from the pace what was used beyond what was expected, and returns what was not, such as the units of
        requests that are left. Known units are not returned: DynamoDB charges them, though an emulator may say less."""
        excess = used - (taken - left) if used else 0.0
        if correction := (max(excess, 0.0) if self.units else excess) - left:
            self.pace.correct(correction)

    def _key_of(self, request: Mapping[str, Any]) -> str:
        """The key of a request that the service returned (it may write other values differently than we do)."""
        values = request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"]
        return str(values[self.key]["S"])

    def _refused(self, requests: Requests, error: ServiceError, done: Written) -> None:
        """Finds out which requests of a rejected batch are invalid; other errors than invalid data are raised."""
        if error.code not in ("ValidationException", "ItemCollectionSizeLimitExceededException"):
            raise error
        for key, request in requests.items():
            if len(requests) == 1:
                done.dead_letters.append(DeadLetter(self.table, key, request, error.message))
            else:
                self._write_batch({key: request}, done)

    def _given_up(self, error: ServiceError) -> UnavailableError:
        hint = "What was written stays. Try again later, perhaps with a lower store.max_write_units."
        return UnavailableError(f"{self.table} does not accept more items: {error}", hint=hint)


def keep_dead_letters(folder: Path, letters: Sequence[DeadLetter], now: datetime) -> str:
    """Appends the requests with table, key and reason to the file of the day, flushes it, and returns its path."""
    path = folder / f"{now:%Y-%m-%d}.ndjson"
    with disk_errors(folder):
        private_folder(folder)
        with open_private(path, "ab") as file:
            for letter in letters:
                line = {"table": letter.table, "key": letter.key, "reason": letter.reason}
                file.write(orjson.dumps({**line, "request": orjson.Fragment(letter.request)}) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    return str(path)


def _batches(requests: Requests) -> Iterator[Requests]:
    for keys in batched(sorted(requests, key=lambda key: zlib.crc32(key.encode())), BATCH_REQUESTS):
        yield from _fitting({key: requests[key] for key in keys})


def _fitting(batch: Requests) -> Iterator[Requests]:
    """The batch, halved until it is small enough to be sent."""
    if len(batch) == 1 or sum(map(len, batch.values())) <= BATCH_BYTES:
        yield batch
        return
    requests = iter(batch.items())
    yield from _fitting(dict(islice(requests, len(batch) // 2)))
    yield from _fitting(dict(requests))
