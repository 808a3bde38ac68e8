"""Clean: the canonical rows and the quarantine rows of an input, counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import polars as pl

from omnix_cli.protocols.inputs import OpenSource
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.pipelining import pipelined
from omnix_cli.services.importing.read_files import Chunk, Reader, findings
from omnix_cli.services.importing.reports import FileReport, reason_counts
from omnix_cli.steps.imports.binding import INSTANTS, Reading
from omnix_cli.steps.imports.cleaning import Cleaned, clean
from omnix_cli.steps.imports.identity import FILE

_THREADS = 2
"""Chunks cleaned at a time. Cleaning one is a chain of passes over single columns, so two fill the cores."""


@dataclass
class FileCounts:
    """One input of an import so far."""

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

    def count(self, rows: pl.DataFrame, bad: pl.DataFrame, kind: str) -> None:
        """Counts canonical rows and quarantine rows of this input."""
        self.read += rows.height + bad.height
        self.quarantined += bad.height
        self.expected += int(bad["expected"].sum())
        if bad.height:
            self.reasons.append(reason_counts(bad))
        if kind in INSTANTS and rows.height:
            newest: date = rows.select(pl.max(INSTANTS[kind][1])).item()
            self.newest_day = max(newest, self.newest_day or newest)

    def report(self) -> FileReport:
        counts = (self.read, self.accepted, self.quarantined, self.expected, self.known)
        return FileReport(self.name, *counts, self.findings)


def clean_file(reader: Reader, source: OpenSource, number: int, counts: FileCounts) -> Iterator[Cleaned]:
    """The rows of an input, the `number`-th of the import, with FILE; counts them."""
    kind = reader.mapping.kind
    readings: list[Reading] = []
    chunks = reader.chunks(source, number, readings)
    for cleaned in pipelined(partial(_clean, kind=kind, number=number), chunks, threads=_THREADS):
        counts.count(cleaned.rows, cleaned.quarantine, kind)
        yield cleaned
    counts.sha256 = source.fingerprint()
    counts.findings = findings(source, readings[-1] if readings else None)


def _clean(chunk: Chunk, *, kind: str, number: int) -> Cleaned:
    if chunk.reading is None:
        return Cleaned(FRAMES[kind].empty(), chunk.rejected)
    cleaned = clean(chunk.raw, chunk.reading)
    rows = cleaned.rows.with_columns(pl.repeat(number, cleaned.rows.height, dtype=pl.Int32, eager=True).alias(FILE))
    return Cleaned(rows, pl.concat([chunk.rejected, cleaned.quarantine]).sort("row_number", "item"))
