"""Tables in DynamoDB behind the protocol of a table store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from itertools import islice, starmap
from typing import Any

import polars as pl

from omnix_cli.errors import ItemsRefused
from omnix_cli.item_frames import Items
from omnix_cli.protocols.tables import Page, StoreTraits, WriteLimit
from omnix_cli.settings import TableSettings
from omnix_cli.stores.dynamodb.administration import EVERY_TABLE, DynamoTables
from omnix_cli.stores.dynamodb.batch_reads import read_items
from omnix_cli.stores.dynamodb.client.retries import Pace, Retries
from omnix_cli.stores.dynamodb.client.service import Service, explained
from omnix_cli.stores.dynamodb.client.transports import Request, ServiceError, Transport
from omnix_cli.stores.dynamodb.wire import encoded, from_wire, to_wire
from omnix_cli.stores.dynamodb.writing.bulk_writer import (
    WINDOW_REQUESTS,
    BulkWriter,
    DeadLetter,
    WriteRequest,
    Written,
    delete_request,
    put_request,
)
from omnix_cli.stores.dynamodb.writing.encoded_frames import encoded_frame
from omnix_cli.stores.dynamodb.writing.pacing import UNLIMITED, WritePacing
from omnix_cli.stores.tables.paging import check_limit, cursor_at, position_of
from omnix_cli.stores.tables.specs import TABLES, TableSpec

_CONDITION_FAILED = "ConditionalCheckFailedException"


class DynamoStore:
    """Implements `protocols.TableStore`. Several threads and processes may use the same tables."""

    traits = StoreTraits(bills_capacity=True, scans_in_parallel=True)

    def __init__(
        self,
        transport: Transport,
        *,
        prefix: str = "omnix-ai",
        stage: str = "dev",
        retries: Retries | None = None,
        pacing: WritePacing = UNLIMITED,
        threads: int = 4,
        tables: TableSettings = EVERY_TABLE,
        set_aside: Callable[[Sequence[DeadLetter]], str] = lambda letters: "",
    ) -> None:
        self._service = Service(transport, retries or Retries())
        self._tables = DynamoTables(self._service, prefix=prefix, stage=stage, options=tables)
        self._names = {spec.name: spec.full_name(prefix, stage) for spec in TABLES.values()}
        self._pacing = pacing
        self._paces: dict[str, Pace] = {}
        self._threads = threads
        self._set_aside = set_aside

    def missing_tables(self) -> list[str]:
        """The tables of ours that do not exist."""
        return self._tables.missing()

    def create_tables(self) -> list[str]:
        """Creates what is missing and waits until it can be used; returns the names created."""
        return self._tables.create_missing()

    def write_limit(self, table: str) -> WriteLimit | None:
        """What the pacing allows for the table as DynamoDB describes it."""
        return self._pacing.limit(lambda: self._description(table))

    def put_many(self, table: str, items: Items) -> int:
        """Puts the items in bulk, the last of a key counting. Raises `ItemsRefused` when some were refused for what
        they are; the others are written all the same."""
        spec = TABLES[table]
        counted = _Counted(encoded_frame(spec, items) if isinstance(items, pl.DataFrame) else _encoded(spec, items))
        self._write(table, starmap(put_request, counted))
        return counted.count

    def delete_many(self, table: str, keys: Iterable[str]) -> int:
        """Deletes the items that are there; returns how many keys were given."""
        counted = _Counted(keys)
        key = TABLES[table].key
        self._write(table, (delete_request(key, value) for value in counted))
        return counted.count

    def writer(self, table: str) -> BulkWriter:
        """A bulk writer for one table."""
        spec = TABLES[table]
        return BulkWriter(
            self._service.transport,
            self._names[table],
            spec.key,
            self._service.retries,
            self._pace(table),
            threads=self._threads,
            copies=len(spec.indexes),
        )

    def put_if(self, table: str, item: Mapping[str, Any], *, expected: Mapping[str, Any] | None) -> bool:
        """Puts the item only when the stored one has the `expected` attribute values (None: when there is none)."""
        spec = TABLES[table]
        spec.check(item)
        wire = to_wire(item)
        request = {"TableName": self._names[table], "Item": wire, **_condition(spec.key, expected)}
        unsure: list[ServiceError] = []
        try:
            self._service.call("PutItem", request, unsure.append)
        except ServiceError as error:
            if error.code != _CONDITION_FAILED:
                raise explained(error, self._names[table]) from error
            # An answer may have been lost after the item was put: then it is there already, by our own hand.
            return bool(unsure) and self._item(table, item[spec.key]) == from_wire(wire)
        return True

    def update_many(self, table: str, changes: Iterable[Mapping[str, Any]]) -> list[str]:
        """Sets the attributes given beside each key; returns the keys of which no item is stored."""
        spec = TABLES[table]
        remaining = _checked(spec, changes)
        absent = []
        with ThreadPoolExecutor(self._threads) as pool:
            while window := list(islice(remaining, WINDOW_REQUESTS)):
                by_key: dict[str, list[Mapping[str, Any]]] = {}
                for change in window:
                    by_key.setdefault(change[spec.key], []).append(change)
                there = pool.map(lambda several: all([self._update(spec, one) for one in several]), by_key.values())
                absent += [key for key, found in zip(by_key, there, strict=True) if not found]
        return absent

    def get(self, table: str, key: str, *, now: datetime) -> dict[str, Any] | None:
        """The item, unless it has expired at `now`; read consistently."""
        item = self._item(table, key)
        return item if item is not None and _is_alive(TABLES[table], item, now) else None

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
        """One page of the items of one hash value; items of the same range value are in no promised order. Indexes
        follow the table after a moment. Raises `ConfigError` for a limit or cursor that cannot be."""
        check_limit(limit)
        spec = TABLES[table]
        names = tuple(dict.fromkeys((*spec.index(index).attributes, spec.key)))
        request: dict[str, Any] = {
            "TableName": self._names[table],
            "IndexName": index,
            "KeyConditionExpression": "#hash = :hash",
            "ExpressionAttributeNames": {"#hash": spec.index(index).hash},
            "ExpressionAttributeValues": {":hash": {"S": value}},
            "ScanIndexForward": not newest_first,
        }
        if spec.ttl:
            request["FilterExpression"] = (
                "attribute_not_exists(#ttl) OR NOT attribute_type(#ttl, :number) OR #ttl > :now"
            )
            request["ExpressionAttributeNames"]["#ttl"] = spec.ttl
            request["ExpressionAttributeValues"] |= {":number": {"S": "N"}, ":now": {"N": f"{now.timestamp():.6f}"}}
        position = None if cursor is None else _position(cursor, names, value)
        items: list[dict[str, Any]] = []
        while True:
            more = limit + 1 - len(items)  # one beyond the page tells whether there is a next one
            start = {"ExclusiveStartKey": position} if position else {}
            answer = self._answer("Query", {**request, **start, "Limit": more}, table)
            items += map(from_wire, answer.get("Items", ()))
            position = answer.get("LastEvaluatedKey")
            if len(items) > limit:
                last = to_wire({name: items[limit - 1][name] for name in names})
                return Page(items[:limit], cursor_at(last))
            if position is None:
                return Page(items, None)

    def scan(
        self,
        table: str,
        *,
        attributes: Sequence[str] | None = None,
        segment: int = 0,
        segments: int = 1,
        after: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Every item, page by page; the segments are those of a parallel scan."""
        start = None if after is None else {TABLES[table].key: {"S": after}}
        pages = self.scan_pages(table, attributes=attributes, segment=segment, segments=segments, start=start)
        for page in pages:
            yield from map(from_wire, page["Items"])

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Those items that are there, also the expired; read consistently."""
        return read_items(self._service, self._names[table], TABLES[table].key, keys)

    def address(self, table: str) -> str:
        """The ARN of the table."""
        return str(self._description(table)["TableArn"])

    def expected_items(self, table: str) -> int:
        """How many items DynamoDB counted, which it does every six hours."""
        return int(self._description(table)["ItemCount"])

    def scan_pages(
        self,
        table: str,
        *,
        attributes: Sequence[str] | None = None,
        segment: int = 0,
        segments: int = 1,
        start: Mapping[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The answers of a scan as the service gives them, from a `LastEvaluatedKey` on if given."""
        request: dict[str, Any] = {"TableName": self._names[table], "ReturnConsumedCapacity": "TOTAL"}
        if segments > 1:
            request |= {"Segment": segment, "TotalSegments": segments}
        if attributes is not None:
            names = {f"#a{number}": name for number, name in enumerate(attributes)}
            request |= {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
        position = start
        while True:
            answer = self._answer("Scan", {**request, **({"ExclusiveStartKey": position} if position else {})}, table)
            yield answer
            position = answer.get("LastEvaluatedKey")
            if position is None:
                return

    def close(self) -> None:
        """Closes the connections; the next call opens new ones."""
        self._service.transport.close()

    def _pace(self, table: str) -> Pace:
        """What all writes to a table share; where nothing is set, each finds its own."""
        if self._pacing == UNLIMITED:
            return Pace()
        if table not in self._paces:
            self._paces.setdefault(table, self._pacing.pace(lambda: self._description(table)))
        return self._paces[table]

    def _description(self, table: str) -> dict[str, Any]:
        found: dict[str, Any] = self._answer("DescribeTable", {"TableName": self._names[table]}, table)["Table"]
        return found

    def _item(self, table: str, key: str) -> dict[str, Any] | None:
        request = {
            "TableName": self._names[table],
            "Key": {TABLES[table].key: {"S": key}},
            "ConsistentRead": True,
        }
        answer = self._answer("GetItem", request, table)
        return from_wire(answer["Item"]) if "Item" in answer else None

    def _update(self, spec: TableSpec, change: Mapping[str, Any]) -> bool:
        """Sets attributes of one item; false when it is not there."""
        key = change[spec.key]
        values = {name: value for name, value in change.items() if name != spec.key}
        request: dict[str, Any] = {
            "TableName": self._names[spec.name],
            "Key": {spec.key: {"S": key}},
            "ConditionExpression": "attribute_exists(#key)",
            "ExpressionAttributeNames": {"#key": spec.key, **{f"#n{n}": name for n, name in enumerate(values)}},
        }
        if values:
            request["UpdateExpression"] = "SET " + ", ".join(f"#n{n} = :v{n}" for n in range(len(values)))
            request["ExpressionAttributeValues"] = {f":v{n}": value for n, value in enumerate(to_wire(values).values())}
        try:
            self._service.call("UpdateItem", request)
        except ServiceError as error:
            if error.code != _CONDITION_FAILED:
                raise explained(error, self._names[spec.name]) from error
            return False
        return True

    def _answer(self, operation: str, request: Request, table: str) -> dict[str, Any]:
        return self._service.answer(operation, request, self._names[table])

    def _write(self, table: str, requests: Iterable[WriteRequest]) -> None:
        try:
            written = self.writer(table).write(requests)
        except ServiceError as error:
            raise explained(error, self._names[table]) from error
        self._settle(written)

    def _settle(self, written: Written) -> None:
        """Sets aside what was refused, and tells of it."""
        if not written.dead_letters:
            return
        first, more = written.dead_letters[0], len(written.dead_letters) - 1
        place = self._set_aside(written.dead_letters)
        raise ItemsRefused(
            f"{first.table} refuses the item `{first.key}`: {first.reason}" + (f" (and {more} more)" if more else ""),
            keys=tuple(letter.key for letter in written.dead_letters),
            hint="All other items were written." + (f" The refused ones are in {place}." if place else ""),
        )


class _Counted:
    """Counts what passes by."""

    def __init__(self, values: Iterable[Any]) -> None:
        self._values = values
        self.count = 0

    def __iter__(self) -> Iterator[Any]:
        for value in self._values:
            self.count += 1
            yield value


def _checked(spec: TableSpec, items: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        spec.check(item)
        yield item


def _encoded(spec: TableSpec, items: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, bytes]]:
    for item in items:
        spec.check(item)
        yield item[spec.key], encoded(item)


def _condition(key: str, expected: Mapping[str, Any] | None) -> dict[str, Any]:
    """The condition that the stored item has these values, or is not there."""
    if not expected:
        exists = "attribute_not_exists" if expected is None else "attribute_exists"
        return {"ConditionExpression": f"{exists}(#key)", "ExpressionAttributeNames": {"#key": key}}
    numbers = range(len(expected))
    return {
        "ConditionExpression": " AND ".join(f"#n{number} = :v{number}" for number in numbers),
        "ExpressionAttributeNames": {f"#n{number}": name for number, name in enumerate(expected)},
        "ExpressionAttributeValues": {f":v{n}": value for n, value in enumerate(to_wire(expected).values())},
    }


def _is_alive(spec: TableSpec, item: Mapping[str, Any], now: datetime) -> bool:
    expiry = item.get(spec.ttl) if spec.ttl else None
    return not isinstance(expiry, int | Decimal) or expiry > now.timestamp()


def _position(cursor: str, names: tuple[str, ...], value: str) -> dict[str, Any]:
    """The key that a page of this hash value ended with, from its cursor."""

    def fits(position: Any) -> bool:
        has_names = isinstance(position, dict) and set(position) == set(names)
        return (
            has_names and position[names[0]] == {"S": value} and all(set(part) == {"S"} for part in position.values())
        )

    position: dict[str, Any] = position_of(cursor, fits)
    return position
