"""Read and clean: the canonical rows and the quarantine rows of an input, counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, OpenSource
from omnix_cli.schemas import FRAMES
from omnix_cli.services.content_keys import digest
from omnix_cli.services.importing.reports import FileReport
from omnix_cli.settings import dump
from omnix_cli.steps.imports import binding, cleaning, deletions
from omnix_cli.steps.imports.binding import Reading
from omnix_cli.steps.imports.cleaning import Cleaned, clean
from omnix_cli.steps.imports.filling import filled_down
from omnix_cli.steps.imports.identity import FILE
from omnix_cli.steps.imports.instants import Clock
from omnix_cli.steps.imports.problems import quarantine_rows

_THREADS = 2
"""Chunks cleaned at a time. Cleaning one is a chain of passes over single columns, so two fill the cores."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_END: Any = object()


class Chunk(NamedTuple):
    """Rows as read, quarantine rows for lines that are no rows, and how rows are understood (None before the first)."""

    raw: pl.DataFrame
    rejected: pl.DataFrame
    reading: Reading | None


@dataclass(frozen=True)
class Reader:
    """Reads the inputs of one import."""

    mapping: ColumnMapping
    timezone: str
    """The shop's time zone, unless the mapping names one."""
    now: datetime
    deleted_ids: list[pl.DataFrame] = field(default_factory=list)
    """The rows that only say that an id was deleted, of all inputs so far."""
    unapplied: list[Mapping[str, str]] = field(default_factory=list)
    """For each input so far, the parts of the mapping that it has no column for, and why not."""

    @cached_property
    def key(self) -> str:
        """A hash of what, besides its content, decides how a file is read."""
        mapping = self.mapping.model_copy(update={"sheet": None, "at": None})  # they are part of the fingerprint
        return digest({"mapping": dump(mapping), "timezone": self.timezone, "cleaning": cleaning.VERSION})

    def chunks(self, source: OpenSource, number: int, readings: list[Reading]) -> Iterator[Chunk]:
        """The chunks of an input, the `number`-th of the import. Adds to `readings` each time it is settled anew."""
        bound = nothing = [ROW_NUMBER, ITEM]
        above: pl.DataFrame | None = None
        for chunk in source.chunks():
            raw, bare = deletions.split_bare(_with_item_columns(chunk.rows, self.mapping), self.mapping)
            if bare.height:
                self.deleted_ids.append(bare.with_columns(pl.lit(number, pl.Int32).alias(FILE)))
            if raw.columns != bound and (raw.height or not bare.height):
                readings.append(self._settle(raw, source, None if bound == nothing else readings[-1]))
                bound = raw.columns if raw.height else bound
            if readings:
                raw, above = filled_down(raw, readings[-1].mapping, above)
            yield Chunk(raw, quarantine_rows(chunk.rejected, source.name), readings[-1] if readings else None)

    def _settle(self, rows: pl.DataFrame, source: OpenSource, before: Reading | None) -> Reading:
        """How an input is understood, from its first rows; when later rows have more columns, only these are added."""
        file = source.name
        mapping = binding.bind(self.mapping, rows.columns, file=file)
        notes = binding.noticed(self.mapping, mapping, rows.columns)
        if before is not None:
            self.unapplied.pop()
        self.unapplied.append(binding.unapplied(self.mapping, rows.columns))
        if before is not None:
            return replace(before, mapping=mapping, notes=notes)
        zone = mapping.timezone or self.timezone
        day_first = binding.settle_day_first(rows, mapping, file=file)
        clock = Clock(mapping.date_formats, day_first, mapping.written_timezone or zone, zone)
        separator = source.findings.get("separator")
        decimal_comma = binding.settle_decimal_comma(rows, mapping, file=file, separator=separator)
        return Reading(mapping, file, clock, decimal_comma, self.now, notes)


def never_applied(reader: Reader) -> Iterator[str]:
    """Notes on the parts of the mapping that no input has a column for."""
    first, *others = reader.unapplied or [{}]
    for what, why in first.items():
        if all(what in other for other in others):
            yield f"{what} was not applied: {why}"


def _with_item_columns(raw: pl.DataFrame, mapping: ColumnMapping) -> pl.DataFrame:
    """Documents with the columns of their items, also if no document has any item."""
    if mapping.items is None or not any(name.partition(".")[0] == mapping.items for name in raw.columns):
        return raw
    lacking = [
        name for name in mapping.input_columns() if name.startswith(f"{mapping.items}.") and name not in raw.columns
    ]
    return raw.with_columns(pl.lit(None, pl.String).alias(name) for name in lacking)


def findings(source: OpenSource, reading: Reading | None) -> dict[str, str]:
    """What was detected about an input, for its report."""
    found = dict(source.findings)
    if reading is None:
        return found
    found |= reading.notes
    found["timezone"] = reading.clock.timezone
    if reading.clock.written_timezone != reading.clock.timezone:
        found["times written in"] = reading.clock.written_timezone
    if reading.clock.day_first:
        found["dates"] = "day first"
    if reading.decimal_comma:
        found["decimals"] = "comma"
    return found


def clean_file(reader: Reader, source: OpenSource, number: int, counts: FileReport) -> Iterator[Cleaned]:
    """The rows of an input, the `number`-th of the import, with FILE; counts them."""
    kind = reader.mapping.kind
    readings: list[Reading] = []
    chunks = reader.chunks(source, number, readings)
    for cleaned in pipelined(partial(_clean, kind=kind, number=number), chunks, threads=_THREADS):
        counts.count(cleaned.rows, cleaned.quarantine, kind)
        counts.placeholders += cleaned.placeholders
        yield cleaned
    counts.sha256 = source.fingerprint()
    counts.findings = findings(source, readings[-1] if readings else None)


def _clean(chunk: Chunk, *, kind: str, number: int) -> Cleaned:
    if chunk.reading is None:
        return Cleaned(FRAMES[kind].empty(), chunk.rejected, FRAMES[kind].empty())
    cleaned = clean(chunk.raw, chunk.reading)
    rows, aside = (
        some.with_columns(pl.repeat(number, some.height, dtype=pl.Int32, eager=True).alias(FILE))
        for some in (cleaned.rows, cleaned.aside)
    )
    quarantine = pl.concat([chunk.rejected, cleaned.quarantine]).sort("row_number", "item")
    return Cleaned(rows, quarantine, aside, cleaned.placeholders)


def pipelined(function: Callable[[_Item], _Result], items: Iterable[_Item], *, threads: int) -> Iterator[_Result]:
    """The results of the function for the items, in order. While the caller works on one, a thread produces the next
    item and so many threads compute."""
    iterator, computing = iter(items), deque[Future[_Result]]()
    with ThreadPoolExecutor(1) as producer, ThreadPoolExecutor(threads) as pool:
        produced = producer.submit(next, iterator, _END)
        while (item := produced.result()) is not _END:
            produced = producer.submit(next, iterator, _END)
            computing.append(pool.submit(function, item))
            if len(computing) > threads:
                yield computing.popleft().result()
        while computing:
            yield computing.popleft().result()
