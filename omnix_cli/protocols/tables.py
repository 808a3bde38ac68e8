"""Tables of items: reading and writing them, creating and checking the tables, and what makes a kind of store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import polars as pl

from omnix_cli.errors import OmnixError
from omnix_cli.item_frames import Items
from omnix_cli.protocols.inputs import Sources
from omnix_cli.settings import Settings

Names = Sequence[str] | None
"""The attributes of an item to read; None: all."""
Units = Mapping[str, int]
"""The write units of items by key, as far as they are known."""
NO_UNITS: Units = {}


@dataclass(frozen=True)
class Page:
    """Some items, and the cursor of the next page (None on the last one)."""

    items: list[dict[str, Any]]
    cursor: str | None


@dataclass(frozen=True)
class WriteLimit:
    """Write units a second that may be used, and where the number comes from."""

    units: float
    source: str

    def __str__(self) -> str:
        return f"at most {self.units:,.0f} write units a second ({self.source})"


class ItemSource(Protocol):
    """Tables of items that can be read as a whole: those of a store, an export, a purchase history."""

    def address(self, table: str) -> str:
        """A name that no other table has, wherever it is."""

    def expected_items(self, table: str) -> int:
        """About how many items there are, without reading them."""

    def scan(
        self, table: str, *, attributes: Names = None, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Every item (or these attributes of it), expired ones too; the segments of a table can be read in parallel.

        A scan continues `after` the item with that key, which an earlier scan of the same segment had reached."""

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The items with these keys (all different) that exist, expired ones too, in any order."""


@runtime_checkable
class FrameSource(Protocol):
    """Tables of items that are kept as frames."""

    def scan_frames(
        self, table: str, *, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[pl.DataFrame]:
        """The items of `ItemSource.scan`, in the same order, as frames."""


@dataclass(frozen=True)
class StoreTraits:
    """What is special about a kind of store. `bills_capacity`: reads and writes use units that cost money.
    `is_administered`: somebody creates its tables on purpose, so nothing else does. `scans_in_parallel`: a table is
    read faster in several segments at a time (elsewhere each segment reads all keys). `fences_writes`: a guarded write
    and the look at the item of its guard are one transaction."""

    bills_capacity: bool = False
    is_administered: bool = False
    scans_in_parallel: bool = False
    fences_writes: bool = False


class TableStore(ItemSource, Protocol):
    """Tables of items (JSON-like dictionaries, numbers as int or Decimal), with the keys and indexes of
    `stores.tables`. Several threads may use it. A whole Decimal may come back as an int.

    Writes are idempotent, and each item is written whole or not at all. Reads that are given `now` skip items that
    have expired. Reading a table that was never created is a `ConfigError`.

    Whoever knows what writes cost gives their `units`, so that a store with a limit keeps to it from the start; without
    them it estimates, and corrects itself by what the service says."""

    traits: StoreTraits

    def missing_tables(self, tables: Names = None) -> list[str]:
        """The tables (or those of `tables`) that were never created. It asks about no others."""

    def create_tables(self, tables: Names = None) -> list[str]:
        """Creates the missing tables (or those of `tables`); returns their names."""

    def write_limit(self, table: str) -> WriteLimit | None:
        """How fast the table may be written; None if there is no limit."""

    def put_many(self, table: str, items: Items, *, units: Units = NO_UNITS) -> int:
        """Puts the items, each replacing the item with the same key (the last one wins); returns how many. A frame is
        written faster than dictionaries.

        Raises `ItemsRefused` for items that the store rejects as invalid; all others are written."""

    def put_if(
        self, table: str, item: Mapping[str, Any], *, expected: Mapping[str, Any] | None, units: int | None = None
    ) -> bool:
        """Puts the item only if the stored one has the `expected` attribute values (None: only if there is none).

        Of several writers that expect the same values and change them, at most one succeeds. It does not wait for a
        limit, since a lease may depend on it, unless `units` say what the write costs."""

    def update_many(self, table: str, changes: Iterable[Mapping[str, Any]], *, units: Units = NO_UNITS) -> list[str]:
        """Sets the given attributes of each item and keeps its others; several changes of one item apply in order.

        Returns the keys for which no item is stored; none is created for them."""

    def get(self, table: str, key: str, *, now: datetime) -> dict[str, Any] | None:
        """The item, read consistently; None if there is none, or if it has expired."""

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
        """Up to `limit` (1..500) items of one hash value, sorted by range attribute; equal ones in any order.

        Following the cursors gives every item that existed at the start exactly once, whatever is added. An index may
        lag behind its table for a moment. Raises `ConfigError` for an impossible limit or cursor."""

    def delete_many(self, table: str, keys: Iterable[str], *, units: Units = NO_UNITS) -> int:
        """Deletes the items with these keys, if they exist; returns how many keys were given."""

    def close(self) -> None: ...


class Guard(Protocol):
    """What bulk writes depend on: that an item of their table, with this `key`, has the `expected` values."""

    @property
    def key(self) -> str: ...
    @property
    def expected(self) -> Mapping[str, Any]: ...
    def check(self) -> None:
        """Raises an `OmnixError` unless the item is sure to have them now, and for a while. Fast, for several threads;
        it may renew the item with `put_if`."""

    def lost(self) -> OmnixError:
        """The error for an item that no longer has them."""


@runtime_checkable
class GuardedStore(Protocol):
    """A store whose bulk writes can depend on an item."""

    def guarded(self, guard: Guard) -> AbstractContextManager[None]:
        """Until the block ends, `put_many`, `update_many` and `delete_many` call `check` of the guard before every
        request or transaction. If the store `fences_writes`, they also compare the item in each transaction, and raise
        `lost`."""


@runtime_checkable
class OverwritingStore(Protocol):
    """A store whose files keep the bytes of deleted items until they are written anew."""

    def overwrite_deleted(self) -> None:
        """Overwrites the bytes of everything that was deleted or replaced."""


@dataclass(frozen=True)
class Difference:
    """Something about a table that differs from its specification, and what to do about it."""

    what: str
    found: str
    wanted: str
    remedy: str


@dataclass(frozen=True)
class TableState:
    """A table as it is now; items and bytes, as the store counts them, are None if it does not exist."""

    table: str
    full_name: str
    items: int | None
    size_bytes: int | None
    is_ours: bool
    is_protected: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class TableChange:
    """Something that was created, or would be."""

    table: str
    what: str


class TableAdministration(Protocol):
    """Creates, checks and drops the tables of a store, as `stores.tables` and the settings specify them."""

    def states(self) -> list[TableState]: ...

    def complete(self, *, dry_run: bool = False) -> list[TableChange]:
        """Creates missing tables and missing parts of tables, and waits until they are ready; removes nothing."""

    def drop(self, table: str) -> None:
        """Drops a table with all its items, and waits until it is gone."""

    def close(self) -> None: ...


class StoreFactory(Protocol):
    """Makes the parts of one store. `store_kinds` lists the modules that have one, each under the name `Factory`."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None: ...

    def store(self) -> TableStore:
        """Reads and writes items."""

    def administration(self) -> TableAdministration:
        """Creates, checks and drops the tables."""

    def whole_table(self, table: str) -> AbstractContextManager[Sources]:
        """A whole table as the input of an import."""
