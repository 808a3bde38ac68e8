"""A table as SQLite has it: its key, index and expiry attributes as columns, and the item itself as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from omnix_cli.stores.documents import encode
from omnix_cli.stores.tables import IndexSpec, TableSpec


class TableSql:
    """The statements of one table, and the values that go with them."""

    def __init__(self, spec: TableSpec, full_name: str) -> None:
        self.spec = spec
        self.full_name = full_name
        self._columns = (spec.key, *spec.index_attributes, *((spec.ttl,) if spec.ttl else ()), "document")
        columns = ", ".join(map(_quoted, self._columns))
        key, name = _quoted(spec.key), _quoted(full_name)
        self.put = f"REPLACE INTO {name} ({columns}) VALUES ({', '.join('?' * len(self._columns))})"
        self.find = f"SELECT document FROM {name} WHERE {key} = ?"
        self.scan = f"SELECT {key}, document FROM {name} WHERE {key} > ? ORDER BY {key} LIMIT ?"
        self.delete = f"DELETE FROM {name} WHERE {key} = ?"
        self.alive = f" AND ({_quoted(spec.ttl)} IS NULL OR {_quoted(spec.ttl)} > ?)" if spec.ttl else ""

    def create(self) -> Iterator[str]:
        """The statements that make the table. An item that lacks an attribute of an index is not in that index."""
        table, key = _quoted(self.full_name), _quoted(self.spec.key)
        columns = [f"{key} TEXT NOT NULL PRIMARY KEY"]
        columns += [f"{_quoted(attribute)} TEXT" for attribute in self.spec.index_attributes]
        columns += [f"{_quoted(self.spec.ttl)} INTEGER"] if self.spec.ttl else []
        yield f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)}, document TEXT NOT NULL) WITHOUT ROWID"
        for index in self.spec.indexes:
            order = ", ".join(map(_quoted, (index.hash, *self.order(index))))
            name = _quoted(f"{self.full_name}/{index.name}")
            yield f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({order}) WHERE {_is_in(index)}"

    def row(self, item: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values of the columns."""
        self.spec.check(item)
        values = [item[self.spec.key], *(item.get(attribute) for attribute in self.spec.index_attributes)]
        if self.spec.ttl:
            expiry = item.get(self.spec.ttl)
            values.append(int(expiry) if isinstance(expiry, int | Decimal) else None)
        return (*values, encode(item))

    def alive_at(self, now: datetime) -> tuple[float, ...]:
        """The argument of the condition `alive`, where there is one."""
        return (now.timestamp(),) if self.spec.ttl else ()

    def order(self, index: IndexSpec) -> tuple[str, ...]:
        """What the items of one hash value are sorted by."""
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
