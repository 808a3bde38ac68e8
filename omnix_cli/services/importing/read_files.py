"""Read and clean: the canonical rows and the quarantine rows of an input, counted."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, Forgotten, OpenSource, Spill
from omnix_cli.protocols.progress import MayGoOn, always
from omnix_cli.records import ImportBatch
from omnix_cli.schemas import FRAMES
from omnix_cli.services.content_keys import digest
from omnix_cli.services.importing.reports import FileReport
from omnix_cli.services.importing.waiting.suspect_rows import SuspectRows
from omnix_cli.services.importing.waiting.waiting_chunks import WaitingChunk, waiting_chunks
from omnix_cli.settings import dump
from omnix_cli.steps.imports import binding, cleaning, deletions, rule_values, settling
from omnix_cli.steps.imports.amounts import currencies
from omnix_cli.steps.imports.binding import Reading, Settled
from omnix_cli.steps.imports.cleaning import Cleaned, clean
from omnix_cli.steps.imports.filling import filled_down
from omnix_cli.steps.imports.groups.identity import FILE
from omnix_cli.steps.imports.instants import Clock
from omnix_cli.steps.imports.problems import quarantine_rows
from omnix_cli.steps.imports.settling import Evidence

_THREADS = 2
"""Chunks cleaned at a time. Cleaning one is a chain of passes over single columns, so two fill the cores."""

_AS_BEFORE = " (as in other files of this source)"

STDIN = "-"
"""The name of an input that can be read once."""

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
    open_spill: Callable[[], AbstractContextManager[Spill]]
    """Where rows wait until it is settled how the file is read."""
    deleted_ids: list[pl.DataFrame] = field(default_factory=list)
    """The rows that only say that an id was deleted, of all inputs so far."""
    exact_ids: set[str] = field(default_factory=set)
    """The names of the inputs whose ids are kept as they are."""
    unapplied: list[Mapping[str, str]] = field(default_factory=list)
    """For each input so far, the parts of the mapping that it has no column for, and why not."""
    earlier: Sequence[ImportBatch] = ()
    """The imports of this kind so far, oldest first."""
    others: Sequence[str] = ()
    """The names of all inputs of the import ..."""
    open_other: Callable[[str], AbstractContextManager[OpenSource]] | None = None
    """... and what opens them, for a look ahead."""
    may_go_on: MayGoOn = always
    """Called for each chunk."""
    forgotten: Forgotten | None = None
    """The customers whose rows are left out."""

    @property
    def _knows_forgotten(self) -> bool:
        return self.forgotten is not None and self.forgotten.anybody

    def without_forgotten(self, cleaned: Cleaned) -> tuple[Cleaned, int]:
        """The rows that are not about forgotten customers, and how many others there were."""
        if self.forgotten is None or not self.forgotten.anybody:
            return cleaned, 0
        among, quarantine = self.forgotten.among, cleaned.quarantine
        rows, aside = (
            frame.filter(~among(frame["customer_id"])) if "customer_id" in frame.columns else frame
            for frame in (cleaned.rows, cleaned.aside)
        )
        quarantine = quarantine.filter(~self.forgotten.in_rows(quarantine["row"], {"mapping": dump(self.mapping)}))
        kept = replace(cleaned, rows=rows, aside=aside, quarantine=quarantine)
        return kept, cleaned.rows.height + cleaned.quarantine.height - kept.rows.height - quarantine.height

    @cached_property
    def key(self) -> str:
        """A hash of what, besides its content, decides how a file is read."""
        mapping = self.mapping.model_copy(update={"sheet": None, "at": None})  # they are part of the fingerprint
        return digest({"mapping": dump(mapping), "timezone": self.timezone, "cleaning": cleaning.VERSION})

    def source_key(self, file: str) -> str:
        """A hash of the source that a file comes from: its name without digits, and how its columns are mapped."""
        unsettled = self.mapping.model_copy(update={"day_first": None, "decimal_comma": None})
        return digest({"name": re.sub(r"\d+", "#", file), "mapping": dump(unsettled)})

    def chunks(self, source: OpenSource, number: int, readings: list[Reading]) -> Iterator[Chunk]:
        """The chunks of an input, the `number`-th of the import. Adds to `readings` each time it is settled anew.

        While it is open how the file writes its dates or numbers, chunks wait until later rows decide it."""
        before, seen = self._earlier(source.name), Evidence()
        settled: Settled | None = None
        with waiting_chunks(self.open_spill) as waiting:
            for raw, rejected, mapping in self._bound(source, number):
                if mapping is None:
                    yield Chunk(raw, rejected, readings[-1] if readings else None)
                    continue
                more = settling.evidence(raw, mapping, self.now.year)
                seen |= more
                if seen.is_open:
                    waiting.add(raw, rejected, mapping)
                    continue
                settled = self._settled(seen, before, mapping, source)
                for early in waiting.take():
                    yield self._chunk(early, settled, source, readings)
                yield self._chunk((raw, rejected, mapping), settled, source, readings)
            if seen.is_open:
                before = self._looked_ahead(source.name, seen, before)
            for early in waiting.take():
                settled = self._settled(seen, before, early[2], source)
                yield self._chunk(early, settled, source, readings)

    def _bound(
        self, source: OpenSource, number: int
    ) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, ColumnMapping | None]]:
        """Rows as read, quarantine rows, and the mapping bound to the columns; None before the first rows."""
        bound, mapping = [ROW_NUMBER, ITEM], None
        above: pl.DataFrame | None = None
        none, seen = FRAMES["quarantine"].empty(), rule_values.Seen()
        for chunk in source.chunks():
            self.may_go_on()
            if chunk.exact_ids:
                self.exact_ids.add(source.name)
            read = _with_item_columns(chunk.rows, self.mapping)
            raw, bare = deletions.split_bare(read, self.mapping, file=source.name, exact_ids=chunk.exact_ids)
            if bare.height and self._knows_forgotten and self.mapping.kind == "customers":
                bare = bare.filter(~self.forgotten.among(bare["customer_id"]))  # type: ignore[union-attr]
            if bare.height:
                self.deleted_ids.append(bare.with_columns(pl.lit(number, pl.Int32).alias(FILE)))
            if raw.columns != bound and (raw.height or not bare.height):
                if mapping is not None:
                    self.unapplied.pop()
                mapping = binding.bind(self.mapping, raw.columns, file=source.name)
                self.unapplied.append(binding.unapplied(self.mapping, raw.columns))
                bound = raw.columns if raw.height else bound
            if mapping is not None:
                raw, above = filled_down(raw, mapping, above)
                rule_values.look_at(seen, raw, mapping)
            rejected = quarantine_rows(chunk.rejected, source.name) if chunk.rejected.height else none
            yield raw, rejected, mapping
        if mapping is not None:
            self.unapplied[-1] = {**self.unapplied[-1], **rule_values.misspelt(seen, mapping)}

    def _settled(self, seen: Evidence, before: Settled, mapping: ColumnMapping, source: OpenSource) -> Settled:
        return settling.settle(seen, mapping, before, file=source.name, separator=source.findings.get("separator"))

    def _chunk(self, held: WaitingChunk, settled: Settled, source: OpenSource, readings: list[Reading]) -> Chunk:
        raw, rejected, mapping = held
        zone = mapping.timezone or self.timezone
        order = settled.order or "month first"
        clock = Clock(
            mapping.date_formats,
            order == "day first",
            mapping.written_timezone or zone,
            zone,
            year_first=order == "year first",
            serials=settled.serials,
        )
        is_bound_anew = not readings or readings[-1].mapping is not mapping
        notes = binding.noticed(self.mapping, mapping, raw.columns) if is_bound_anew else readings[-1].notes
        exact_ids = source.name in self.exact_ids
        comma = bool(settled.decimal_comma)
        reading = Reading(mapping, source.name, clock, comma, self.now, settled, notes, exact_ids)
        if not readings or readings[-1] != reading:
            readings.append(reading)
        return Chunk(raw, rejected, readings[-1])

    def _earlier(self, file: str) -> Settled:
        """How the newest imports of the same source read dates and numbers."""
        key = self.source_key(file)
        files = [one for batch in reversed(self.earlier) for one in batch.files if one.source_key == key]
        order = next((one.order for one in files if one.order), None)
        return Settled(order, next((one.decimal_comma for one in files if one.decimal_comma is not None), None))

    def _looked_ahead(self, file: str, seen: Evidence, before: Settled) -> Settled:
        """What is known of the source of a file that leaves dates or numbers open, with what the other inputs of this
        import show: in a month of daily files, those from the 13th on show which number is the day."""
        key = self.source_key(file)
        for name in self.others:
            if settling.is_settled_by(before, seen):
                break
            if self.open_other is not None and name not in (file, STDIN) and self.source_key(name) == key:
                with suppress(DataError), self.open_other(name) as source:  # an error is told when it is read itself
                    shown = self._shown(source)
                    comma = before.decimal_comma if before.decimal_comma is not None else shown.decimal_comma
                    before = Settled(before.order or shown.order, comma)
        return before

    def _shown(self, source: OpenSource) -> Settled:
        """How an input writes dates and numbers, as far as it shows it."""
        seen = Evidence()
        for raw, _, mapping in replace(self, deleted_ids=[], unapplied=[])._bound(source, 0):
            if mapping is not None:
                seen |= settling.evidence(raw, mapping, self.now.year)
        return settling.shown(seen)


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
    if "sheet" in found:  # a workbook has no encoding or separator of its own
        found = {name: text for name, text in found.items() if name not in ("encoding", "separator")}
    if reading is None:
        return found
    found |= reading.notes
    found["timezone"] = reading.clock.timezone
    if reading.clock.written_timezone != reading.clock.timezone:
        found["times written in"] = reading.clock.written_timezone
    settled = reading.settled
    if settled.serials:
        found["dates"] = "serial days of a spreadsheet"
    elif settled.order in ("day first", "year first") or "dates" in settled.earlier:
        found["dates"] = f"{settled.order}{_AS_BEFORE if 'dates' in settled.earlier else ''}"
    if settled.decimal_comma or "decimals" in settled.earlier:
        mark = "comma" if settled.decimal_comma else "point"
        found["decimals"] = f"{mark}{_AS_BEFORE if 'decimals' in settled.earlier else ''}"
    return found


def clean_file(reader: Reader, source: OpenSource, number: int, counts: FileReport) -> Iterator[Cleaned]:
    """The rows of an input, the `number`-th of the import, with FILE; counts them."""
    kind = reader.mapping.kind
    readings: list[Reading] = []
    chunks = reader.chunks(source, number, readings)
    cleaning_chunks = pipelined(partial(_clean, kind=kind, number=number), chunks, threads=_THREADS)
    forgotten = 0
    for read in SuspectRows(reader.open_spill).passed(cleaning_chunks):
        cleaned, gone = reader.without_forgotten(read)
        forgotten += gone
        counts.count(cleaned.rows, cleaned.quarantine, kind)
        counts.placeholders += cleaned.placeholders
        counts.currencies.update(cleaned.currencies)
        yield cleaned
    counts.sha256 = source.fingerprint()
    several = currencies.listed(counts.currencies)
    counts.findings = findings(source, readings[-1] if readings else None) | (
        {"currencies": f"{several}; not converted"} if several else {}
    )
    if forgotten:
        left_out = counted(forgotten, "row", "rows")
        counts.findings = {**counts.findings, "forgotten": f"{left_out} of forgotten customers left out"}
    counts.settled = readings[-1].settled if readings else Settled()


def _clean(chunk: Chunk, *, kind: str, number: int) -> Cleaned:
    if chunk.reading is None:
        return Cleaned(FRAMES[kind].empty(), chunk.rejected, FRAMES[kind].empty())
    cleaned = clean(chunk.raw, chunk.reading)
    rows, aside = (
        some.with_columns(pl.repeat(number, some.height, dtype=pl.Int32, eager=True).alias(FILE))
        for some in (cleaned.rows, cleaned.aside)
    )
    quarantine = pl.concat([chunk.rejected, cleaned.quarantine]).sort("row_number", "item")
    return replace(cleaned, rows=rows, quarantine=quarantine, aside=aside)


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
