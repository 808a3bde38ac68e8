"""The first pass of an import: every file read, cleaned and spilled, its counts and findings kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import OpenSource, Spill
from omnix_cli.schemas import FRAMES
from omnix_cli.services.content_keys import digest
from omnix_cli.services.importing.comparing import Incoming
from omnix_cli.services.importing.pipelining import ahead, mapped
from omnix_cli.services.importing.reports import reason_counts
from omnix_cli.settings import dump
from omnix_cli.steps.imports import binding, cleaning, deletions
from omnix_cli.steps.imports.binding import Reading
from omnix_cli.steps.imports.fields import Clock
from omnix_cli.steps.imports.identity import FILE
from omnix_cli.steps.imports.problems import ITEM, ROW_NUMBER, quarantine_rows

Progress = Callable[[str, int], None]
"""Told the file's name and its rows so far."""

_THREADS = 2
"""Chunks cleaned at a time: the work on one chunk is a chain of passes over single columns, so two fill the cores."""
_NEWEST = {"purchases": "purchase_day", "interactions": "interaction_day"}


@dataclass
class TakenFile:
    """What the first pass found in one file."""

    name: str
    sha256: str = ""
    read: int = 0
    quarantined: int = 0
    expected: int = 0
    known: int = 0
    accepted: int = 0
    newest_day: date | None = None
    findings: dict[str, str] = field(default_factory=dict)
    reasons: list[pl.DataFrame] = field(default_factory=list)


class _Chunk(NamedTuple):
    """Rows as they were read, the quarantine rows of lines that are no rows, and how the rows are read (None while
    there were none)."""

    raw: pl.DataFrame
    rejected: pl.DataFrame
    reading: Reading | None


@dataclass(frozen=True)
class Intake:
    """Reads files into two spills: canonical rows, and quarantine."""

    mapping: ColumnMapping
    timezone: str
    """The shop's zone where the mapping names none."""
    now: datetime
    rows: Incoming
    quarantine: Spill
    progress: Progress
    _bare: list[pl.DataFrame] = field(default_factory=list)

    def read(self, source: OpenSource, number: int) -> TakenFile:
        """Takes one file in; `number` is its place in the order of files."""
        taken = TakenFile(source.name)
        settled: list[Reading] = []
        chunks = ahead(self._chunks(source, settled, number))
        for rows, bad in mapped(partial(self._cleaned, number=number), chunks, threads=_THREADS):
            taken.read += rows.height + bad.height
            self._count(rows, bad, taken)
            self.quarantine.add(bad)
            self.rows.add(rows)
            self.progress(source.name, taken.read)
        taken.sha256 = source.fingerprint()
        taken.findings = {**source.findings, **(_findings(settled[-1]) if settled else {})}
        return taken

    def settle_deletions(self, files: Sequence[TakenFile]) -> None:
        """Takes in the rows of which only the id and that they were deleted is given; call it when all files are read:
        a purchase line is cancelled as it stands, or as it came in before."""
        if not self._bare:
            return
        bare = pl.concat(self._bare)
        known = self._known(bare) if self.mapping.kind == "purchases" else FRAMES[self.mapping.kind].empty()
        for number, rows in sorted(bare.partition_by(FILE, as_dict=True).items()):
            taken = files[number[0]]
            bad = deletions.nothing_done(rows, known, self.mapping.kind, taken.name)
            self.quarantine.add(bad)
            good = FRAMES[self.mapping.kind].empty()
            if known.height:
                good = deletions.cancelled(rows, known).select(*known.columns, ROW_NUMBER, ITEM, FILE)
                self.rows.add(good)
            taken.read += good.height + bad.height
            self._count(good, bad, taken)

    def _known(self, bare: pl.DataFrame) -> pl.DataFrame:
        """The rows with these ids, those that came in with this import behind those that stand."""
        columns, ids = FRAMES[self.mapping.kind].schema.column_names(), bare.select(self.rows.own_id).unique()
        standing = self.rows.view.scan().select(columns).join(ids.lazy(), on=self.rows.own_id, how="semi").collect()
        came = (piece.select(columns).join(ids, on=self.rows.own_id, how="semi") for piece in self.rows.pieces())
        return pl.concat([standing, *came])

    def _chunks(self, source: OpenSource, settled: list[Reading], number: int) -> Iterator[_Chunk]:
        """The chunks of a file, each with how it is read, which is left in `settled` too."""
        bound = nothing = [ROW_NUMBER, ITEM]
        for chunk in source.chunks():
            raw, bare = deletions.split_bare(chunk.rows, self.mapping)
            if bare.height:
                self._bare.append(bare.with_columns(pl.lit(number, pl.Int32).alias(FILE)))
            if raw.columns != bound and (raw.height or not bare.height):
                settled.append(self._settle(raw, source, None if bound == nothing else settled[-1]))
                bound = raw.columns if raw.height else bound
            yield _Chunk(raw, quarantine_rows(chunk.rejected, source.name), settled[-1] if settled else None)

    def _cleaned(self, chunk: _Chunk, *, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Canonical rows and quarantine rows of a chunk of the file with this number."""
        if chunk.reading is None:
            return FRAMES[self.mapping.kind].empty(), chunk.rejected
        cleaned = cleaning.clean(chunk.raw, chunk.reading)
        rows = cleaned.rows.with_columns(pl.repeat(number, cleaned.rows.height, dtype=pl.Int32, eager=True).alias(FILE))
        return rows, pl.concat([chunk.rejected, cleaned.quarantine]).sort("row_number", "item")

    def _settle(self, rows: pl.DataFrame, source: OpenSource, before: Reading | None) -> Reading:
        """How the file is read, from its first rows; what was settled stays when later rows bring more columns."""
        file = source.name
        mapping = binding.bind(self.mapping, rows.columns, file=file)
        if before is not None:
            return replace(before, mapping=mapping)
        zone = mapping.timezone or self.timezone
        day_first = binding.settle_day_first(rows, mapping, file=file)
        clock = Clock(mapping.date_formats, day_first, mapping.written_timezone or zone, zone)
        separator = source.findings.get("separator")
        decimal_comma = binding.settle_decimal_comma(rows, mapping, file=file, separator=separator)
        return Reading(mapping, file, clock, decimal_comma, self.now)

    def _count(self, rows: pl.DataFrame, bad: pl.DataFrame, taken: TakenFile) -> None:
        taken.quarantined += bad.height
        taken.expected += int(bad["expected"].sum())
        if bad.height:
            taken.reasons.append(reason_counts(bad))
        newest = _NEWEST.get(self.mapping.kind)
        if newest and rows.height:
            days = [taken.newest_day, rows.select(pl.max(newest)).item()]
            taken.newest_day = max(day for day in days if day is not None)


def mapping_key(mapping: ColumnMapping, timezone: str) -> str:
    """What, besides its content, decides how a file is read."""
    ingredients = {"mapping": dump(mapping), "timezone": timezone, "cleaning": cleaning.VERSION}
    return digest(ingredients)


def _findings(reading: Reading) -> Mapping[str, str]:
    found = {"timezone": reading.clock.timezone}
    if reading.clock.written_timezone != reading.clock.timezone:
        found["times written in"] = reading.clock.written_timezone
    if reading.clock.day_first:
        found["dates"] = "day first"
    if reading.decimal_comma:
        found["decimals"] = "comma"
    return found
