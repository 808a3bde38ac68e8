"""The time as a file writes it: the same whatever time zone the file is read in."""

from __future__ import annotations

import polars as pl

from omnix_cli.steps.imports.instants import Clock

_WITH_ZONE = (
    r"(?i):\d.*(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)\s*$|^\s*\d{8}T\d+(?:Z|[+-]\d\d:?\d\d)\s*$|^\s*\d{9,}(?:\.\d*)?\s*$"
)
_DAY_ONLY = r"[:T]|\d\s+\d+\s*[AaPp]"


def written_times(instants: pl.Series, written: pl.Series | None, clock: Clock) -> pl.Series:
    """The wall clock of the file, without a zone; for times with an offset and for epochs, that of UTC."""
    utc = instants.dt.replace_time_zone(None)
    if written is None or (clock.written_timezone == "UTC" and clock.timezone == "UTC"):
        return utc
    dtype = written.dtype
    if dtype == pl.Date:
        return _wall(instants, clock.timezone)
    if isinstance(dtype, pl.Datetime):
        return utc if dtype.time_zone is not None else _wall(instants, clock.written_timezone)
    if not isinstance(dtype, pl.String):
        return utc
    wall = _wall(instants, clock.written_timezone)
    if clock.timezone != clock.written_timezone:
        has_clock = written.str.contains(_DAY_ONLY).fill_null(True)
        wall = pl.select(pl.when(has_clock).then(wall).otherwise(_wall(instants, clock.timezone))).to_series()
    zoned = written.str.contains(_WITH_ZONE).fill_null(False)
    return pl.select(pl.when(zoned).then(utc).otherwise(wall)).to_series() if zoned.any() else wall


def _wall(instants: pl.Series, zone: str) -> pl.Series:
    return instants.dt.convert_time_zone(zone).dt.replace_time_zone(None)
