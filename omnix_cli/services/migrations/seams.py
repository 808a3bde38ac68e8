"""What migrations need of a table, a mapping, a journal, an export: shapes, as those in `protocols`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import polars as pl

from omnix_cli.records import MigrationRecord, SegmentProgress

Item = dict[str, Any]
Images = Mapping[str, Item | None]
"""What stood under keys; None where nothing did."""


class Table(Protocol):
    """A table of `stores.tables`."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> str: ...
    def check(self, item: Mapping[str, Any]) -> None:
        """Raises ValueError for an item that no store takes."""
        ...

    def copies(self, item: Mapping[str, Any]) -> int:
        """In how many indexes the item is."""
        ...

    def copies_of(self, items: pl.DataFrame) -> pl.Series:
        """In how many indexes each item of a frame is."""
        ...


class ItemMapping(Protocol):
    """How items change on their way; different keys stay different."""

    @property
    def changes_nothing(self) -> bool: ...
    def apply(self, item: Mapping[str, Any]) -> Item: ...
    def source_key(self, key: str) -> str:
        """The key that became this one."""
        ...

    def is_target_key(self, key: str) -> bool:
        """Whether an item can have got this key."""
        ...


class MigrationJournal(Protocol):
    """What a migration has done; all of it is on the disk when a method returns."""

    record: MigrationRecord

    def update(self, **changes: Any) -> None:
        """Changes fields of the record."""
        ...

    def progress(self, table: str, segment: int) -> SegmentProgress: ...
    def save(self, table: str, segment: int, progress: SegmentProgress) -> None: ...
    def keep(self, table: str, segment: int, chunk: int, images: Images) -> dict[str, Item | None]:
        """Keeps what stood before a chunk is written, and returns it. What an earlier attempt at the chunk kept stays:
        it was read before that attempt wrote."""
        ...

    def images(self, table: str) -> Sequence[str]:
        """The names of what was kept, in its order within each segment."""
        ...

    def image(self, table: str, name: str) -> Iterator[tuple[str, Item | None]]: ...


class ArchiveWriter(Protocol):
    """An export being written; a part is safe when `add` returns, the export exists once it is committed."""

    def last_key(self, table: str, segment: int) -> str | None: ...
    def items(self, table: str, segment: int) -> int: ...
    def add(self, table: str, segment: int, items: Sequence[Mapping[str, Any]]) -> None: ...
    def commit(self, now: datetime) -> None: ...


class Buckets(Protocol):
    """Rows (side, key, checksum), taken in from several threads and given out by a hash of the key."""

    def add(self, side: str, rows: Iterable[tuple[str, bytes]]) -> None: ...
    def buckets(self) -> Iterator[pl.DataFrame]:
        """Columns side, key, checksum; all rows of a key are in one bucket."""
        ...
