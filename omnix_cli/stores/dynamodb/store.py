"""The table store of an AWS account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import starmap
from typing import Any

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.errors import ItemsRefused
from omnix_cli.item_frames import Items
from omnix_cli.protocols.tables import NO_UNITS, Guard, Names, Page, StoreTraits, Units, WriteLimit
from omnix_cli.settings import TableSettings
from omnix_cli.stores.dynamodb import wire
from omnix_cli.stores.dynamodb.administration import EVERY_TABLE, DynamoTables
from omnix_cli.stores.dynamodb.client.answers import last_key, understood
from omnix_cli.stores.dynamodb.client.errors import ServiceError, explained
from omnix_cli.stores.dynamodb.client.service import Pace, Retries, Service
from omnix_cli.stores.dynamodb.client.transports import GuardedTransport, Request, Transport
from omnix_cli.stores.dynamodb.wire import Placeholders, encoded, from_wire, to_wire
from omnix_cli.stores.dynamodb.writing.bulk_writer import (
    BulkWriter,
    DeadLetter,
    WriteRequest,
    delete_request,
    put_request,
)
from omnix_cli.stores.dynamodb.writing.encoded_frames import encoded_frame
from omnix_cli.stores.dynamodb.writing.limits import UNLIMITED, WritePacing
from omnix_cli.stores.dynamodb.writing.update_writer import UpdateWriter
from omnix_cli.stores.tables.paging import check_limit, cursor_at, position_of
from omnix_cli.stores.tables.specs import TABLES, TableSpec

BATCH_KEYS = 100


@dataclass(eq=False)
class DynamoStore:
    """Implements `protocols.TableStore`. Several threads and processes may use the same tables."""

    traits = StoreTraits(bills_capacity=True, is_administered=True, scans_in_parallel=True)

    transport: Transport
    prefix: str = "omnix-ai"
    stage: str = "dev"
    retries: Retries = field(default_factory=Retries)
    pacing: WritePacing = UNLIMITED
    threads: int = 4
    tables: TableSettings = EVERY_TABLE
    keep_dead_letters: Callable[[Sequence[DeadLetter]], str] = lambda letters: ""
    _paces: dict[str, Pace] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._guarded = GuardedTransport(self.transport)
        self._service = Service(self._guarded, self.retries)
        self._tables = DynamoTables(self._service, prefix=self.prefix, stage=self.stage, options=self.tables)
        self._names = self._tables.names

    def missing_tables(self, tables: Names = None) -> list[str]:
        return self._tables.missing(tables)

    def create_tables(self, tables: Names = None) -> list[str]:
        missing = self._tables.missing(tables)
        self._tables.complete(only=missing)
        return missing

    def write_limit(self, table: str) -> WriteLimit | None:
        with understood(self._names[table]):
            return self.pacing.limit(lambda: self._description(table))

    @contextmanager
    def guarded(self, guard: Guard) -> Iterator[None]:
        """Implements `protocols.GuardedStore`. A batch cannot have a condition, so a process that is stopped between
        `check` and the end of sending can write as many batches too late as it has threads."""
        before, self._guarded.check = self._guarded.check, guard.check
        try:
            yield
        finally:
            self._guarded.check = before

    def put_many(self, table: str, items: Items, *, units: Units = NO_UNITS) -> int:
        spec = TABLES[table]
        pairs = encoded_frame(spec, items) if isinstance(items, pl.DataFrame) else _encoded(spec, items)
        return self._write(table, starmap(put_request, pairs), units)

    def delete_many(self, table: str, keys: Iterable[str], *, units: Units = NO_UNITS) -> int:
        return self._write(table, map(partial(delete_request, TABLES[table].key), keys), units)

    def put_if(
        self, table: str, item: Mapping[str, Any], *, expected: Mapping[str, Any] | None, units: int | None = None
    ) -> bool:
        spec = TABLES[table]
        spec.check(item)
        tagged = to_wire(item)
        request = {"TableName": self._names[table], "Item": tagged, **wire.condition(spec.key, expected)}
        unsure: list[ServiceError] = []
        if units is not None:
            self._pace(table).take(units)
        try:
            self._service.call("PutItem", request, unsure.append)
        except ServiceError as error:
            if error.code != "ConditionalCheckFailedException":
                raise explained(error, self._names[table]) from error
            # The answer to an earlier attempt may have been lost: then we have already put the item.
            return bool(unsure) and self._item(table, item[spec.key]) == from_wire(tagged)
        if units is None:  # the writes that follow wait for it
            self._pace(table).correct(spec.write_units(None, item))
        return True

    def update_many(self, table: str, changes: Iterable[Mapping[str, Any]], *, units: Units = NO_UNITS) -> list[str]:
        spec, name = TABLES[table], self._names[table]
        writer = UpdateWriter(self._service, name, spec.key, self._pace(table), self.threads, units)
        try:
            return writer.write(_checked(spec, changes))
        except ServiceError as error:
            raise explained(error, name) from error

    def get(self, table: str, key: str, *, now: datetime) -> dict[str, Any] | None:
        item = self._item(table, key) or {}
        expiry = item.get(TABLES[table].ttl or "")
        has_expired = isinstance(expiry, int | Decimal) and expiry <= now.timestamp()
        return None if has_expired else item or None

    def query(
        self,
        table: str,
        index: str,
        value: str,
        *,
        now: datetime,
        limit: int = 50,
        cursor: str | None = None,
        newest_first: bool = True,
    ) -> Page:
        check_limit(limit)
        spec = TABLES[table]
        keys = tuple(dict.fromkeys((*spec.index(index).attributes, spec.key)))
        names = Placeholders()
        request: dict[str, Any] = {
            "TableName": self._names[table],
            "IndexName": index,
            "KeyConditionExpression": " AND ".join(names.equal({spec.index(index).hash: value})),
            "ScanIndexForward": not newest_first,
        }
        if spec.ttl:
            request["FilterExpression"] = wire.alive(names, spec.ttl, now.timestamp())
        request |= names.in_request()
        position, asked = None, (table, index, value, str(newest_first))
        if cursor is not None:
            texts = position_of(cursor, len(keys), query=asked)
            position = {name: {"S": text} for name, text in zip(keys, texts, strict=True)}
        items: list[dict[str, Any]] = []
        while True:
            more = limit + 1 - len(items)  # one more than the page, to know whether there is a next one
            start = {"ExclusiveStartKey": position} if position else {}
            answer = self._answer("Query", {**request, **start, "Limit": more}, table)
            with understood(self._names[table]):
                items += map(from_wire, answer["Items"])
                position = last_key(answer, position)
            if len(items) > limit:
                return Page(items[:limit], cursor_at([items[limit - 1][name] for name in keys], query=asked))
            if position is None:
                return Page(items, None)

    def scan(
        self, table: str, *, attributes: Names = None, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """The segments are those of a parallel scan."""
        request = {"TableName": self._names[table], **({} if attributes is None else wire.projection(attributes))}
        if segments > 1:
            request |= {"Segment": segment, "TotalSegments": segments}
        position = None if after is None else {TABLES[table].key: {"S": after}}
        while True:
            start = {"ExclusiveStartKey": position} if position else {}
            answer = self._answer("Scan", {**request, **start}, table)
            with understood(self._names[table]):
                items = list(map(from_wire, answer["Items"]))
                position = last_key(answer, position)
            yield from items
            if position is None:
                return

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Reads consistently. An answer has up to 100 items of 16 MB together; keys that it leaves out are sent again.

        Source: API reference, BatchGetItem."""
        name, key = self._names[table], TABLES[table].key
        for some in batched(dict.fromkeys(keys), BATCH_KEYS):
            batch, attempt = [{key: {"S": value}} for value in some], 0
            while batch:
                request = {"RequestItems": {name: {"Keys": batch, "ConsistentRead": True}}}
                answer = self._answer("BatchGetItem", request, table)
                with understood(self._names[table]):
                    items = list(map(from_wire, answer["Responses"].get(name, ())))
                    left = answer["UnprocessedKeys"].get(name, {}).get("Keys", [])
                yield from items
                attempt = attempt + 1 if len(left) == len(batch) else 0
                if attempt == self.retries.attempts:
                    raise explained(ServiceError("UnprocessedKeys", f"{len(left)} keys, again and again", 0), name)
                if left:
                    self.retries.wait(attempt, throttled=True)
                batch = left

    def address(self, table: str) -> str:
        with understood(self._names[table]):
            return str(self._description(table)["TableArn"])

    def expected_items(self, table: str) -> int:
        """How many items DynamoDB counted; it counts every six hours."""
        with understood(self._names[table]):
            return int(self._description(table)["ItemCount"])

    def close(self) -> None:
        self.transport.close()

    def _pace(self, table: str) -> Pace:
        """The pace that all writes to a table share; without a limit, each write adapts on its own."""
        if self.pacing == UNLIMITED:
            return Pace()
        if table not in self._paces:
            with understood(self._names[table]):
                self._paces.setdefault(table, self.pacing.pace(lambda: self._description(table)))
        return self._paces[table]

    def _description(self, table: str) -> dict[str, Any]:
        return dict(self._answer("DescribeTable", {"TableName": self._names[table]}, table)["Table"])

    def _item(self, table: str, key: str) -> dict[str, Any] | None:
        request = {"TableName": self._names[table], "Key": {TABLES[table].key: {"S": key}}, "ConsistentRead": True}
        answer = self._answer("GetItem", request, table)
        with understood(self._names[table]):
            return from_wire(answer["Item"]) if "Item" in answer else None

    def _answer(self, operation: str, request: Request, table: str) -> dict[str, Any]:
        return self._service.answer(operation, request, self._names[table])

    def _write(self, table: str, requests: Iterable[WriteRequest], units: Units) -> int:
        """Writes in bulk; keeps the requests that DynamoDB rejects and raises `ItemsRefused`. Returns how many requests
        were given."""
        spec, name, pace = TABLES[table], self._names[table], self._pace(table)
        copies = len(spec.indexes)
        writer = BulkWriter(self._service, name, spec.key, pace, self.threads, copies=copies, units=units)
        try:
            written = writer.write(requests)
        except ServiceError as error:
            raise explained(error, name) from error
        if not written.dead_letters:
            return written.given
        first, more = written.dead_letters[0], len(written.dead_letters) - 1
        kept_in = self.keep_dead_letters(written.dead_letters)
        raise ItemsRefused(
            f"{first.table} rejects the item `{first.key}`: {first.reason}" + (f" (and {more} more)" if more else ""),
            keys=tuple(letter.key for letter in written.dead_letters),
            hint="All other items were written." + (f" The rejected ones are in {kept_in}." if kept_in else ""),
        )


def _encoded(spec: TableSpec, items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, bytes]]:
    for item in items:
        spec.check(item)
        yield item[spec.key], encoded(item)


def _checked(spec: TableSpec, changes: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for change in changes:
        spec.check(change)
        yield change
