"""Importing files or a whole table as one batch."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.records import ImportBatch, ImportedFile
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.clean_rows import FileCounts
from omnix_cli.services.importing.import_limits import check_limits, row_fall_note
from omnix_cli.services.importing.importer import Import, Importer
from omnix_cli.services.importing.reports import ImportReport

_log = logging.getLogger(__name__)


def import_files(
    importer: Importer, patterns: Sequence[str], mapping: ColumnMapping, *, dry_run: bool = False
) -> ImportReport:
    """Imports files as one batch. When two have the same row, the later one counts; the files of a folder or glob are
    sorted by name. Batches that are damaged are dropped first, so that their files can be imported again.

    Raises `ImportRefused` and imports nothing when a limit of the settings is exceeded; `DataError` when a file cannot
    be read."""
    if not dry_run:
        _drop_damaged(importer)
    kind = mapping.kind
    names = importer.sources.find(patterns)
    with importer.begin(mapping) as work:
        for name in names:
            _read(work, name)
        work.finish_reading()
        batches = importer.ledger.batches(kind)
        today = importer.now.astimezone(ZoneInfo(importer.settings.timezone)).date()
        notes = tuple(check_limits(work.report(), batches, importer.settings, today))
        if all("unchanged" in file.findings for file in work.files):
            return work.report(notes=notes, dry_run=dry_run)
        contents = [(file.name, file.sha256) for file in work.files]
        with work.store({"files": contents}, dry_run=dry_run) as stored:
            for piece in work.quarantine.pieces():
                stored.writer.append("quarantine", piece)
            stored.writer.append("resolved", _read_again(importer, kind, work.files))
        notes = (*row_fall_note(work.report(corrected=stored.corrected), batches), *notes)
        return work.report(corrected=stored.corrected, notes=notes, batch=stored.batch, dry_run=dry_run)


def described(batches: Iterable[ImportBatch]) -> str:
    """Batches by kind and files, for people."""
    return "; ".join(f"{batch.kind} from {', '.join(file.name for file in batch.files)}" for batch in batches)


def _drop_damaged(importer: Importer) -> None:
    damaged = importer.ledger.damaged()
    if damaged:
        _log.warning("damaged imports were dropped, import their files again: %s", described(damaged))
        importer.ledger.drop(damaged)


def _read(work: Import, name: str) -> None:
    """Reads a file, unless it was imported with the same mapping before."""
    importer = work.importer
    before = _imported_before(work, name)
    if before is None:
        with importer.sources.open(name, work.reader.mapping) as source:
            work.read(source)
        return
    batch, file = before
    found = {"unchanged": f"imported on {batch.imported_at:%Y-%m-%d %H:%M}"}
    work.files.append(FileCounts(name, file.sha256, read=file.read, known=file.read, findings=found))


def _imported_before(work: Import, name: str) -> tuple[ImportBatch, ImportedFile] | None:
    batches = work.importer.ledger.batches(work.kind)
    content = work.importer.sources.fingerprint(name) if batches else None
    if content is None:
        return None
    return next(
        (
            (batch, file)
            for batch in batches
            for file in batch.files
            if (file.sha256, file.mapping_key) == (content, work.reader.key)
        ),
        None,
    )


def _read_again(importer: Importer, kind: str, files: Sequence[FileCounts]) -> pl.DataFrame:
    """The open quarantine rows of files that were now read with another mapping: this batch has those that are still
    bad."""
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
