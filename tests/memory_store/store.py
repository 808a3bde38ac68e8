"""Tables in memory."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from omnix_cli.errors import NoTable
from omnix_cli.item_frames import Items, as_dictionaries
from omnix_cli.protocols.tables import NO_UNITS, Names, Page, StoreTraits, TableChange, TableState, Units
from omnix_cli.stores.sqlite.documents import decode, encode
from omnix_cli.stores.tables.paging import check_limit, cursor_at, position_of
from omnix_cli.stores.tables.shapes import IndexShape, TableShape, differences
from omnix_cli.stores.tables.specs import TABLES, TableSpec


class MemoryStore:
    """Implements `protocols.TableStore`: the JSON of each item by its key."""

    traits = StoreTraits()

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, str]] = {}
        self._lock = threading.RLock()

    def missing_tables(self, tables: Names = None) -> list[str]:
        return [name for name in (TABLES if tables is None else tables) if name not in self.tables]

    def create_tables(self, tables: Names = None) -> list[str]:
        missing = self.missing_tables(tables)
        self.tables.update({name: {} for name in missing})
        return missing

    def write_limit(self, table: str) -> None:
        return None

    def put_many(self, table: str, items: Items, *, units: Units = NO_UNITS) -> int:
        documents = []
        for item in as_dictionaries(items):
            TABLES[table].check(item)
            documents.append((item[TABLES[table].key], encode(item)))
        self._table(table).update(documents)
        return len(documents)

    def put_if(
        self, table: str, item: Mapping[str, Any], *, expected: Mapping[str, Any] | None, units: int | None = None
    ) -> bool:
        with self._lock:
            document = self._table(table).get(item[TABLES[table].key])
            stored = None if document is None else decode(document)
            if (stored is None) != (expected is None) or (stored and {**stored, **(expected or {})} != stored):
                return False
            self.put_many(table, [item])
            return True

    def update_many(self, table: str, changes: Iterable[Mapping[str, Any]], *, units: Units = NO_UNITS) -> list[str]:
        absent, documents = [], self._table(table)
        for change in changes:
            key = change[TABLES[table].key]
            if key in documents:
                self.put_many(table, [{**decode(documents[key]), **change}])
            else:
                absent.append(key)
        return absent

    def get(self, table: str, key: str, *, now: datetime) -> dict[str, Any] | None:
        return next((item for item in self.get_many(table, [key]) if _is_alive(TABLES[table], item, now)), None)

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        documents = self._table(table)
        return (decode(documents[key]) for key in keys if key in documents)

    def address(self, table: str) -> str:
        return f"memory:{id(self)}:{table}"

    def expected_items(self, table: str) -> int:
        return len(self._table(table))

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
        spec, names = TABLES[table], TABLES[table].index(index).attributes
        asked = (table, index, value, str(newest_first))
        last = None if cursor is None else position_of(cursor, len(names), query=asked)

        def order(item: Mapping[str, Any]) -> list[bytes]:
            return [item[name].encode() for name in (*names[1:], spec.key)]

        items = [item for item in self.scan(table) if all(name in item for name in names) and item[names[0]] == value]
        alive = sorted((item for item in items if _is_alive(spec, item, now)), key=order, reverse=newest_first)
        if last is not None:
            after = [part.encode() for part in last]
            alive = [item for item in alive if (order(item) < after if newest_first else order(item) > after)]
        page = alive[:limit]
        more = len(alive) > limit
        return Page(page, cursor_at([part.decode() for part in order(page[-1])], query=asked) if more else None)

    def scan(
        self,
        table: str,
        *,
        attributes: Sequence[str] | None = None,
        segment: int = 0,
        segments: int = 1,
        after: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        for key, document in sorted(self._table(table).items()):
            if key > (after or "") and zlib.crc32(key.encode()) % segments == segment:
                item = decode(document)
                yield item if attributes is None else {name: item[name] for name in attributes if name in item}

    def delete_many(self, table: str, keys: Iterable[str], *, units: Units = NO_UNITS) -> int:
        keys, documents = list(keys), self._table(table)
        for key in keys:
            documents.pop(key, None)
        return len(keys)

    def close(self) -> None:
        pass

    def _table(self, table: str) -> dict[str, str]:
        if table not in self.tables:
            raise NoTable(f"the table {table} does not exist", hint="`omnix tables create` creates it.")
        return self.tables[table]


class MemoryTables:
    """Implements `protocols.TableAdministration`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def states(self) -> list[TableState]:
        return [self._state(spec) for spec in TABLES.values()]

    def complete(self, *, dry_run: bool = False) -> list[TableChange]:
        names = self._store.missing_tables() if dry_run else self._store.create_tables()
        return [TableChange(name, "table") for name in names]

    def drop(self, table: str) -> None:
        self._store.tables.pop(table, None)

    def close(self) -> None:
        pass

    def _state(self, spec: TableSpec) -> TableState:
        wanted = TableShape((spec.key,), {index.name: IndexShape(index.attributes) for index in spec.indexes})
        documents = self._store.tables.get(spec.name)
        return TableState(
            table=spec.name,
            full_name=spec.name,
            items=None if documents is None else len(documents),
            size_bytes=None if documents is None else sum(map(len, documents.values())),
            is_ours=True,
            is_protected=False,
            differences=differences(wanted, None if documents is None else wanted),
        )


def _is_alive(spec: TableSpec, item: Mapping[str, Any], now: datetime) -> bool:
    expiry = item.get(spec.ttl) if spec.ttl else None
    return not isinstance(expiry, int | Decimal) or expiry > now.timestamp()
