"""Importing: files in, canonical rows and quarantine out, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.checkpoints import Checkpoints, CheckpointWriter, Figures, StagedPart, StoredFrame
from omnix_cli.protocols.inputs import ImportLedger, Sources, Spill
from omnix_cli.records import ImportBatch, ImportedFile
from omnix_cli.schemas import FRAMES
from omnix_cli.services.content_keys import digest
from omnix_cli.services.importing.comparing import RUN_ROWS, Incoming
from omnix_cli.services.importing.reading import Intake, Progress, TakenFile, mapping_key
from omnix_cli.services.importing.reports import FileReport, ImportRefused, ImportReport, merged_reasons
from omnix_cli.services.importing.storing import merge
from omnix_cli.settings import ImportSettings, dump
from omnix_cli.steps.imports import cleaning

_TOLD_FALL = 0.2
"""A fall of the row count from which on it is mentioned."""


@dataclass(frozen=True)
class Importer:
    """What an import works with; made by `wiring`."""

    sources: Sources
    checkpoints: Checkpoints
    ledger: ImportLedger
    open_spill: Callable[[], AbstractContextManager[Spill]]
    settings: ImportSettings
    now: datetime
    slice_rows: int = 1_000_000
    """Rows compared at a time."""
    run_rows: int = RUN_ROWS
    """Rows sorted and stored at a time."""
    progress: Progress = lambda name, rows: None


def import_files(
    importer: Importer, patterns: Sequence[str], mapping: ColumnMapping, *, dry_run: bool = False
) -> ImportReport:
    """Takes files in as one batch, in the order in which they are given, those of a folder or glob by name: where two
    have the same row, the later one counts.

    Raises `ImportRefused`, and takes nothing over, when too many rows are bad or a gate of the settings is passed;
    `DataError` when a file cannot be read at all."""
    names = importer.sources.find(patterns)
    with ExitStack() as stack:
        accepted, disputed, quarantine = (stack.enter_context(importer.open_spill()) for _ in range(3))
        view = importer.ledger.view(mapping.kind)
        rows = stack.enter_context(Incoming(mapping.kind, view, accepted, disputed, importer.run_rows))
        zone = importer.settings.timezone
        intake = Intake(mapping, zone, importer.now, rows, quarantine, importer.progress)
        files = [_read(importer, intake, name, number) for number, name in enumerate(names)]
        intake.settle_deletions(files)
        notes = _check(importer, mapping.kind, files)
        return _store(importer, mapping, files, rows, quarantine, notes, dry_run=dry_run)


def _read(importer: Importer, intake: Intake, name: str, number: int) -> TakenFile:
    before = _imported_before(importer, intake.mapping, name)
    if before is not None:
        batch, file = before
        when = f"{batch.imported_at:%Y-%m-%d %H:%M}"
        return TakenFile(
            name, file.sha256, read=file.read, known=file.read, findings={"unchanged": f"imported on {when}"}
        )
    with importer.sources.open(name, intake.mapping) as source:
        return intake.read(source, number)


def _imported_before(importer: Importer, mapping: ColumnMapping, name: str) -> tuple[ImportBatch, ImportedFile] | None:
    batches = importer.ledger.batches(mapping.kind)
    content = importer.sources.fingerprint(name) if batches else None
    if content is None:
        return None
    how = mapping_key(mapping, importer.settings.timezone)
    return next(
        (
            (batch, file)
            for batch in batches
            for file in batch.files
            if (file.sha256, file.mapping_key) == (content, how)
        ),
        None,
    )


def _check(importer: Importer, kind: str, files: Sequence[TakenFile]) -> tuple[str, ...]:
    """What the files look like against the limits and past imports. Raises `ImportRefused` when a limit is passed."""
    settings = importer.settings
    found = report(kind, files)
    bad = found.quarantined - found.expected
    if found.bad_share > settings.max_bad:
        raise ImportRefused(
            f"{bad:,} of {found.read:,} rows are bad ({found.bad_share:.1%}, allowed {settings.max_bad:.1%}):"
            f" {'; '.join(_worst(found))}",
            hint="Nothing was taken over. Mend the files or the mapping, or allow more with --max-bad.",
            report=found,
        )
    fall = _row_fall(importer.ledger.batches(kind), found.read)
    if fall is not None and settings.max_row_fall is not None and fall > settings.max_row_fall:
        raise ImportRefused(
            f"the files have {_fewer(found.read, fall)} (allowed {settings.max_row_fall:.0%})",
            hint="Nothing was taken over. Is the export whole? Otherwise raise imports.max_row_fall.",
            report=found,
        )
    age = _age_days(importer, found)
    if age is not None and settings.max_age_days is not None and age > settings.max_age_days:
        raise ImportRefused(
            f"the newest row is of {found.newest_day}, {age} days ago (allowed {settings.max_age_days})",
            hint="Nothing was taken over. Is the export current? Otherwise raise imports.max_age_days.",
            report=found,
        )
    return tuple(_staleness(importer.ledger.batches(kind), found))


def _worst(found: ImportReport) -> Iterator[str]:
    for reason in [reason for reason in found.reasons if not reason.expected][:3]:
        yield f"{reason.rows:,} {reason.column or 'line'} {reason.reason} ({reason.example})"


def _row_fall(batches: Sequence[ImportBatch], read: int) -> float | None:
    past = [sum(file.read for file in batch.files) for batch in batches if not batch.replay]
    usual = median(past) if past else 0
    fall = 1 - read / usual if usual else 0.0
    return fall if fall >= _TOLD_FALL else None


def _fewer(read: int, fall: float) -> str:
    return f"{read:,} rows: {fall:.0%} fewer than past imports had"


def _told_fall(importer: Importer, kind: str, files: Sequence[TakenFile], corrected: int) -> Iterator[str]:
    """That there are few rows, unless all of them were there before: such a file is no export."""
    read, known = sum(file.read for file in files), sum(file.known for file in files)
    fall = _row_fall(importer.ledger.batches(kind), read)
    if fall is not None and (not read or read > known + corrected):
        yield _fewer(read, fall)


def _age_days(importer: Importer, found: ImportReport) -> int | None:
    today = importer.now.astimezone(ZoneInfo(importer.settings.timezone)).date()
    return (today - found.newest_day).days if found.newest_day else None


def _staleness(batches: Sequence[ImportBatch], found: ImportReport) -> Iterator[str]:
    days = [file.newest_day for batch in batches for file in batch.files if file.newest_day]
    if found.newest_day and days and found.newest_day < max(days):
        yield f"the newest row is of {found.newest_day}, older than what is there already ({max(days)})"


def _store(
    importer: Importer,
    mapping: ColumnMapping,
    files: list[TakenFile],
    rows: Incoming,
    quarantine: Spill,
    notes: tuple[str, ...],
    *,
    dry_run: bool,
) -> ImportReport:
    kind = mapping.kind
    if all("unchanged" in file.findings for file in files):
        return report(kind, files, notes=notes, dry_run=dry_run)
    how, view = mapping_key(mapping, importer.settings.timezone), rows.view
    key = batch_key(kind, {"how": how, "files": [(file.name, file.sha256) for file in files]}, view)
    with Nowhere() if dry_run else open_batch(importer, kind, key, view, {"mapping": dump(mapping)}) as writer:
        corrected = merge(rows, writer, files, slice_rows=importer.slice_rows)
        for piece in quarantine.pieces():
            writer.append("quarantine", piece)
        writer.append("resolved", _read_again(importer, kind, files))
    notes = (*_told_fall(importer, kind, files, corrected), *notes)
    if not dry_run:
        importer.ledger.add(
            ImportBatch(
                key=key,
                kind=kind,
                imported_at=importer.now,
                files=tuple(record(file, how) for file in files),
                corrected=corrected,
            )
        )
    batch = None if dry_run else key
    return report(kind, files, corrected=corrected, notes=notes, batch=batch, dry_run=dry_run)


def batch_key(kind: str, ingredients: Mapping[str, Any], view: StoredFrame) -> str:
    """The key of a batch: what went into it, and what stood before."""
    return f"import-{kind}-{digest({**ingredients, 'before': view.key, 'batches': view.rows})}"


def open_batch(
    importer: Importer, kind: str, key: str, view: StoredFrame, parameters: Mapping[str, Any]
) -> AbstractContextManager[CheckpointWriter]:
    """A checkpoint for a batch, being written."""
    return importer.checkpoints.write(
        key=key,
        step=f"import-{kind}",
        version=cleaning.VERSION,
        parameters=parameters,
        inputs={kind: view.key},
    )


class Nowhere:
    """A checkpoint writer that keeps nothing, for dry runs."""

    def __enter__(self) -> Nowhere:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def append(self, name: str, frame: pl.DataFrame) -> None:
        """Forgets the rows."""

    def adopt(self, name: str, part: StagedPart) -> None:
        """Forgets the part."""

    def add_figures(self, figures: Figures) -> None:
        """Forgets the figures."""


def _read_again(importer: Importer, kind: str, files: Sequence[TakenFile]) -> pl.DataFrame:
    """The open quarantine rows of files whose very content was now read anew: what is still wrong is in this batch."""
    again = {file.sha256 for file in files if "unchanged" not in file.findings}
    places = [
        (batch.key, file.name)
        for batch in importer.ledger.batches(kind)
        for file in batch.files
        if file.sha256 in again
    ]
    if not places:
        return FRAMES["resolved"].empty()
    settled = pl.DataFrame(places, schema={"batch": pl.String, "file": pl.String}, orient="row").unique()
    rows = importer.ledger.quarantine(kind).join(settled.lazy(), on=["batch", "file"], how="semi").collect()
    return FRAMES["resolved"].conform(rows.with_columns(pl.lit("replayed").alias("how"))).sort(FRAMES["resolved"].sort)


def record(file: TakenFile, how: str) -> ImportedFile:
    """What the ledger keeps of a file."""
    return ImportedFile(
        name=file.name,
        sha256=file.sha256,
        mapping_key=how,
        read=file.read,
        accepted=file.accepted,
        quarantined=file.quarantined,
        known=file.known,
        newest_day=file.newest_day,
    )


def report(
    kind: str,
    files: Sequence[TakenFile],
    *,
    corrected: int = 0,
    notes: tuple[str, ...] = (),
    batch: str | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """The numbers of an import."""
    return ImportReport(
        kind=kind,
        files=tuple(
            FileReport(file.name, file.read, file.accepted, file.quarantined, file.expected, file.known, file.findings)
            for file in files
        ),
        reasons=merged_reasons([part for file in files for part in file.reasons]),
        corrected=corrected,
        newest_day=max((file.newest_day for file in files if file.newest_day), default=None),
        notes=notes,
        batch=batch,
        dry_run=dry_run,
    )
