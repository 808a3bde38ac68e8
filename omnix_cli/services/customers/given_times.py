"""Which times callers may give: those that an import takes, too."""

from __future__ import annotations

from datetime import datetime, timedelta

from omnix_cli.days.utc_texts import OLDEST
from omnix_cli.json_records.customer_records import wrong

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead the clock of a caller may be."""


def check_time(field: str, moment: datetime, *, now: datetime | None) -> None:
    """Raises `InvalidRecord` for a time before 1990, or in the future. Without `now`, it may be in the future."""
    if now is not None and moment > now + CLOCK_SKEW:
        raise wrong(field, "is in the future")
    if moment < OLDEST:
        raise wrong(field, f"is before {OLDEST.year}")
