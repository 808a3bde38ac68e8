"""The embedded table store: one SQLite file, one SQL table per table, the item as JSON beside the columns to find it
by."""

from __future__ import annotations

import re
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from weakref import WeakSet

import orjson

from omnix_cli.batching import batched
from omnix_cli.errors import os_failure
from omnix_cli.item_frames import Items
from omnix_cli.protocols.tables import NO_UNITS, Guard, Names, Page, StoreTraits, Units
from omnix_cli.stores.sqlite.documents import decode
from omnix_cli.stores.sqlite.errors import STORE, readable, rebuild, translated
from omnix_cli.stores.sqlite.statements import TableSql
from omnix_cli.stores.tables.paging import MAX_LIMIT, check_limit, cursor_at, position_of
from omnix_cli.stores.tables.specs import TABLES
from omnix_cli.stores.workspace.private import create_private, private_folder

TRANSACTION_ITEMS = 10_000
"""Items written in one transaction: enough to be fast, and few enough for other writers to get their turn."""
_PAGE_BYTES = 16_384  # items of a few kB fit into one page, but not into the usual 4 kB
_CACHE_KIB = 65_536  # the upper pages of a few indexes; with the usual 2 MB SQLite reads and writes them all the time
_FURTHER_CACHE_KIB = 4_096  # other threads read single items, as fast as with more: 16 times 64 MB would be 1 GB


@dataclass(eq=False)
class _OfThread:
    """The connection of one thread. It is closed when the thread ends: a server begins new threads all the time."""

    connection: sqlite3.Connection

    def __del__(self) -> None:
        self.connection.close()


@dataclass(eq=False)
class SqliteStore:
    """Implements `protocols.TableStore`. Several threads and processes may use the file at the same time: readers never
    wait, a writer waits up to `busy_seconds` for another one."""

    traits = StoreTraits(fences_writes=True)

    path: Path
    prefix: str = "omnix-ai"
    stage: str = "dev"
    busy_seconds: float = 10.0
    transaction_items: int = TRANSACTION_ITEMS

    def __post_init__(self) -> None:
        self.tables = {spec.name: TableSql(spec, spec.full_name(self.prefix, self.stage)) for spec in TABLES.values()}
        self._own = threading.local()
        self._open = WeakSet[_OfThread]()
        self._guard: Guard | None = None

    def missing_tables(self, tables: Names = None) -> list[str]:
        names = [name for name in self.tables if tables is None or name in tables]
        if not self.path.exists():
            return names
        with self.database() as database:
            there = {row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        return [name for name in names if self.tables[name].full_name not in there]

    def create_tables(self, tables: Names = None) -> list[str]:
        """Creates the missing tables, and the file and its folder."""
        if missing := [name for name in self.missing_tables() if tables is None or name in tables]:
            with self.transaction(create=True) as database:
                for name in missing:
                    for statement in self.tables[name].create():
                        database.execute(statement)
        return missing

    def write_limit(self, table: str) -> None:
        return None

    def put_many(self, table: str, items: Items, *, units: Units = NO_UNITS) -> int:
        """Puts the items in several transactions; those that were committed stay, whatever happens later."""
        sql = self.tables[table]
        return self._execute_many(sql, sql.put, sql.rows(items))

    @contextmanager
    def guarded(self, guard: Guard) -> Iterator[None]:
        """Implements `protocols.GuardedStore`: a write of another process comes before or after a whole transaction."""
        before, self._guard = self._guard, guard
        try:
            yield
        finally:
            self._guard = before

    def put_if(
        self, table: str, item: Mapping[str, Any], *, expected: Mapping[str, Any] | None, units: int | None = None
    ) -> bool:
        sql = self.tables[table]
        row = sql.row(item)
        with self.transaction() as database:
            stored = self._first(database, sql, sql.find, (item[sql.spec.key],))
            if (stored is None) != (expected is None):
                return False
            if stored and expected and any(stored.get(name) != value for name, value in expected.items()):
                return False
            database.execute(sql.put, row)
        return True

    def update_many(self, table: str, changes: Iterable[Mapping[str, Any]], *, units: Units = NO_UNITS) -> list[str]:
        sql = self.tables[table]
        absent = []
        for chunk in batched(changes, self.transaction_items):
            with self._bulk_transaction(sql) as database:
                for change in chunk:
                    key = change[sql.spec.key]
                    stored = self._first(database, sql, sql.find, (key,))
                    if stored is None:
                        absent.append(key)
                    else:
                        database.execute(sql.put, sql.row({**stored, **change}))
        return absent

    def get(self, table: str, key: str, *, now: datetime) -> dict[str, Any] | None:
        sql = self.tables[table]
        with self.database() as database:
            return self._first(database, sql, sql.find + sql.alive, (key, *sql.alive_at(now)))

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        sql = self.tables[table]
        for chunk in batched(keys, MAX_LIMIT):
            with self.database() as database:
                rows = database.execute(sql.find_many, (orjson.dumps(chunk).decode(),)).fetchall()
            yield from (self._item(sql, row[0]) for row in rows)

    def address(self, table: str) -> str:
        """The file, and the name of the table in it."""
        return f"{self.path.absolute()}:{self.tables[table].full_name}"

    def expected_items(self, table: str) -> int:
        with self.database() as database:
            (count,) = database.execute(self.tables[table].count).fetchone()
        return int(count)

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
        sql = self.tables[table]
        spec = sql.spec.index(index)
        asked = (table, index, value, str(newest_first))
        position = [] if cursor is None else position_of(cursor, len(sql.order(spec)), query=asked)
        statement = sql.page(spec, after=bool(position), newest_first=newest_first)
        with self.database() as database:
            rows = database.execute(statement, (value, *position, *sql.alive_at(now), limit + 1)).fetchall()
        more = len(rows) > limit
        return Page(
            [self._item(sql, row[-1]) for row in rows[:limit]],
            cursor_at(rows[limit - 1][:-1], query=asked) if more else None,
        )

    def scan(
        self, table: str, *, attributes: Names = None, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Every item by key, read in pages so that nothing stays open; a segment has the keys of one checksum."""
        sql = self.tables[table]
        last = after or ""
        while True:
            with self.database() as database:
                rows = database.execute(sql.scan, (last, MAX_LIMIT)).fetchall()
            for key, document in rows:
                if segments == 1 or zlib.crc32(str(key).encode()) % segments == segment:
                    item = self._item(sql, document)
                    yield item if attributes is None else {name: item[name] for name in attributes if name in item}
            if len(rows) < MAX_LIMIT:
                return
            last = rows[-1][0]

    def delete_many(self, table: str, keys: Iterable[str], *, units: Units = NO_UNITS) -> int:
        return self._execute_many(self.tables[table], self.tables[table].delete, ((key,) for key in keys))

    @contextmanager
    def transaction(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """The file, to write to: everything is written or nothing."""
        with self.database(create=create) as database, database:
            database.execute("BEGIN IMMEDIATE")
            yield database

    @contextmanager
    def database(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """The file. Errors of sqlite3 become errors of omnix."""
        with translated(self.path):
            own: _OfThread | None = getattr(self._own, "connection", None)
            if own is None:
                own = self._own.connection = _OfThread(self._connect(create=create))
                self._open.add(own)
            yield own.connection

    def delete_expired(self, table: str, now: datetime, *, dry_run: bool = False) -> int:
        """Deletes the items of a table that have expired, unless `dry_run`; returns how many. Nothing else does it,
        unlike in DynamoDB."""
        sql = self.tables[table]
        if self.missing_tables((table,)):
            return 0
        if dry_run:
            with self.database() as database:
                return int(database.execute(sql.count_expired, sql.alive_at(now)).fetchone()[0])
        with self.transaction() as database:
            return database.execute(sql.delete_expired, sql.alive_at(now)).rowcount

    def others_in_file(self) -> Iterator[SqliteStore]:
        """The stores of other prefixes and stages in the same file: copies of tables, for example."""
        if not self.path.exists():
            return
        with self.database() as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        found = {name: re.fullmatch(rf"(.+)-(?:{'|'.join(TABLES)})-(.+)", name) for name in names}
        places = {(match[1], match[2]) for match in found.values() if match} - {(self.prefix, self.stage)}
        yield from (SqliteStore(self.path, prefix, stage) for prefix, stage in sorted(places))

    def overwrite_deleted(self) -> None:
        """Implements `protocols.OverwritingStore`: the file is written anew, so that no free page and no log keeps what
        was deleted or replaced. Raises `UnavailableError` while another process reads old pages."""
        with self.database() as database:
            rebuild(database, self.path, STORE)

    def close(self) -> None:
        for one in list(self._open):
            one.connection.close()
        self._own = threading.local()

    @contextmanager
    def _bulk_transaction(self, sql: TableSql) -> Iterator[sqlite3.Connection]:
        guard = self._guard
        if guard is not None:
            guard.check()
        with self.transaction() as database:
            if guard is not None:
                stored = self._first(database, sql, sql.find, (guard.key,)) or {}
                if any(stored.get(name) != value for name, value in guard.expected.items()):
                    raise guard.lost()
            yield database

    def _execute_many(self, sql: TableSql, statement: str, arguments: Iterable[tuple[Any, ...]]) -> int:
        count = 0
        for chunk in batched(arguments, self.transaction_items):
            with self._bulk_transaction(sql) as database:
                database.executemany(statement, chunk)
            count += len(chunk)
        return count

    def _first(
        self, database: sqlite3.Connection, sql: TableSql, statement: str, arguments: tuple[Any, ...]
    ) -> dict[str, Any] | None:
        row = database.execute(statement, arguments).fetchone()
        return None if row is None else self._item(sql, row[0])

    def _item(self, sql: TableSql, document: Any) -> dict[str, Any]:
        with readable(self.path):
            item = decode(document)
            if type(item.get(sql.spec.key)) is not str:
                raise ValueError("the item has no key")
        return item

    def _connect(self, *, create: bool) -> sqlite3.Connection:
        if create:
            try:
                private_folder(self.path.parent)
                create_private(self.path)
            except OSError as error:
                raise os_failure(error, f"the store {self.path} cannot be created") from error
        uri = f"{self.path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
        wait = self.busy_seconds
        # Each connection is used by one thread, but any thread may close it.
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=wait, check_same_thread=False)
        try:
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            connection.execute(f"PRAGMA cache_size = -{_FURTHER_CACHE_KIB if self._open else _CACHE_KIB}")
            connection.execute("PRAGMA journal_mode = WAL")
            # In WAL mode, NORMAL survives a killed process; a power cut can only undo the last transactions.
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection
