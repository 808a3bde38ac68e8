"""Importing files or a whole table as one batch, unless it exceeds a limit of the settings."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import polars as pl

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.records import ImportBatch
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.complete_imports import KINDS, check_replaced, delisted, hinted, told
from omnix_cli.services.importing.earlier_rows import outdated_rows
from omnix_cli.services.importing.identify_again import has_former_ids, identify_again
from omnix_cli.services.importing.importer import NAMES, Import, Importer, resolved
from omnix_cli.services.importing.limits import check_files, check_limits, is_broken, row_fall_note
from omnix_cli.services.importing.read_files import STDIN
from omnix_cli.services.importing.repeated_files import (
    changed_readings,
    changed_tables,
    partly_again,
    unchanged,
    whole_again,
)
from omnix_cli.services.importing.reports import FileReport, ImportRefused, ImportReport

_log = logging.getLogger(__name__)

_FORMER = "the imported purchases have ids of an earlier release: this dry run takes all rows for new ones"


def import_files(
    importer: Importer,
    patterns: Sequence[str],
    mapping: ColumnMapping,
    *,
    complete: bool | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Imports files as one batch. When two have the same row, the later one counts; the files of a folder or glob are
    sorted by name. If they are `complete`, current products or customers that they lack are withdrawn. Purchases that
    an earlier version of a table had are withdrawn, unless `complete` is False; if it is None, only if they are not
    most of them. When they are the files of a damaged batch, they take its place: what was imported later still counts
    more. Any other batch that is damaged is dropped.

    Raises `ImportRefused` and imports nothing when a limit of the settings is exceeded; `DataError` when a file cannot
    be read. Broken files are left out instead, if the settings say so and others remain."""
    names, left_out = importer.sources.find(patterns, mapping), dict[str, str]()
    importer = importer if dry_run else _without_damage(importer, names, mapping.kind)
    if complete and mapping.kind not in KINDS and not all(map(importer.sources.table_identity, names)):
        hint = "Leave out --complete (`complete` of the source)."
        raise ConfigError("only products, customers, and Delta or Iceberg tables can be complete", hint=hint)
    while True:
        try:
            return _with_left_out(_import(importer, names, mapping, complete=complete, dry_run=dry_run), left_out)
        except ImportRefused as refused:
            good = [name for name in names if name not in refused.broken]
            if complete or importer.settings.bad_file == "refuse" or not refused.broken or not good or STDIN in good:
                raise
            left_out |= refused.broken
            names = good


def _import(
    importer: Importer, names: Sequence[str], mapping: ColumnMapping, *, complete: bool | None, dry_run: bool
) -> ImportReport:
    kind = mapping.kind
    is_former = has_former_ids(importer, kind)
    if is_former and not dry_run:
        identify_again(importer)
    contents = {name: importer.sources.fingerprint(name) for name in names} if importer.ledger.batches(kind) else {}
    changed = changed_readings(importer, mapping, contents)
    tables = changed_tables(importer, mapping, contents) if complete is not False else {}
    batches_again = whole_again(importer, kind, changed, tables)
    with importer.begin(mapping, dry_run=dry_run, again=batches_again, names=names) as work:
        again = bool(complete) and kind in KINDS and not _is_newest(importer, kind, names, work.reader.key)
        for name in names:
            try:
                _read(work, name, contents.get(name), again=again)
            except DataError as error:
                if importer.settings.bad_file == "refuse" or len(names) == 1:
                    raise
                raise ImportRefused(error.message, error.hint or "", work.report(), {name: error.message}) from error
        work.finish_reading()
        batches = importer.ledger.batches(kind)
        today = importer.now.astimezone(ZoneInfo(importer.settings.timezone)).date()
        notes = (*importer.sources.notes, *check_limits(work.report(), batches, importer.settings, today))
        notes += tuple(partly_again(importer, kind, changed, tables))
        notes += (_FORMER,) if is_former and dry_run else ()
        if all("unchanged" in file.findings for file in work.files):
            return work.report(notes)
        gone = delisted(work) if complete and kind in KINDS else None
        found = tuple(told(work, gone))
        shas = [(file.name, file.sha256) for file in work.files]
        with work.store({"files": shas, **({"complete": True} if complete else {})}, delisted=gone) as writer:
            _count_bad_before(work)
            check_files(work.report(), importer.settings)
            if tables and not complete:
                check_replaced(work, batches_again, tables)
            for piece in work.quarantine.pieces():
                writer.append("quarantine", piece)
            writer.append("resolved", _read_again(importer, kind, work.files, tables))
            if mapping.most_frequent:
                writer.append(NAMES, work.names.counts())
        report = work.report((*row_fall_note(work.report(), batches), *notes))
        later = () if dry_run else outdated_rows(importer, mapping, work.reader.key)
        return replace(report, findings=(*found, *hinted(report.findings, tables), *later))


def _without_damage(importer: Importer, names: Sequence[str], kind: str) -> Importer:
    """The importer with a ledger that has no damaged batch: as it was before the one that had these files or, for other
    files, without any."""
    damaged = importer.ledger.damaged()
    contents = sorted(importer.sources.fingerprint(name) or "" for name in names) if damaged else []
    for batch in damaged:
        if batch.kind == kind and not batch.replay and sorted(file.sha256 for file in batch.files) == contents:
            return replace(importer, ledger=importer.ledger.before(batch))
    if damaged:
        _log.warning("damaged imports were dropped, import their files again: %s", described(damaged))
        importer.ledger.drop(damaged)
    return importer


def described(batches: Iterable[ImportBatch]) -> str:
    """Batches by kind and files, for people."""
    return "; ".join(f"{batch.kind} from {', '.join(file.name for file in batch.files)}" for batch in batches)


def _with_left_out(report: ImportReport, left_out: Mapping[str, str]) -> ImportReport:
    """The report with the files that were left out. None of their rows counts as read."""
    for name, why in left_out.items():
        _log.warning("left out %s: %s", name, why)
    files = (*report.files, *(FileReport(name, findings={"left out": why}) for name, why in left_out.items()))
    notes = (f"left out {name}: {why}" for name, why in left_out.items())
    return replace(report, files=files, notes=(*notes, *report.notes)) if left_out else report


def _count_bad_before(work: Import) -> None:
    """Counts the bad rows that earlier imports have in quarantine, for the files that have too many: an export of
    everything has the same bad rows every night."""
    doubtful = {file.name: file for file in work.files if is_broken(file, work.importer.settings.max_bad)}
    if not doubtful:
        return
    before = work.importer.ledger.quarantine(work.kind).filter(~pl.col("expected")).select("row").unique().collect()
    for piece in work.quarantine.pieces():
        again = piece.filter(~pl.col("expected")).join(before, on="row", how="semi")
        for name, rows in again.group_by("file").len().iter_rows():
            if name in doubtful:
                doubtful[name].bad_before += rows


def _is_newest(importer: Importer, kind: str, names: Sequence[str], mapping_key: str) -> bool:
    """Whether the newest import was a complete one of the same files. Any other may have what they lack."""
    newest = [batch for batch in importer.ledger.batches(kind) if not batch.replay][-1:]
    content = sorted((importer.sources.fingerprint(name) or "", mapping_key) for name in names) if newest else []
    return any(one.complete and sorted((f.sha256, f.mapping_key) for f in one.files) == content for one in newest)


def _read(work: Import, name: str, content: str | None, *, again: bool) -> None:
    """Reads a file, unless it was last imported with the same mapping and is not to be read again."""
    after_others = any("unchanged" not in file.findings for file in work.files)
    key = work.reader.key
    found = None if again else unchanged(work.importer, work.kind, key, name, content, after_others=after_others)
    if found is not None:
        before, file = found
        note = {"unchanged": f"imported on {before.imported_at:%Y-%m-%d %H:%M}"}
        same = FileReport(name, sha256=file.sha256, read=file.read, known=file.read, findings=note)
        same.currencies.update(file.currencies)
        work.files.append(same)
        return
    with work.importer.sources.open(name, work.reader.mapping) as source:
        work.read(source)


def _read_again(importer: Importer, kind: str, files: Sequence[FileReport], tables: Mapping[str, str]) -> pl.DataFrame:
    """The open quarantine rows of files that were now read with another mapping, and of other versions of these tables:
    this batch has those that are still bad."""
    again = {file.sha256 for file in files if "unchanged" not in file.findings}
    batches = importer.ledger.batches(kind)
    places = [
        (batch.key, file.name)
        for batch in batches
        for file in batch.files
        if file.sha256 in again or file.table in tables
    ]
    if not places:
        return FRAMES["resolved"].empty()
    settled = pl.DataFrame(places, schema={"batch": pl.String, "file": pl.String}, orient="row").unique()
    rows = importer.ledger.quarantine(kind).join(settled.lazy(), on=["batch", "file"], how="semi").collect()
    return resolved(rows, "replayed")
