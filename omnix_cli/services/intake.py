"""The first pass of an import: every file read, cleaned and spilled, its counts and findings kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols import OpenSource, Spill
from omnix_cli.schemas import FRAMES
from omnix_cli.services.ahead import ahead
from omnix_cli.services.import_reports import reason_counts
from omnix_cli.services.incoming import Incoming
from omnix_cli.services.keys import digest
from omnix_cli.settings import dump
from omnix_cli.steps.imports import binding, cleaning
from omnix_cli.steps.imports.binding import Reading
from omnix_cli.steps.imports.fields import Clock
from omnix_cli.steps.imports.identity import FILE
from omnix_cli.steps.imports.problems import ITEM, ROW_NUMBER, quarantine_rows

Progress = Callable[[str, int], None]
"""Told the file's name and its rows so far."""

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

    def read(self, source: OpenSource, number: int) -> TakenFile:
        """Takes one file in; `number` is its place in the order of files."""
        taken = TakenFile(source.name)
        settled: list[Reading] = []
        for rows, bad in ahead(self._cleaned(source, settled)):
            taken.read += rows.height + bad.height
            self._count(rows, bad, taken)
            self.quarantine.add(bad)
            self.rows.add(rows.with_columns(pl.lit(number, pl.Int32).alias(FILE)))
            self.progress(source.name, taken.read)
        taken.sha256 = source.fingerprint()
        taken.findings = {**source.findings, **(_findings(settled[-1]) if settled else {})}
        return taken

    def _cleaned(self, source: OpenSource, settled: list[Reading]) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Canonical rows and quarantine rows, chunk by chunk; how the file is read is left in `settled`."""
        bound = nothing = [ROW_NUMBER, ITEM]
        for chunk in ahead(source.chunks()):
            if chunk.rows.columns != bound:
                settled.append(self._settle(chunk.rows, source, None if bound == nothing else settled[-1]))
                bound = chunk.rows.columns if chunk.rows.height else bound
            rejected = quarantine_rows(chunk.rejected, source.name)
            if not settled:
                yield FRAMES[self.mapping.kind].empty(), rejected
                continue
            cleaned = cleaning.clean(chunk.rows, settled[-1])
            yield cleaned.rows, pl.concat([rejected, cleaned.quarantine]).sort("row_number", "item")

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
            days = [taken.newest_day, *rows[newest].top_k(1)]
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
