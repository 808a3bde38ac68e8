"""Days of sales that stray: years from all others, as typing errors are and the zeros of clocks."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

_FAR_DAYS = 365
_FEW_ROWS, _FEW_SHARE = 3, 0.001
_TIMES_MORE = 20
"""Up to so many rows, or so large a share, stray when they are that far from all others, and these so many times
more."""


def bulk(counts: list[tuple[date, int]]) -> list[tuple[date, int]]:
    """The days without those that stray: a few rows more than a year from all others. A shop that closes for months
    has no strays, and neither has one whose few rows are all there is."""
    newest_first = _without_strays(counts[::-1])[::-1]
    return _without_strays(newest_first)


def _without_strays(counts: list[tuple[date, int]]) -> list[tuple[date, int]]:
    """The days after the last gap behind which so few rows lie at the beginning."""
    total, before, start = sum(rows for _, rows in counts), 0, 0
    for number, ((day, rows), (following, _)) in enumerate(pairwise(counts), start=1):
        before += rows
        if before > max(_FEW_ROWS, _FEW_SHARE * total) or before * _TIMES_MORE > total - before:
            break
        if abs((following - day).days) > _FAR_DAYS:
            start = number
    return counts[start:]
