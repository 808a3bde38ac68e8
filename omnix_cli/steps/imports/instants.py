"""Instants and days of an input, in any of the usual spellings; a time without an offset is read in a zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import polars as pl

from omnix_cli.steps.imports import texts
from omnix_cli.steps.imports.dates import local_times, spelled_dates

UTC_INSTANT = pl.Datetime("us", "UTC")

_WALL_CLOCK = pl.Datetime("us")
_SAMPLE = 1000
_FIRST, _LAST = datetime(1000, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)
"""No other times are converted. A two-digit year that is read as four digits ends up below."""
_OUTSIDE = f"outside the years {_FIRST.year} to {_LAST.year}"
_DIGITS = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
"""How many digits the parts of a format have."""
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}

_DAY = 0
_TIME = 1
_INSTANT = 2
"""What a text says: a bare day, which begins in the shop's zone; a time without an offset; or an instant in UTC."""

_ISO_OFFSET = r"^\d{4}-\d\d-\d\d[T ].*(?:Z|UTC|[+-]\d\d(?::?\d\d)?)$"
_ISO_WITH_OFFSET = tuple(
    day + time + zone
    for day in ("%Y-%m-%dT", "%Y-%m-%d ")
    for time in ("%H:%M:%S", "%H:%M:%S%.f", "%H:%M")
    for zone in ("Z", "%#z", " UTC")
)
_CLOCKS = (
    "",
    *(gap + time for time in ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f") for gap in (" ", "T")),
    *("T%H%M%S", "T%H%M", " %I:%M:%S %p", " %I:%M %p", " %I:%M:%S%.f %p"),
)
_ORDERS = {
    "day first": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y"),
    "month first": ("%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y", "%m/%d/%y", "%m.%d.%y", "%m-%d-%y"),
    "year first": ("%y/%m/%d", "%y.%m.%d", "%y-%m-%d"),
}
_NAMED = ("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%d%b%Y", "%d/%b/%Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y")
_NAMED_SHORT = ("%d-%b-%y", "%d %b %y", "%d%b%y", "%d/%b/%y")
_SHAPES: tuple[tuple[str, tuple[str, ...] | None], ...] = (
    (r"^\d{4}[-/.]\d", ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d")),
    (r"^\d{8}(?:\D|$)", ("%Y%m%d",)),
    (r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}", None),
    (r"^(?:\d{1,2}[ /-]?)?[A-Za-z]{3}", (*_NAMED, *_NAMED_SHORT)),
    (r"^\d{4}-[A-Za-z]{3}", ("%Y-%b-%d", "%Y-%B-%d")),
)
"""What dates look like, and the day formats to try then; None for those whose order is settled for the file."""

_SERIAL_ZERO = datetime(1899, 12, 30)  # with it, serials from March 1900 on are right, as spreadsheets write them
SERIALS = (32_874, 73_051)
"""The serial numbers of a spreadsheet for 1990 and for 2100."""


@dataclass(frozen=True)
class Clock:
    """How times are read: the formats of the mapping, the zone of times without an offset, and the shop's zone; the
    order of dates like 03/04/17; and whether numbers are a spreadsheet's serial days."""

    formats: tuple[str, ...]
    day_first: bool
    written_timezone: str
    timezone: str
    year_first: bool = False
    serials: bool = False

    @property
    def order(self) -> str:
        return "year first" if self.year_first else "day first" if self.day_first else "month first"


@dataclass(frozen=True)
class Instants:
    """Instants in UTC, and the date and time as written: the wall clock, or UTC where the text has an offset.

    `problems` are the cells that could not be read, with the reason."""

    values: pl.Series
    written: pl.Series
    problems: tuple[tuple[pl.Series, str], ...] = ()


@dataclass(frozen=True)
class _Read:
    """Dates and times as written, and what each says: _DAY, _TIME or _INSTANT; one for all, or a series."""

    plain: pl.Series
    basis: pl.Series | int


def instant(column: pl.Series, null_values: Sequence[str], clock: Clock) -> Instants:
    """Reads instants. A time without an offset is in `written_timezone`; a bare day begins in the shop's zone."""
    outside = None
    if column.dtype.is_temporal() and column.dtype in (pl.Date, pl.Datetime):
        column, outside = _in_range(column)
        read, absent = _typed(column), column.is_null()
    elif column.dtype.is_numeric() and not clock.formats:
        column = column.fill_nan(None) if column.dtype.is_float() else column
        read, absent = _numbers(column, clock), column.is_null()
    else:
        if column.dtype.is_numeric():
            column = _with_zeros(texts.text(column, null_values), clock.formats)
        elif not isinstance(column.dtype, pl.String):
            column = texts.text(column, null_values)
        read, absent = _texts(column, null_values, clock)
    values = _to_utc(read, clock)
    if outside is None and values.null_count() == absent.sum():
        return Instants(values, read.plain)
    problems = [] if outside is None else [(outside, _OUTSIDE)]
    problems.extend(_problems(read, values, absent, clock))
    return Instants(values, read.plain, tuple(problems))


def _problems(read: _Read, values: pl.Series, absent: pl.Series, clock: Clock) -> Iterator[tuple[pl.Series, str]]:
    """Cells that are no date, and times in the hour that the clocks skip."""
    unreadable = read.plain.is_null() & ~absent
    if unreadable.any():
        yield unreadable, "not a date"
    skipped = values.is_null() & read.plain.is_not_null()
    if skipped.any():
        zone = clock.written_timezone
        times = read.plain.dt.to_string("%H:%M")
        for time in times.filter(skipped).unique().sort():
            ask = "are the times UTC (`written_timezone`)?"
            yield skipped & (times == time), f"{time} was skipped in {zone} when the clocks went forward: {ask}"


def _in_range(column: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """Dates or times that can be converted, the others null; and which these are, if any."""
    numbers = column.to_physical().cast(pl.Int64)
    first, last = (int(day.replace(tzinfo=UTC).timestamp()) for day in (_FIRST, _LAST))
    if column.dtype == pl.Date:
        low, high = first // 86_400, last // 86_400
    else:
        scale = _PER_SECOND[column.dtype.time_unit]  # type: ignore[attr-defined]  # a Datetime has one
        low, high = max(first * scale, -(2**63)), min((last + 1) * scale - 1, 2**63 - 1)
    outside = ~numbers.is_between(low, high)
    if not outside.any():
        return column, None
    return column.set(outside, None), outside.fill_null(False)


def _typed(column: pl.Series) -> _Read:
    if column.dtype == pl.Date:
        return _Read(column.cast(_WALL_CLOCK), _DAY)
    if column.dtype.time_zone is not None:  # type: ignore[attr-defined]  # a Datetime has one
        return _Read(column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(_WALL_CLOCK), _INSTANT)
    return _Read(column.cast(_WALL_CLOCK), _TIME)


def _texts(column: pl.Series, null_values: Sequence[str], clock: Clock) -> tuple[_Read, pl.Series]:
    """The texts as dates and times, and which are absent."""
    readers = [_reader(r"", spelling) for spelling in clock.formats] or _usual_readers(clock.order)
    first = _fitting(column, readers)
    plain = first.read(column)
    failed = (plain.is_null() & column.is_not_null()).arg_true()
    if failed.is_empty():
        return _Read(plain, first.basis), column.is_null()
    again = texts.text(column.gather(failed), null_values)
    absent = column.is_null().scatter(failed, again.is_null())
    second = _try_in_turn(again, readers, clock) if clock.formats else _spelled_out(again, readers, clock)
    basis = pl.repeat(first.basis, len(column), dtype=pl.UInt8, eager=True).scatter(failed, second.basis)
    return _Read(plain.scatter(failed, second.plain), basis), absent


def _spelled_out(written: pl.Series, readers: Sequence[_Reader], clock: Clock) -> _Read:
    """Texts in any of the usual spellings, as they stand or rewritten; numbers that stand for days or instants. What
    fits the first of them is tried first: most columns are written in one way."""
    plain, basis = (pl.repeat(None, len(written), dtype=dtype, eager=True) for dtype in (_WALL_CLOCK, pl.UInt8))
    for attempt in (_likely, _digits, _likely_rewritten, _try_in_turn, _rewritten):
        failed = (plain.is_null() & written.is_not_null()).arg_true()
        if failed.is_empty():
            break
        again = attempt(written.gather(failed), readers, clock)
        plain, basis = plain.scatter(failed, again.plain), basis.scatter(failed, again.basis)
    return _Read(plain, basis)


def _likely(written: pl.Series, readers: Sequence[_Reader], clock: Clock) -> _Read:
    return _try_in_turn(written, [_fitting(written, readers)], clock)


def _likely_rewritten(written: pl.Series, readers: Sequence[_Reader], clock: Clock) -> _Read:
    plain, offset = spelled_dates.rewritten(written)
    return _shifted(_likely(plain, readers, clock), offset)


def _digits(written: pl.Series, readers: Sequence[_Reader], clock: Clock) -> _Read:
    numbers = written.set(~written.str.contains(r"^[+-]?\d+(?:\.\d*)?$"), None)
    parts = numbers.str.extract_groups(r"^([+-]?\d+)(\.\d*)?$").struct.unnest()
    fraction = ("0" + parts["2"].fill_null("")).cast(pl.Float64, strict=False)
    return _from_numbers(parts["1"].cast(pl.Int64, strict=False), fraction, clock)


def _rewritten(written: pl.Series, readers: Sequence[_Reader], clock: Clock) -> _Read:
    plain, offset = spelled_dates.rewritten(written)
    return _shifted(_try_in_turn(plain, readers, clock), offset)


def _shifted(read: _Read, offset: pl.Series) -> _Read:
    """In UTC, where there is an offset."""
    basis = pl.select(pl.when(offset.is_not_null()).then(pl.lit(_INSTANT, pl.UInt8)).otherwise(read.basis)).to_series()
    return _Read(read.plain - offset.fill_null(timedelta()), basis)


@dataclass(frozen=True)
class _Reader:
    """Reads the texts of one shape as dates and times without a zone."""

    shape: str
    basis: int
    read: Callable[[pl.Series], pl.Series]


def _fitting(column: pl.Series, readers: Sequence[_Reader]) -> _Reader:
    """The reader that fits the first value, or else the first."""
    beginning = column.head(_SAMPLE)
    sample = beginning.filter(beginning.str.strip_chars() != "").head(1)
    shaped = (reader for reader in readers if sample.str.contains(reader.shape).any())
    return next((reader for reader in shaped if not reader.read(sample).null_count()), readers[0])


def _try_in_turn(written: pl.Series, readers: Sequence[_Reader], clock: Clock) -> _Read:
    plain = pl.repeat(None, len(written), dtype=_WALL_CLOCK, eager=True)
    basis = pl.repeat(_TIME, len(written), dtype=pl.UInt8, eager=True)
    shapes = {shape: written.str.contains(shape) for shape in dict.fromkeys(reader.shape for reader in readers)}
    for reader in readers:
        failed = (plain.is_null() & shapes[reader.shape]).arg_true()
        if not failed.is_empty():
            found = reader.read(written.gather(failed))
            plain = plain.scatter(failed, found)
            basis = basis.scatter(failed.filter(found.is_not_null()), reader.basis)
    return _Read(plain, basis)


@cache
def _usual_readers(order: str) -> Sequence[_Reader]:
    readers = [_reader(_ISO_OFFSET, spelling) for spelling in _ISO_WITH_OFFSET]
    for shape, days in _SHAPES:
        known = days if days is not None else _ORDERS[order]
        readers.extend(_reader(shape, day + time) for day in known for time in _CLOCKS)
    return readers


def _reader(shape: str, spelling: str) -> _Reader:
    few = "%S" not in spelling  # days and minutes repeat, so polars caches them
    has_offset = any(sign in spelling for sign in ("%z", "%#z", "%:z", "%+"))
    is_instant = has_offset or spelling.endswith(("Z", " UTC")) or "%s" in spelling
    has_clock = any(sign in spelling for sign in ("%H", "%I", "%k", "%l", "%T", "%R", "%X", "%r", "%c"))

    def read(written: pl.Series) -> pl.Series:
        zone = "UTC" if has_offset else None
        found = written.str.to_datetime(spelling, time_unit="us", time_zone=zone, strict=False, cache=few)
        plain = found.dt.replace_time_zone(None) if has_offset else found
        return plain.set(~plain.is_between(_FIRST, _LAST), None)

    return _Reader(shape, _INSTANT if is_instant else _TIME if has_clock else _DAY, read)


def _with_zeros(written: pl.Series, formats: Sequence[str]) -> pl.Series:
    """Texts of numbers with the zeros in front that the only format asks for: with `%d%m%Y`, 5032017 is 05032017."""
    parts = re.findall("%.", formats[0])
    if len(formats) > 1 or "".join(parts) != formats[0] or not _DIGITS.keys() >= set(parts):
        return written
    return written.str.zfill(sum(_DIGITS[part] for part in parts))


def _numbers(column: pl.Series, clock: Clock) -> _Read:
    if column.dtype.is_integer():
        return _from_numbers(column.cast(pl.Int64, strict=False), None, clock)
    floats = column.cast(pl.Float64)
    whole = floats.set(~floats.is_finite(), None).floor()
    return _from_numbers(whole.cast(pl.Int64, strict=False), floats - whole, clock)


def _from_numbers(whole: pl.Series, fraction: pl.Series | None, clock: Clock) -> _Read:
    """Numbers recognised by their size: days and times such as 20170305 and 20170305101112, serial days of a
    spreadsheet, else seconds, milliseconds, microseconds or nanoseconds since 1970."""
    number = pl.col("number")
    seconds, fraction_of = number.abs() < 10**11, pl.col("fraction").fill_null(0.0)
    millis, micros = number.abs() < 10**14, number.abs() < 10**17
    epoch = (
        pl.when(seconds)
        .then(number.clip(-(10**11), 10**11) * 1_000_000 + (fraction_of * 1e6).round().cast(pl.Int64))
        .when(millis)
        .then(number.clip(-(10**14), 10**14) * 1_000 + (fraction_of * 1e3).round().cast(pl.Int64))
        .when(micros)
        .then(number)
        .otherwise(number // 1_000)
    )
    frame = pl.DataFrame({"number": whole, "fraction": fraction if fraction is not None else 0.0}, strict=False)
    plain = frame.select(epoch.cast(_WALL_CLOCK)).to_series()
    basis = pl.repeat(_INSTANT, len(whole), dtype=pl.UInt8, eager=True)
    for low, high, spelling, what in (
        (1000_01_01, 9999_12_31, "%Y%m%d", _DAY),
        (1990_01_01_00_00, 2100_12_31_23_59, "%Y%m%d%H%M", _TIME),  # as milliseconds these are of 1976
        (1000_01_01_00_00_00, 9999_12_31_23_59_59, "%Y%m%d%H%M%S", _TIME),
    ):
        here = whole.is_between(low, high).arg_true()
        if not here.is_empty():
            found = whole.gather(here).cast(pl.String).str.to_datetime(spelling, time_unit="us", strict=False)
            plain, basis = plain.scatter(here, found), basis.scatter(here, what)
    if clock.serials:
        here = whole.is_between(*SERIALS).arg_true()
        days = frame.select(
            pl.lit(_SERIAL_ZERO).cast(_WALL_CLOCK)
            + pl.duration(days=number.clip(*SERIALS), milliseconds=(fraction_of * 86_400_000).round().cast(pl.Int64))
        ).to_series()
        has_time = bool((frame["fraction"].gather(here) > 0).any())
        plain, basis = plain.scatter(here, days.gather(here)), basis.scatter(here, _TIME if has_time else _DAY)
    return _Read(plain, basis)


def _to_utc(read: _Read, clock: Clock) -> pl.Series:
    zones = {_DAY: clock.timezone, _TIME: clock.written_timezone, _INSTANT: "UTC"}
    if isinstance(read.basis, int):
        return local_times.to_instants(read.plain, zones[read.basis])
    values = pl.repeat(None, len(read.plain), dtype=UTC_INSTANT, eager=True)
    for basis, zone in zones.items():
        here = (read.basis == basis).arg_true()
        if not here.is_empty():
            values = values.scatter(here, local_times.to_instants(read.plain.gather(here), zone))
    return values
