"""Instants as the tables write them."""

from __future__ import annotations

from datetime import UTC, datetime

OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Earlier dates are typing errors or the zero of some clock."""


def iso(moment: datetime) -> str:
    """An instant in UTC with milliseconds and `Z`; such strings sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
