"""Importing files or a whole table as one batch, unless it exceeds a limit of the settings."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from statistics import median
from zoneinfo import ZoneInfo

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.records import ImportBatch, ImportedFile
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.identify_again import has_former_ids, identify_again
from omnix_cli.services.importing.importer import Import, Importer, resolved
from omnix_cli.services.importing.read_files import Reader
from omnix_cli.services.importing.reports import FileReport, ImportRefused, ImportReport
from omnix_cli.settings import ImportSettings

_log = logging.getLogger(__name__)

_FORMER = "the imported purchases have ids of an earlier release: this dry run takes all rows for new ones"
_NOTED_FALL = 0.2
"""A report mentions that an import has fewer rows than usual from this share on."""


def import_files(
    importer: Importer, patterns: Sequence[str], mapping: ColumnMapping, *, dry_run: bool = False
) -> ImportReport:
    """Imports files as one batch. When two have the same row, the later one counts; the files of a folder or glob are
    sorted by name. Batches that are damaged are dropped first, so that their files can be imported again.

    Raises `ImportRefused` and imports nothing when a limit of the settings is exceeded; `DataError` when a file cannot
    be read."""
    damaged = () if dry_run else importer.ledger.damaged()
    if damaged:
        _log.warning("damaged imports were dropped, import their files again: %s", described(damaged))
        importer.ledger.drop(damaged)
    kind = mapping.kind
    names = importer.sources.find(patterns)
    is_former = has_former_ids(importer, kind)
    if is_former and not dry_run:
        identify_again(importer)
    contents = _contents(importer, kind, names)
    changed = _changed_readings(importer, mapping, contents)
    again = _read_whole_again(importer, kind, changed)
    with importer.begin(mapping, dry_run=dry_run, again=again) as work:
        for name in names:
            _read(work, name, contents.get(name))
        work.finish_reading()
        batches = importer.ledger.batches(kind)
        today = importer.now.astimezone(ZoneInfo(importer.settings.timezone)).date()
        notes = tuple(check_limits(work.report(), batches, importer.settings, today))
        notes += tuple(_partly_again(importer, kind, changed))
        notes += (_FORMER,) if is_former and dry_run else ()
        if all("unchanged" in file.findings for file in work.files):
            return work.report(notes)
        with work.store({"files": [(file.name, file.sha256) for file in work.files]}) as writer:
            for piece in work.quarantine.pieces():
                writer.append("quarantine", piece)
            writer.append("resolved", _read_again(importer, kind, work.files))
        return work.report((*row_fall_note(work.report(), batches), *notes))


def check_limits(
    found: ImportReport, batches: Sequence[ImportBatch], settings: ImportSettings, today: date
) -> Iterator[str]:
    """Notes on the import for its report. Raises `ImportRefused` when it exceeds a limit of the settings."""
    if found.bad_share > settings.max_bad:
        bad, worst = found.quarantined - found.expected, [one for one in found.reasons if not one.expected][:3]
        reasons = (f"{one.rows:,} {one.column or 'line'} {one.reason} ({one.example})" for one in worst)
        share = f"{found.bad_share:.1%}, allowed {settings.max_bad:.1%}"
        message = f"{bad:,} of {found.read:,} rows are bad ({share}): {'; '.join(reasons)}"
        raise ImportRefused(message, "Fix the files or the mapping, or allow more with --max-bad.", found)
    fall = _row_fall(batches, found.read)
    if fall is not None and settings.max_row_fall is not None and fall > settings.max_row_fall:
        message = f"the files have {_fewer(found.read, fall)} (allowed {settings.max_row_fall:.0%})"
        raise ImportRefused(message, "If the export is complete, raise imports.max_row_fall.", found)
    age = (today - found.newest_day).days if found.newest_day else None
    if age is not None and settings.max_age_days is not None and age > settings.max_age_days:
        message = f"the newest row is of {found.newest_day}, {age} days ago (allowed {settings.max_age_days})"
        raise ImportRefused(message, "If the export is current, raise imports.max_age_days.", found)
    days = [file.newest_day for batch in batches for file in batch.files if file.newest_day]
    if found.newest_day and days and found.newest_day < max(days):
        yield f"the newest row is of {found.newest_day}, older than rows already imported ({max(days)})"


def row_fall_note(found: ImportReport, batches: Sequence[ImportBatch]) -> Iterator[str]:
    """Notes that the import has few rows, unless all of them were known: then the files are no full export."""
    fall = _row_fall(batches, found.read)
    if fall is not None and (not found.read or found.read > found.known + found.corrected):
        yield _fewer(found.read, fall)


def described(batches: Iterable[ImportBatch]) -> str:
    """Batches by kind and files, for people."""
    return "; ".join(f"{batch.kind} from {', '.join(file.name for file in batch.files)}" for batch in batches)


def _contents(importer: Importer, kind: str, names: Sequence[str]) -> dict[str, str | None]:
    """The SHA-256 of the files, if there are earlier imports to compare them with."""
    return {name: importer.sources.fingerprint(name) for name in names} if importer.ledger.batches(kind) else {}


def _latest(importer: Importer, kind: str, content: str | None) -> tuple[ImportBatch, ImportedFile] | None:
    """The newest import of a file with this content."""
    batches = reversed(importer.ledger.batches(kind))
    found = ((batch, file) for batch in batches for file in batch.files if file.sha256 == content and content)
    return next(found, None)


def _changed_readings(
    importer: Importer, mapping: ColumnMapping, contents: Mapping[str, str | None]
) -> frozenset[str | None]:
    """The contents of the files that were last read in another way."""
    key = Reader(mapping, importer.settings.timezone, importer.now).key
    latest = ((content, _latest(importer, mapping.kind, content)) for content in contents.values())
    return frozenset(content for content, found in latest if found is not None and found[1].mapping_key != key)


def _read_whole_again(importer: Importer, kind: str, changed: frozenset[str | None]) -> frozenset[str]:
    """The keys of the earlier imports all of whose files are now read in another way: what they gave is replaced. So
    are the rows that came from their quarantine later."""
    again: dict[str, set[str]] = {}
    for batch in importer.ledger.batches(kind):
        names = {file.name for file in batch.files}
        of_files = not batch.replay and all(file.sha256 in changed for file in batch.files)
        of_quarantine = batch.replay and any(names <= files for files in again.values())
        if names and (of_files or of_quarantine):
            again[batch.key] = names
    return frozenset(again)


def _partly_again(importer: Importer, kind: str, changed: frozenset[str | None]) -> Iterator[str]:
    """Notes on earlier imports of which only some files are read again."""
    for batch in importer.ledger.batches(kind):
        others = [file.name for file in batch.files if file.sha256 not in changed]
        if others and len(others) < len(batch.files) and not batch.replay:
            yield (
                f"only some files of the import of {batch.imported_at:%Y-%m-%d %H:%M} were read in another way: rows "
                f"that they no longer give stay. To replace what it gave, read all of them again, also "
                f"{', '.join(others[:5])}{', ...' if len(others) > 5 else ''}"
            )


def _read(work: Import, name: str, content: str | None) -> None:
    """Reads a file, unless it was last imported with the same mapping. A copy under another name is a statement of its
    own if something else was imported since."""
    found = _latest(work.importer, work.kind, content)
    newest = work.importer.ledger.batches(work.kind)[-1:]
    if (
        found is not None
        and found[1].mapping_key == work.reader.key
        and (found[0] in newest or any(file.name == name for file in found[0].files))
    ):
        before, file = found
        unchanged = {"unchanged": f"imported on {before.imported_at:%Y-%m-%d %H:%M}"}
        work.files.append(FileReport(name, sha256=file.sha256, read=file.read, known=file.read, findings=unchanged))
        return
    with work.importer.sources.open(name, work.reader.mapping) as source:
        work.read(source)


def _read_again(importer: Importer, kind: str, files: Sequence[FileReport]) -> pl.DataFrame:
    """The open quarantine rows of files that were now read with another mapping: this batch has those that are still
    bad."""
    again = {file.sha256 for file in files if "unchanged" not in file.findings}
    batches = importer.ledger.batches(kind)
    places = [(batch.key, file.name) for batch in batches for file in batch.files if file.sha256 in again]
    if not places:
        return FRAMES["resolved"].empty()
    settled = pl.DataFrame(places, schema={"batch": pl.String, "file": pl.String}, orient="row").unique()
    rows = importer.ledger.quarantine(kind).join(settled.lazy(), on=["batch", "file"], how="semi").collect()
    return resolved(rows, "replayed")


def _row_fall(batches: Sequence[ImportBatch], read: int) -> float | None:
    sums = (sum(file.read for file in batch.files) for batch in batches if not batch.replay)
    past = [rows for rows in sums if rows]
    usual = median(past) if past else 0
    fall = 1 - read / usual if usual else 0.0
    return fall if fall >= _NOTED_FALL else None


def _fewer(read: int, fall: float) -> str:
    return f"{read:,} rows: {fall:.0%} fewer than past imports had"
