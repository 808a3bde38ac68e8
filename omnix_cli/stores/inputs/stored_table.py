"""A table of any store as the input of an import: its items as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import IO, cast

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.inputs.sources import Source
from omnix_cli.stores.sqlite.documents import encode
from omnix_cli.stores.tables.specs import TableSpec


class StoredTable:
    """Implements `protocols.Sources` with one input. Items that have expired at `now` are left out."""

    def __init__(self, store: TableStore, table: TableSpec, name: str, now: datetime) -> None:
        self._store = store
        self._table = table
        self._name = name
        self._now = now

    def find(self, patterns: Sequence[str]) -> list[str]:
        return [self._name]

    def fingerprint(self, name: str) -> None:
        return None

    @contextmanager
    def open(self, name: str, mapping: ColumnMapping) -> Iterator[Source]:
        yield Source(name, cast(IO[bytes], _Joined(self._lines())), mapping)

    def _lines(self) -> Iterator[bytes]:
        for item in self._store.scan(self._table.name):
            expiry = item.get(self._table.ttl) if self._table.ttl else None
            if not isinstance(expiry, int | Decimal) or expiry > self._now.timestamp():
                yield encode({self._table.key: item[self._table.key], **item}).encode() + b"\n"


class _Joined:
    """Pieces of bytes as a stream."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._waiting = b""

    def read(self, size: int = -1, /) -> bytes:
        """At most that many bytes (all if negative); empty at the end."""
        gathered = [self._waiting]
        missing = size - len(self._waiting)
        while size < 0 or missing > 0:
            piece = next(self._pieces, None)
            if piece is None:
                break
            gathered.append(piece)
            missing -= len(piece)
        content = b"".join(gathered)
        cut = len(content) if size < 0 else size
        self._waiting = content[cut:]
        return content[:cut]
