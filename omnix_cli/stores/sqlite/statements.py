"""A table in SQL: the key, index and expiry attributes as columns, and the item itself as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from omnix_cli.item_frames import Items, items_of
from omnix_cli.stores.sqlite.documents import encode
from omnix_cli.stores.sqlite.frame_documents import frame_documents
from omnix_cli.stores.tables.specs import IndexSpec, TableSpec

_FRAME_ROWS = 5_000


class TableSql:
    """The statements of one table, and their arguments."""

    def __init__(self, spec: TableSpec, full_name: str) -> None:
        self.spec = spec
        self.full_name = full_name
        columns = (spec.key, *self.columns, "document")
        key, name = _quoted(spec.key), _quoted(full_name)
        self.put = f"REPLACE INTO {name} ({', '.join(map(_quoted, columns))}) VALUES ({', '.join('?' * len(columns))})"
        self.find = f"SELECT document FROM {name} WHERE {key} = ?"
        self.find_many = f"SELECT document FROM {name} WHERE {key} IN (SELECT value FROM json_each(?))"
        self.count = f"SELECT count(*) FROM {name}"
        self.scan = f"SELECT {key}, document FROM {name} WHERE {key} > ? ORDER BY {key} LIMIT ?"
        self.size = f"SELECT COUNT(*), TOTAL(LENGTH(CAST(document AS BLOB))) FROM {name}"
        self.drop = f"DROP TABLE IF EXISTS {name}"
        self.delete = f"DELETE FROM {name} WHERE {key} = ?"
        self.alive = f" AND ({_quoted(spec.ttl)} IS NULL OR {_quoted(spec.ttl)} > ?)" if spec.ttl else ""

    @property
    def delete_expired(self) -> str:
        """Deletes the items that are no longer `alive`; the table must have an expiry attribute."""
        return f"DELETE FROM {self._expired}"

    @property
    def count_expired(self) -> str:
        return f"SELECT count(*) FROM {self._expired}"

    @property
    def _expired(self) -> str:
        return f"{_quoted(self.full_name)} WHERE {_quoted(self.spec.ttl or '')} <= ?"

    @property
    def columns(self) -> dict[str, str]:
        """The columns to find items by, except the key, and their types."""
        columns = dict.fromkeys(self.spec.index_attributes, "TEXT")
        return columns | ({self.spec.ttl: "INTEGER"} if self.spec.ttl else {})

    def create(self) -> Iterator[str]:
        """The statements that create the table and its indexes. It has row ids: DuckDB cannot count the rows of a table
        without, and SQLite writes it as fast."""
        columns = [f"{_quoted(self.spec.key)} TEXT NOT NULL PRIMARY KEY"]
        columns += [f"{_quoted(attribute)} {kind}" for attribute, kind in self.columns.items()]
        table = _quoted(self.full_name)
        yield f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)}, document TEXT NOT NULL)"
        yield from map(self.create_index, self.spec.indexes)

    def create_index(self, index: IndexSpec) -> str:
        """The statement that creates an index. Items that lack one of its attributes are left out."""
        order = ", ".join(map(_quoted, (index.hash, *self.order(index))))
        name, table = _quoted(self.index_name(index.name)), _quoted(self.full_name)
        return f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({order}) WHERE {_is_in(index)}"

    def index_name(self, index: str) -> str:
        """The name of an index in the file, in which index names are unique."""
        return f"{self.full_name}/{index}"

    def add_column(self, attribute: str) -> Iterator[str]:
        """The statements that add a column and fill it from the items."""
        table, column, kind = _quoted(self.full_name), _quoted(attribute), self.columns[attribute]
        path = f"'$.{column}'"
        fits = "'text'" if kind == "TEXT" else "'integer', 'real'"
        yield f"ALTER TABLE {table} ADD COLUMN {column} {kind}"
        yield (
            f"UPDATE {table} SET {column} = CAST(json_extract(document, {path}) AS {kind})"
            f" WHERE json_type(document, {path}) IN ({fits})"
        )

    def row(self, item: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values of the columns."""
        self.spec.check(item)
        values = [item[self.spec.key], *(item.get(attribute) for attribute in self.spec.index_attributes)]
        if self.spec.ttl:
            expiry = item.get(self.spec.ttl)
            values.append(int(expiry) if isinstance(expiry, int | Decimal) else None)
        return (*values, encode(item))

    def rows(self, items: Items) -> Iterator[tuple[Any, ...]]:
        """The values of the columns of each item."""
        if not isinstance(items, pl.DataFrame):
            yield from map(self.row, items)
            return
        self.spec.check_frame(items)
        for chunk in items.iter_slices(_FRAME_ROWS):
            documents = frame_documents(chunk)
            if documents is None:
                yield from map(self.row, items_of(chunk))
            else:
                yield from zip(
                    *(self._values(chunk, name) for name in (self.spec.key, *self.columns)), documents, strict=True
                )

    def _values(self, items: pl.DataFrame, name: str) -> list[Any]:
        """The values of a column of the table, null where the items have none that fits."""
        absent: list[Any] = [None] * items.height
        if name not in items.columns:
            return absent
        values = items[name]
        if name != self.spec.ttl:
            return values.to_list()
        is_number = values.dtype.is_integer() or values.dtype.is_decimal()
        return values.cast(pl.Int64).to_list() if is_number else absent

    def alive_at(self, now: datetime) -> tuple[float, ...]:
        """The argument of the condition `alive`, if there is one."""
        return (now.timestamp(),) if self.spec.ttl else ()

    def order(self, index: IndexSpec) -> tuple[str, ...]:
        """The attributes that the items of one hash value are sorted by."""
        return tuple(dict.fromkeys((*index.attributes[1:], self.spec.key)))

    def page(self, index: IndexSpec, *, after: bool, newest_first: bool) -> str:
        """The statement that reads one page; arguments: hash value, position if `after`, alive, rows."""
        order = [_quoted(attribute) for attribute in self.order(index)]
        comparison, direction = ("<", "DESC") if newest_first else (">", "ASC")
        position = f" AND ({', '.join(order)}) {comparison} ({', '.join('?' * len(order))})" if after else ""
        return (
            f"SELECT {', '.join(order)}, document FROM {_quoted(self.full_name)}"
            f" WHERE {_quoted(index.hash)} = ? AND {_is_in(index)}{position}{self.alive}"
            f" ORDER BY {', '.join(f'{attribute} {direction}' for attribute in order)} LIMIT ?"
        )


def _quoted(name: str) -> str:
    return f'"{name}"'


def _is_in(index: IndexSpec) -> str:
    return " AND ".join(f"{_quoted(attribute)} IS NOT NULL" for attribute in index.attributes)
