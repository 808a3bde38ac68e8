"""Where items are published: tables, their reading and writing, and who looks after them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import polars as pl

from omnix_cli.item_frames import Items

WRITE_UNIT_BYTES = 1024
"""A write unit covers an item of up to 1 KB, once in the table and once in each index it is in
("Read/write capacity mode", DynamoDB developer guide)."""
READ_UNIT_BYTES = 8192
"""A read unit covers two items of 4 KB when a scan need not be consistent ("Read consistency", same guide)."""


@dataclass(frozen=True)
class Page:
    """Some items and the cursor of the next page (None on the last)."""

    items: list[dict[str, Any]]
    cursor: str | None


@dataclass(frozen=True)
class WriteLimit:
    """Write units a second that may be used, and what the number comes from."""

    units: float
    source: str

    @property
    def said(self) -> str:
        """The limit in words."""
        return f"at most {self.units:,.0f} write units a second ({self.source})"


class ItemSource(Protocol):
    """Tables of items that can be read as a whole: those of a store, an export, a purchase history."""

    def address(self, table: str) -> str:
        """What tells the table from every other one, wherever it is."""
        ...

    def expected_items(self, table: str) -> int:
        """About how many items there are, without counting them one by one."""
        ...

    def scan(
        self,
        table: str,
        *,
        attributes: Sequence[str] | None = None,
        segment: int = 0,
        segments: int = 1,
        after: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Every item (or these attributes of it), also the expired; the segments of a table can be read in parallel.

        A scan goes on `after` the item of that key, which an earlier one of the same segment had reached."""
        ...

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Those items of different keys that are there, also the expired, in no promised order."""
        ...


@runtime_checkable
class FrameSource(Protocol):
    """Tables of items that are held as frames."""

    def scan_frames(
        self, table: str, *, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[pl.DataFrame]:
        """The items that `ItemSource.scan` gives, in the same order, as frames."""
        ...


class TableStore(ItemSource, Protocol):
    """Tables of items (JSON-like dictionaries, numbers as int or Decimal), keyed and indexed as `stores.tables` says.
    It may be used by several threads. A number comes back with the same value; a whole Decimal may come back as an int.

    Writes are idempotent and each item is written whole or not at all. Given `now`, an item whose expiry has passed
    is as good as gone. Reading a table that was never created is a `ConfigError`."""

    name: str

    def missing_tables(self) -> list[str]:
        """The tables that were never created."""
        ...

    def create_tables(self) -> list[str]:
        """Creates what is missing; returns the names created."""
        ...

    def write_limit(self, table: str) -> WriteLimit | None:
        """How fast a table is written to at most; None where nothing limits it."""
        ...

    def put_many(self, table: str, items: Items) -> int:
        """Puts the items, each in place of the one with its key, the later of two winning; returns how many. Whoever
        holds items as a frame gives the frame, which is the faster way.

        Raises `ItemsRefused` when the store does not take some for what they are; all others are written then."""
        ...

    def put_if(self, table: str, item: Mapping[str, Any], *, expected: Mapping[str, Any] | None) -> bool:
        """Puts the item only when the stored one has the `expected` attribute values (None: when there is none).

        Of several writers that expect the same, at most one succeeds if each changes what is expected."""
        ...

    def update_many(self, table: str, changes: Iterable[Mapping[str, Any]]) -> list[str]:
        """Sets the attributes given beside each key and leaves the item's others alone; several changes of one item
        in their order.

        Returns the keys of which no item is stored; none is made for them."""
        ...

    def get(self, table: str, key: str, *, now: datetime) -> dict[str, Any] | None: ...
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
        """Up to `limit` (1..500) items of one hash value, by range attribute; those of the same range in any order.

        Following the cursors gives every item that was there at the start exactly once, whatever is added. An index
        may follow its table after a moment."""
        ...

    def delete_many(self, table: str, keys: Iterable[str]) -> int:
        """Deletes the items that are there; returns how many keys were given."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Difference:
    """Something of a table that is not as specified, and what to do about it."""

    what: str
    found: str
    wanted: str
    remedy: str


@dataclass(frozen=True)
class TableState:
    """A table as it stands; items and bytes, as the store counts them, are None where it does not exist."""

    table: str
    full_name: str
    items: int | None
    size_bytes: int | None
    is_ours: bool
    is_protected: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class TableChange:
    """Something that was made, or would be."""

    table: str
    what: str


class TableAdministration(Protocol):
    """Makes and looks after the tables of a store, as `stores.tables` and the settings specify them."""

    def states(self) -> list[TableState]: ...

    def complete(self, *, dry_run: bool = False) -> list[TableChange]:
        """Makes what is missing, tables and parts of them, and waits until it can be used; takes nothing away."""
        ...

    def drop(self, table: str) -> None:
        """Deletes a table and all its items, and waits until it is gone."""
        ...

    def close(self) -> None: ...
