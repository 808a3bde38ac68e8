"""The segments of a table, read at the same time and no faster than allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event
from typing import Any, TypeVar

from omnix_cli.batching import batched
from omnix_cli.protocols.tables import READ_UNIT_BYTES
from omnix_cli.services.migrations.checksums import canonical

Take = Callable[[float], None]
"""Waits until so many units may be used."""

_Result = TypeVar("_Result")
_Value = TypeVar("_Value")


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


def chunks(values: Iterable[_Value], size: int, stop: Event) -> Iterator[list[_Value]]:
    """The values, `size` at a time, until the event is set."""
    batches = batched(values, size)
    while not stop.is_set() and (chunk := next(batches, None)) is not None:
        yield chunk


def paced(items: Iterator[dict[str, Any]], take_read_units: Take | None) -> Iterator[dict[str, Any]]:
    """The items of a scan, each after its share of a read unit was taken; at once where nothing limits reading."""
    return items if take_read_units is None else _taken(items, take_read_units)


def _taken(items: Iterable[dict[str, Any]], take_read_units: Take) -> Iterator[dict[str, Any]]:
    for item in items:
        take_read_units(len(canonical(item)) / READ_UNIT_BYTES)
        yield item
