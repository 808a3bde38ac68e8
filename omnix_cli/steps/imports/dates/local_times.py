"""Local times and days of a zone, and instants.

Since 1990, every zone is a whole number of quarters of an hour from UTC and changes its clocks at one. So all times of
a quarter have one offset and one day, and a column needs the zone's rules only once for each quarter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import polars as pl

_WALL_CLOCK, _INSTANT = pl.Datetime("us"), pl.Datetime("us", "UTC")
_QUARTER = 15 * 60 * 1_000_000
_FIRST = int(datetime(1990, 1, 2).timestamp()) * 1_000_000
"""Local and UTC times from here on are after the beginning of 1990."""


def to_instants(local: pl.Series, zone: str) -> pl.Series:
    """Local times as instants: the earlier one when clocks go back, null in the hour that they skip. Where they skip
    midnight, the day begins with the first instant that there is."""
    if zone == "UTC":
        return local.dt.replace_time_zone("UTC")
    shift = _by_quarter(local, lambda times: _shift(times, zone))
    instants = _located(local, zone) if shift is None else (local.to_physical() + shift).cast(_INSTANT)
    if instants.null_count() > local.null_count():
        skipped = (instants.is_null() & (local == local.dt.truncate("1d"))).arg_true()
        for minutes in range(30, 150, 30):
            found = _located(local.gather(skipped) + timedelta(minutes=minutes), zone)
            instants = instants.scatter(skipped, found)
            skipped = skipped.filter(found.is_null())
    return instants


def local_days(instants: pl.Series, zone: str) -> pl.Series:
    """The days of instants in a zone."""
    if zone == "UTC":
        return instants.dt.date()
    days = _by_quarter(instants, lambda times: _days(times.cast(_INSTANT), zone))
    return _days(instants, zone) if days is None else days


def _by_quarter(times: pl.Series, rule: Callable[[pl.Series], pl.Series]) -> pl.Series | None:
    """The rule's value for the quarter of each time; None where the rule itself is cheaper, or times are too old."""
    numbers = times.to_physical()
    first: Any = numbers.min()
    last: Any = numbers.max()
    if first is None or first < _FIRST or (last - first) // _QUARTER > len(times):
        return None
    lowest = first // _QUARTER
    quarters = pl.int_range(lowest, last // _QUARTER + 1, dtype=pl.Int64, eager=True)
    values = rule((quarters * _QUARTER).cast(_WALL_CLOCK))
    return values.gather(numbers // _QUARTER - lowest)


def _located(local: pl.Series, zone: str) -> pl.Series:
    located = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return located.dt.convert_time_zone("UTC")


def _shift(local: pl.Series, zone: str) -> pl.Series:
    """How much later the clock of UTC is, in microseconds."""
    return _located(local, zone).to_physical() - local.to_physical()


def _days(instants: pl.Series, zone: str) -> pl.Series:
    return instants.dt.convert_time_zone(zone).dt.date()
