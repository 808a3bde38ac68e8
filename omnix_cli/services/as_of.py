"""The day for which a run computes its results: only rows of earlier days count."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from omnix_cli.days.stray_sales import bulk
from omnix_cli.errors import ConfigError, DataError
from omnix_cli.protocols.checkpoints import StoredFrame

NO_PURCHASES = "there are no purchases yet"
IMPORT_SOME = "Import some with `omnix import purchases FILES...`."

_YEARS = 1970, 2200
"""Within these, no number of days that a setting may have leads out of the calendar."""


def resolve_as_of(as_of: str, *, purchases: StoredFrame, now: datetime, timezone: str) -> date:
    """The day that `as_of` names: a date, `today` in the shop's time zone, or `latest` (the day after the newest
    purchase; a few rows more than a year after all others do not count).

    Raises `ConfigError` for anything else, and `DataError` for `latest` when there are no purchases."""
    if as_of == "today":
        return now.astimezone(ZoneInfo(timezone)).date()
    if as_of != "latest":
        return parse_day(as_of)
    counts = _counts(purchases)
    if not counts:
        raise DataError(NO_PURCHASES, hint=IMPORT_SOME)
    return bulk(counts)[-1][0] + timedelta(days=1)


def stray_days(purchases: StoredFrame) -> str | None:
    """What to tell of purchases that lie years before or after all others; None if there are none."""
    counts = _counts(purchases)
    main = bulk(counts)
    strays = [day for day in counts if day not in main]
    if not strays:
        return None
    rows, days = sum(rows for _, rows in strays), ", ".join(f"{day}" for day, _ in strays[:3])
    lines = "1 purchase lies" if rows == 1 else f"{rows:,} purchases lie"
    more = ", ..." if len(strays) > 3 else ""
    return f"{lines} years apart from all others, which are of {main[0][0]} to {main[-1][0]}: {days}{more}"


def _counts(purchases: StoredFrame) -> list[tuple[date, int]]:
    """The days with purchases, oldest first, with their rows."""
    return purchases.scan().group_by("purchase_day").len().sort("purchase_day").collect().rows()


def parse_day(text: str) -> date:
    """A day written as 2018-01-31. Raises `ConfigError` for anything else."""
    hint = "Give a date such as 2018-01-31, `today` or `latest`."
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"as-of {text!r} is not a day", hint=hint) from None
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise ConfigError(f"as-of {text!r} is not in the years {_YEARS[0]} to {_YEARS[1]}", hint=hint)
    return day
