"""The segments of a table, read at the same time and no faster than allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from threading import Event
from typing import Any, TypeVar

from omnix_cli.services.migrations.checksums import canonical

WRITE_UNIT_BYTES = 1024
"""A write unit covers an item of up to 1 KB, once in the table and once in each index it is in
("Read/write capacity mode", DynamoDB developer guide)."""
READ_UNIT_BYTES = 8192
"""A read unit covers two items of 4 KB when a scan need not be consistent ("Read consistency", developer guide)."""

Take = Callable[[float], None]
"""Waits until so many units may be used."""

_Result = TypeVar("_Result")
_Value = TypeVar("_Value")


def in_segments(work: Callable[[int, Event], _Result], segments: int) -> list[_Result]:
    """What `work` returns for each segment, called with its number in a thread of its own.

    When one fails, or the program is interrupted, the event tells the others to stop, and the error is raised once all
    have."""
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


def chunks(values: Iterable[_Value], size: int, stop: Event) -> Iterator[list[_Value]]:
    """The values, some at a time, until the event says stop."""
    remaining = iter(values)
    while not stop.is_set() and (chunk := list(islice(remaining, size))):
        yield chunk


def paced(items: Iterator[dict[str, Any]], take_read_units: Take | None) -> Iterator[dict[str, Any]]:
    """The items of a scan, each once its share of a read unit was taken; at once where nothing has to be taken."""
    return items if take_read_units is None else _taken(items, take_read_units)


def _taken(items: Iterable[dict[str, Any]], take_read_units: Take) -> Iterator[dict[str, Any]]:
    for item in items:
        take_read_units(len(canonical(item)) / READ_UNIT_BYTES)
        yield item
