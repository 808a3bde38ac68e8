"""The two sides of a migration, the tables that it moves, and their segments, read in parallel at a limited pace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from threading import Event
from typing import Any, TypeVar

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import suggestion
from omnix_cli.protocols.tables import ItemSource, TableStore
from omnix_cli.settings import StoreSettings
from omnix_cli.steps.capacity import READ_UNIT_BYTES, item_bytes
from omnix_cli.stores.tables.specs import TABLES

Take = Callable[[float], None]
"""Waits until so many units may be used."""

_Result = TypeVar("_Result")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Source:
    """What is read, in how many segments at a time, and how fast."""

    items: ItemSource
    segments: int = 1
    tables: Sequence[str] = ()
    """The tables of an export: all of them are moved where none is named."""
    pace: Callable[[], Take | None] = lambda: None
    """Makes what limits the reading of one table; None for no limit."""
    bills_capacity: bool = True
    """Whether reading uses units that cost money."""


@dataclass(frozen=True)
class Target:
    """The store that is written to, and the settings that open it again."""

    store: TableStore
    settings: StoreSettings


@dataclass(frozen=True)
class TableItems:
    """How many items of a table were exported, or put back."""

    table: str
    items: int


def chosen_tables(named: Sequence[str], *sources: Source) -> list[str]:
    """The named tables, each once; where none is named, those of the first source that is an export.

    Raises `ConfigError` for a table that does not exist, and when there is none."""
    tables = named or next((source.tables for source in sources if source.tables), ())
    if not tables:
        raise ConfigError("no table is named", hint=f"Tables: {', '.join(TABLES)}.")
    for name in tables:
        if name not in TABLES:
            raise ConfigError(f"there is no table {name!r}", hint=suggestion(name, list(TABLES), what="Tables"))
    return list(dict.fromkeys(tables))


def in_segments(work: Callable[[int, Event], _Result], segments: int) -> list[_Result]:
    """What `work` returns for each segment, called with its number in a thread of its own.

    When one fails, or the program is interrupted, the event tells the others to stop, and the error is raised when all
    have stopped."""
    stop = Event()
    with ThreadPoolExecutor(segments) as pool:
        tasks = [pool.submit(work, segment, stop) for segment in range(segments)]
        try:
            for task in as_completed(tasks):
                task.result()
        except BaseException:
            stop.set()
            raise
    return [task.result() for task in tasks]


def until(stop: Event, values: Iterable[_Value]) -> Iterator[_Value]:
    """The values, until the event is set."""
    iterator = iter(values)
    while not stop.is_set() and (value := next(iterator, None)) is not None:
        yield value


def paced(items: Iterator[dict[str, Any]], take_read_units: Take | None) -> Iterator[dict[str, Any]]:
    """The items of a scan, each after its share of a read unit was taken; at once where nothing limits reading."""
    if take_read_units is None:
        yield from items
        return
    for item in items:
        take_read_units(item_bytes(item) / READ_UNIT_BYTES / 2)
        yield item
