"""Creating the tables of the embedded store, comparing them with their specification, and dropping them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import chain

from omnix_cli.protocols.tables import TableChange, TableState
from omnix_cli.stores.sqlite.statements import TableSql
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.tables.shapes import IndexShape, TableShape, differences

_TYPES = {"TEXT": "text", "INTEGER": "number"}


class SqliteTables:
    """Implements `protocols.TableAdministration`."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def states(self) -> list[TableState]:
        missing = self._store.missing_tables()
        return [self._state(name, exists=name not in missing) for name in self._store.tables]

    def complete(self, *, dry_run: bool = False) -> list[TableChange]:
        """Creates what is missing; new columns are filled from the items."""
        missing = self._store.missing_tables()
        if not dry_run:
            self._store.create_tables()
        changes = [TableChange(name, "table") for name in missing]
        for name, sql in self._store.tables.items():
            if name not in missing:
                changes += self._complete(sql, dry_run=dry_run)
        return changes

    def drop(self, table: str) -> None:
        with self._store.transaction() as database:
            database.execute(self._store.tables[table].drop)

    def close(self) -> None:
        self._store.close()

    def _state(self, name: str, *, exists: bool) -> TableState:
        sql = self._store.tables[name]
        found, items, size = None, None, None
        if exists:
            with self._store.database() as database:
                found = _found(database, sql)
                items, size = database.execute(sql.size).fetchone()
        return TableState(
            table=name,
            full_name=sql.full_name,
            items=items,
            size_bytes=None if size is None else int(size),
            is_ours=True,
            is_protected=False,
            differences=differences(_wanted(sql), found),
        )

    def _complete(self, sql: TableSql, *, dry_run: bool) -> list[TableChange]:
        with self._store.database() as database:
            statements = dict(_additions(database, sql))
        if statements and not dry_run:
            with self._store.transaction() as database:
                for step in chain.from_iterable(statements.values()):
                    database.execute(step)
        return [TableChange(sql.spec.name, what) for what in statements]


def _wanted(sql: TableSql) -> TableShape:
    spec = sql.spec
    return TableShape(
        key=(f"{spec.key} text",),
        indexes={index.name: IndexShape((index.hash, *sql.order(index))) for index in spec.indexes},
        expiry=spec.ttl,
    )


def _found(database: sqlite3.Connection, sql: TableSql) -> TableShape:
    columns = _columns(database, sql)
    keys = database.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (sql.full_name,))
    return TableShape(
        key=tuple(f"{name} {_TYPES.get(columns[name], columns[name])}" for (name,) in keys),
        indexes=_indexes(database, sql),
        expiry=sql.spec.ttl if sql.spec.ttl in columns else None,
    )


def _columns(database: sqlite3.Connection, sql: TableSql) -> dict[str, str]:
    return dict(database.execute("SELECT name, type FROM pragma_table_info(?)", (sql.full_name,)).fetchall())


def _indexes(database: sqlite3.Connection, sql: TableSql) -> dict[str, IndexShape]:
    names = database.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?", (sql.full_name,)
    ).fetchall()
    beginning = sql.index_name("")
    return {
        name.removeprefix(beginning): IndexShape(
            tuple(part for (part,) in database.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,)))
        )
        for (name,) in names
    }


def _additions(database: sqlite3.Connection, sql: TableSql) -> Iterator[tuple[str, list[str]]]:
    """What an existing table lacks, each with the statements that create it."""
    columns, indexes = _columns(database, sql), _indexes(database, sql)
    for attribute in sql.columns:
        if attribute not in columns:
            yield ("expiry" if attribute == sql.spec.ttl else f"column {attribute}"), list(sql.add_column(attribute))
    for index in sql.spec.indexes:
        if index.name not in indexes:
            yield f"index {index.name}", [sql.create_index(index)]
