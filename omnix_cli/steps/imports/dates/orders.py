"""The order of day, month and year in dates of three numbers, as far as the dates show it."""

from __future__ import annotations

from datetime import date

import polars as pl

ORDERS = ("day first", "month first", "year first")

_FIRST_YEAR = 1990
_NUMBERS = (
    r"^\s*(?:[A-Za-z]{2,9}\.?,?\s+|\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?(?:\s*[AaPp]\.?[Mm]\.?)?,?\s+)?"
    r"(\d{1,2})([/.\-])(\d{1,2})[/.\-](\d{4}|\d{2})(?:[\sT,:]|$)"
)
"""A date of three numbers that does not begin with a year of four digits; a weekday or a time may stand before it."""
_LONGEST_DATE = len("13/04/2024 ")
_LATER_DATE = r"^\s*(?:[A-Za-z]|\d{1,2}:)|^\s"


def order_evidence(written: pl.Series, this_year: int) -> dict[frozenset[str], str]:
    """For each set of orders in which some date can be read, such a date. Dates that begin with a year of four digits
    cost next to nothing. A year of two digits is one from 1990 to this year."""
    if (least := written.min()) is None or (str(least) >= "2000" and str(written.max()) < "20:"):
        return {}  # all begin with a year of four digits
    beginnings = written.str.head(_LONGEST_DATE).unique()  # few, compared with all times
    if beginnings.str.contains(_LATER_DATE).any():
        beginnings = written
    parts = beginnings.str.extract_groups(_NUMBERS).struct.unnest().drop_nulls()
    found: dict[frozenset[str], str] = {}
    for first, sign, second, third in parts.unique().sort(parts.columns).iter_rows():
        orders = frozenset(order for order in ORDERS if _fits(order, first, second, third, this_year))
        if orders:
            found.setdefault(orders, f"{first}{sign}{second}{sign}{third}")
    return found


def _fits(order: str, first: str, second: str, third: str, this_year: int) -> bool:
    """Whether three numbers are a date in this order."""
    year, month, day = (third, second, first) if order == "day first" else (third, first, second)
    if order == "year first":
        year, month, day = first, second, third
        if len(first) != 2 or len(third) != 2:
            return False
    full = int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= 70 else 2000)
    if len(year) == 2 and not _FIRST_YEAR <= full <= this_year:
        return False
    try:
        date(max(full, 1), int(month), int(day))
    except ValueError:
        return False
    return True
