"""The limits of an import: its share of bad rows, and how it compares with earlier imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from statistics import median

from omnix_cli.records import ImportBatch
from omnix_cli.services.importing.reports import ImportRefused, ImportReport
from omnix_cli.settings import ImportSettings

_NOTED_FALL = 0.2
"""A report mentions that an import has fewer rows than usual from this share on."""


def check_limits(
    found: ImportReport, batches: Sequence[ImportBatch], settings: ImportSettings, today: date
) -> Iterator[str]:
    """Notes on the import for its report. Raises `ImportRefused` when it exceeds a limit of the settings."""
    bad = found.quarantined - found.expected
    if found.bad_share > settings.max_bad:
        raise ImportRefused(
            f"{bad:,} of {found.read:,} rows are bad ({found.bad_share:.1%}, allowed {settings.max_bad:.1%}):"
            f" {'; '.join(_worst(found))}",
            hint="Nothing was imported. Fix the files or the mapping, or allow more with --max-bad.",
            report=found,
        )
    fall = _row_fall(batches, found.read)
    if fall is not None and settings.max_row_fall is not None and fall > settings.max_row_fall:
        raise ImportRefused(
            f"the files have {_fewer(found.read, fall)} (allowed {settings.max_row_fall:.0%})",
            hint="Nothing was imported. If the export is complete, raise imports.max_row_fall.",
            report=found,
        )
    age = (today - found.newest_day).days if found.newest_day else None
    if age is not None and settings.max_age_days is not None and age > settings.max_age_days:
        raise ImportRefused(
            f"the newest row is of {found.newest_day}, {age} days ago (allowed {settings.max_age_days})",
            hint="Nothing was imported. If the export is current, raise imports.max_age_days.",
            report=found,
        )
    days = [file.newest_day for batch in batches for file in batch.files if file.newest_day]
    if found.newest_day and days and found.newest_day < max(days):
        yield f"the newest row is of {found.newest_day}, older than rows already imported ({max(days)})"


def row_fall_note(found: ImportReport, batches: Sequence[ImportBatch]) -> Iterator[str]:
    """Notes that the import has few rows, unless all of them were known: then the files are no full export."""
    fall = _row_fall(batches, found.read)
    if fall is not None and (not found.read or found.read > found.known + found.corrected):
        yield _fewer(found.read, fall)


def _worst(found: ImportReport) -> Iterator[str]:
    for reason in [reason for reason in found.reasons if not reason.expected][:3]:
        yield f"{reason.rows:,} {reason.column or 'line'} {reason.reason} ({reason.example})"


def _row_fall(batches: Sequence[ImportBatch], read: int) -> float | None:
    past = [sum(file.read for file in batch.files) for batch in batches if not batch.replay]
    usual = median(past) if past else 0
    fall = 1 - read / usual if usual else 0.0
    return fall if fall >= _NOTED_FALL else None


def _fewer(read: int, fall: float) -> str:
    return f"{read:,} rows: {fall:.0%} fewer than past imports had"
