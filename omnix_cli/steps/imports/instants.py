"""Instants and days of an input, in any of the usual spellings; a time without an offset is read in a zone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from omnix_cli.steps.imports.texts import Parsed, second_look, text

UTC_INSTANT = pl.Datetime("us", "UTC")

_SAMPLE = 1000
_FIRST_YEAR = datetime(1000, 1, 1)  # a two-digit year read as four digits ends up below
_OFFSET = r"(?:Z|[+-]\d\d:?\d\d)$"
_ZONED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"^\d{4}-\d\d-\d\d[T ].*" + _OFFSET,
        tuple(
            day + time + zone
            for day in ("%Y-%m-%dT", "%Y-%m-%d ")
            for time in ("%H:%M:%S", "%H:%M:%S%.f", "%H:%M")
            for zone in ("Z", "%#z")
        ),
    ),
    (r"^\d{8}T\d+" + _OFFSET, ("%Y%m%dT%H%M%S%#z", "%Y%m%dT%H%M%#z")),
    (
        r"^(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} [\d:]+ [+-]\d{4}$",  # RFC 2822
        tuple(week + "%d %b %Y " + time for week in ("%a, ", "") for time in ("%H:%M:%S %z", "%H:%M %z")),
    ),
)
"""What times with a zone look like, and the formats to try then."""
_CLOCKS = (
    "",
    *(gap + time for time in ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f") for gap in (" ", "T")),
    *("T%H%M%S", "T%H%M", " %I:%M:%S %p", " %I:%M %p"),
)
_DAY_FIRST = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y", "%m/%d/%y")
_SHAPES: tuple[tuple[str, tuple[str, ...] | None], ...] = (
    (r"^\d{4}[-/.]", ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d")),
    (r"^\d{8}(?:\D|$)", ("%Y%m%d",)),
    (r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}", None),
    (r"^(?:\d{1,2}[ -])?[A-Za-z]{3}", ("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%y")),
)
"""What dates look like, and the day formats to try then; None for day or month first."""
_TWO_NUMBERS = r"^(\d{1,2})[/.\-](\d{1,2})[/.\-]\d{2,4}\b"
_EPOCH = r"^\d{10}(?:\d{3})?$"


@dataclass(frozen=True)
class Clock:
    """How times are read: the formats of the mapping, the zone of times without an offset, and the shop's zone."""

    formats: tuple[str, ...]
    day_first: bool
    written_timezone: str
    timezone: str


def instant(column: pl.Series, null_values: Sequence[str], clock: Clock) -> Parsed:
    """Instants in UTC. A time without an offset is in `written_timezone`; a bare day begins in the shop's zone."""
    if column.dtype == pl.Date:
        instants = _to_utc(column.cast(pl.Datetime("us")), clock.timezone)
    elif isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        instants = column.dt.convert_time_zone("UTC").cast(UTC_INSTANT)
    elif isinstance(column.dtype, pl.Datetime):
        instants = _to_utc(column.cast(pl.Datetime("us")), clock.written_timezone)
    elif column.dtype.is_integer():
        instants = _from_epoch(column.cast(pl.Int64, strict=False))
    else:
        texts = text(column, ()) if column.dtype.is_nested() else column.cast(pl.String)
        first, *others = _readers(texts, clock)
        return second_look(texts, first.read(texts), null_values, lambda failed: _try_in_turn(failed, others))
    return Parsed(instants, instants.is_null() & column.is_not_null())


def day_first_evidence(texts: pl.Series) -> bool | None:
    """Whether dates like 31/12/2017 put the day first; None if no date of the column shows it."""
    parts = texts.drop_nulls().str.extract_groups(_TWO_NUMBERS).struct.unnest().cast(pl.Int32)
    if parts.is_empty() or parts["1"].null_count() == len(parts):
        return False
    first, second = (parts["1"] > 12).any(), (parts["2"] > 12).any()
    return None if first == second else first


def _readers(texts: pl.Series, clock: Clock) -> list[_Reader]:
    """The reader that fits the first value, then all readers."""
    readers = [_reader(r"", spelling, clock) for spelling in clock.formats] or _usual_readers(clock)
    beginning = texts.head(_SAMPLE)
    sample = beginning.filter(beginning.str.strip_chars() != "").head(1)
    shaped = (reader for reader in readers if sample.str.contains(reader.shape).any())
    return [next((reader for reader in shaped if not reader.read(sample).null_count()), readers[0]), *readers]


@dataclass(frozen=True)
class _Reader:
    """Reads the texts of one shape."""

    shape: str
    read: Callable[[pl.Series], pl.Series]


def _try_in_turn(texts: pl.Series, readers: Sequence[_Reader]) -> pl.Series:
    instants = pl.repeat(None, len(texts), dtype=UTC_INSTANT, eager=True)
    shapes = {shape: texts.str.contains(shape) for shape in dict.fromkeys(reader.shape for reader in readers)}
    for reader in readers:
        failed = (instants.is_null() & shapes[reader.shape]).arg_true()
        if not failed.is_empty():
            instants = instants.scatter(failed, reader.read(texts.gather(failed)))
    return instants


def _usual_readers(clock: Clock) -> list[_Reader]:
    readers = [_reader(shape, spelling, clock) for shape, spellings in _ZONED for spelling in spellings]
    for shape, days in _SHAPES:
        known = days if days is not None else _DAY_FIRST if clock.day_first else _MONTH_FIRST
        readers.extend(_reader(shape, day + time, clock) for day in known for time in _CLOCKS)
    return [*readers, _Reader(_EPOCH, lambda texts: _from_epoch(texts.cast(pl.Int64, strict=False)))]


def _reader(shape: str, spelling: str, clock: Clock) -> _Reader:
    few = "%S" not in spelling  # days and minutes repeat, so polars caches them

    def read(texts: pl.Series) -> pl.Series:
        if spelling.endswith(("z", "Z")):
            zoned = texts.str.to_datetime(spelling, time_unit="us", time_zone="UTC", strict=False, cache=few)
            return zoned.set(zoned < _FIRST_YEAR.replace(tzinfo=UTC), None)
        has_clock = any(sign in spelling for sign in ("%H", "%I", "%T", "%R", "%X", "%s"))
        plain = texts.str.to_datetime(spelling, time_unit="us", strict=False, cache=few)
        plain = plain.set(plain < _FIRST_YEAR, None)
        return _to_utc(plain, clock.written_timezone if has_clock else clock.timezone)

    return _Reader(shape, read)


def _from_epoch(numbers: pl.Series) -> pl.Series:
    """Seconds or milliseconds since 1970, recognised by their size."""
    milliseconds = numbers.abs() >= 100_000_000_000
    micros = pl.select(pl.when(milliseconds).then(numbers * 1000).otherwise(numbers * 1_000_000)).to_series()
    return micros.cast(UTC_INSTANT)


def _to_utc(plain: pl.Series, zone: str) -> pl.Series:
    """Local times as instants: the earlier one when clocks go back, null in the hour that they skip."""
    if zone == "UTC":
        return plain.dt.replace_time_zone("UTC")
    return plain.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
