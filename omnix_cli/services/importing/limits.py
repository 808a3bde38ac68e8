"""The limits of an import: too many bad rows in it or in one of its files, too few rows, or rows that are too old."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from statistics import median

from omnix_cli.counted_nouns import counted
from omnix_cli.records import ImportBatch
from omnix_cli.services.importing.reports import FileReport, ImportRefused, ImportReport, ReasonCount, merged_reasons
from omnix_cli.settings import ImportSettings

_NOTED_FALL = 0.2
"""A report mentions that an import has fewer rows than usual from this share on."""
_MANY_BAD = 10
"""From so many bad rows on, a file is judged by its share of bad rows, however small it is ..."""
_MOSTLY_BAD = 0.5
"""... and below that only if this share of its new rows is bad, and at least `_SOME_BAD` of them."""
_SOME_BAD = 3


def check_limits(
    found: ImportReport, batches: Sequence[ImportBatch], settings: ImportSettings, today: date
) -> Iterator[str]:
    """Notes on the import for its report. Raises `ImportRefused` when it exceeds a limit of the settings."""
    if found.bad_share > settings.max_bad:
        share = f"{found.bad_share:.1%}, allowed {settings.max_bad:.1%}"
        bad = found.quarantined - found.expected
        message = f"{_bad_of(bad, found.read, 'row')} ({share}): {_worst(found.reasons)}"
        broken = _broken(found, settings)
        if len(found.files) > 1 and broken:
            message += f"; in {'; in '.join(f'{name}: {why}' for name, why in broken.items())}"
        raise ImportRefused(message, "Fix the files or the mapping, or allow more with --max-bad.", found, broken)
    fall = _row_fall(batches, found.read)
    if fall is not None and settings.max_row_fall is not None and fall > settings.max_row_fall:
        message = f"the files have {_fewer(found.read, fall)} (allowed {settings.max_row_fall:.0%})"
        raise ImportRefused(message, "If the export is complete, raise imports.max_row_fall.", found)
    age = (today - found.newest_day).days if found.newest_day else None
    if age is not None and settings.max_age_days is not None and age > settings.max_age_days:
        message = (
            f"the newest row is of {found.newest_day}, {counted(age, 'day')} ago (allowed {settings.max_age_days})"
        )
        raise ImportRefused(message, "If the export is current, raise imports.max_age_days.", found)
    days = [file.newest_day for batch in batches for file in batch.files if file.newest_day]
    if found.newest_day and days and found.newest_day < max(days):
        yield f"the newest row is of {found.newest_day}, older than rows already imported ({max(days)})"


def check_files(found: ImportReport, settings: ImportSettings) -> None:
    """Judges each file over its new rows; call it when the known rows are counted.

    Raises `ImportRefused` when one is broken: good files, or rows imported before, do not make up for it."""
    broken = _broken(found, settings)
    if broken:
        message = "; ".join(f"{name}: {why}" for name, why in broken.items())
        hint = 'Fix the file or the mapping, allow more with --max-bad, or set imports.bad_file = "leave_out".'
        raise ImportRefused(message, hint, found, broken)


def is_broken(file: FileReport, max_bad: float) -> bool:
    """Whether too many of the new rows of a file are bad.

    Rows that were known, and bad rows that were in quarantine before, are not new. One or two bad rows are not enough,
    unless the file has nothing else."""
    bad, new = file.new_bad, file.read - file.known - file.bad_before
    if not bad or bad <= max_bad * new:
        return False
    return bad >= _MANY_BAD or bad == file.read or (bad >= _SOME_BAD and bad >= _MOSTLY_BAD * new)


def _broken(found: ImportReport, settings: ImportSettings) -> dict[str, str]:
    broken = (file for file in found.files if is_broken(file, settings.max_bad))
    return {file.name: _why_broken(file, settings.max_bad) for file in broken}


def _why_broken(file: FileReport, max_bad: float) -> str:
    """How many rows of a file are bad, and the most frequent reasons."""
    bad, new = file.new_bad, file.read - file.known - file.bad_before
    share = f"{bad / new:.1%}, allowed {max_bad:.1%}"
    return f"{_bad_of(bad, new, 'new row')} ({share}): {_worst(merged_reasons(file.reasons))}"


def _bad_of(bad: int, rows: int, noun: str) -> str:
    return f"{bad:,} of {counted(rows, noun)} {'is' if bad == 1 else 'are'} bad"


def row_fall_note(found: ImportReport, batches: Sequence[ImportBatch]) -> Iterator[str]:
    """Notes that the import has few rows, unless all of them were known: then the files are no full export."""
    fall = _row_fall(batches, found.read)
    if fall is not None and (not found.read or found.read > found.known + found.corrected):
        yield _fewer(found.read, fall)


def _worst(reasons: Sequence[ReasonCount]) -> str:
    worst = [one for one in reasons if not one.expected][:3]
    return "; ".join(f"{one.rows:,} {one.column or 'line'} {one.reason} ({one.example})" for one in worst)


def _row_fall(batches: Sequence[ImportBatch], read: int) -> float | None:
    sums = (sum(file.read for file in batch.files) for batch in batches if not batch.replay)
    past = [rows for rows in sums if rows]
    usual = median(past) if past else 0
    fall = 1 - read / usual if usual else 0.0
    return fall if fall >= _NOTED_FALL else None


def _fewer(read: int, fall: float) -> str:
    return f"{counted(read, 'row')}: {fall:.0%} fewer than past imports had"
