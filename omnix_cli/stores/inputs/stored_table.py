"""A table of any store as the input of an import: its items as lines of JSON."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.inputs.sources import Source
from omnix_cli.stores.sqlite.documents import encode
from omnix_cli.stores.tables.specs import TableSpec


@dataclass(frozen=True)
class StoredTable:
    """Implements `protocols.Sources` with one input. Items that have expired at `now` are left out."""

    store: TableStore
    table: TableSpec
    name: str
    now: datetime

    def find(self, patterns: Sequence[str]) -> list[str]:
        return [self.name]

    def fingerprint(self, name: str) -> None:
        return None

    @contextmanager
    def open(self, name: str, mapping: ColumnMapping) -> Iterator[Source]:
        yield Source(name, io.BufferedReader(_Joined(self._lines())), mapping)

    def _lines(self) -> Iterator[bytes]:
        for item in self.store.scan(self.table.name):
            expiry = item.get(self.table.ttl) if self.table.ttl else None
            if not isinstance(expiry, int | Decimal) or expiry > self.now.timestamp():
                yield encode({self.table.key: item[self.table.key], **item}).encode() + b"\n"


class _Joined(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = self._rest or next(self._pieces, b"")
        size = min(len(buffer), len(content))
        buffer[:size], self._rest = content[:size], content[size:]
        return size
