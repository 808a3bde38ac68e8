"""Turns the texts of an input into typed columns. Unreadable texts become null and are reported.

Each reader first tries the plain spelling on the whole column, then other spellings on the cells that failed. A clean
column costs one vectorised pass.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import orjson
import polars as pl

UTC_INSTANT = pl.Datetime("us", "UTC")
MONEY = pl.Decimal(18, 2)

_SAMPLE = 1000
_LARGEST_MONEY = 1e15
_FIRST_YEAR = datetime(1000, 1, 1)  # a two-digit year read as four digits ends up below
_CURRENCY = r"(?i)^\s*(?:[$€£¥]|usd|eur|gbp|chf)\s*|\s*(?:[$€£¥]|usd|eur|gbp|chf)\s*$"
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
_TRUE = ("true", "t", "yes", "y", "1", "1.0")
_FALSE = ("false", "f", "no", "n", "0", "0.0")


@dataclass(frozen=True)
class Clock:
    """How times are read: the formats of the mapping, the zone of times without an offset, and the shop's zone."""

    formats: tuple[str, ...]
    day_first: bool
    written_timezone: str
    timezone: str


@dataclass(frozen=True)
class Parsed:
    """Typed values, and which of them had a text that could not be read (None: none)."""

    values: pl.Series
    unreadable: pl.Series | None


def text(column: pl.Series, null_values: Sequence[str]) -> pl.Series:
    """The trimmed text of any column; empty texts and null values are null. Whole floats lose their `.0`."""
    if column.dtype.is_float():
        whole = (column == column.floor()) & (column.abs() < 2**53)
        column = pl.select(
            pl.when(whole.fill_null(False)).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(column)
        ).to_series()
    elif isinstance(column.dtype, pl.Datetime) or column.dtype == pl.Date:
        column = column.dt.to_string("iso:strict")
    elif isinstance(column.dtype, pl.List):
        column = column.cast(pl.List(pl.String)).list.join("|", ignore_nulls=True)
    elif column.dtype.is_nested() or column.dtype == pl.Binary:
        column = pl.Series(column.name, [None if value is None else str(value) for value in column], pl.String)
    elif not isinstance(column.dtype, pl.String):
        column = column.cast(pl.String)
    trimmed = column.str.strip_chars() if holds(column, string.whitespace) else column
    absent = trimmed.is_in(["", *null_values])
    return trimmed if not absent.any() else trimmed.set(absent, None)


def holds(texts: pl.Series, signs: str) -> bool:
    """Whether any text has one of these ASCII signs. For blanks, also true if any text is not ASCII: Unicode has more
    blanks."""
    joined = texts.str.join("").item()
    return any(sign in joined for sign in signs) or (signs.isspace() and not joined.isascii())


def word(texts: pl.Series, words: pl.Enum) -> pl.Series:
    """One of a fixed set of words, in any case and with hyphens or blanks for underscores."""
    return texts.str.to_lowercase().str.replace_all(r"[\s-]+", "_").cast(words, strict=False)


def number(column: pl.Series, null_values: Sequence[str], *, decimal_comma: bool) -> Parsed:
    """Numbers, also with currency signs and thousands separators; infinite ones are unreadable, NaN is absent."""
    if column.dtype.is_numeric():
        numbers = column.cast(pl.Float64)
        infinite = numbers.is_infinite().fill_null(False)
        return Parsed(_finite(numbers), infinite)
    if column.dtype.is_nested():
        column = text(column, ())
    plain = column.cast(pl.Float64, strict=False)
    if decimal_comma:
        plain = plain.set(column.str.contains(".", literal=True), None)
    return _second_look(column, _finite(plain), null_values, partial(_spelled_out, decimal_comma=decimal_comma))


def money(numbers: pl.Series) -> pl.Series:
    """Amounts rounded to two places; null for absurdly large ones."""
    return numbers.set(numbers.abs() > _LARGEST_MONEY, None).round(2).cast(MONEY)


def whole_number(numbers: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Integers; null for fractions and for numbers too large for the type."""
    return numbers.set(numbers != numbers.round(0), None).cast(dtype, strict=False)


def flag(texts: pl.Series) -> pl.Series:
    """true/false in the usual spellings."""
    lower = texts.str.to_lowercase()
    return pl.select(pl.when(lower.is_in(_TRUE)).then(True).when(lower.is_in(_FALSE)).then(False)).to_series()


def entries(column: pl.Series, texts: pl.Series, separator: str) -> pl.Series:
    """Lists of texts, from a JSON array or from entries between separators; an absent list is empty."""
    if isinstance(column.dtype, pl.List):
        lists = column.cast(pl.List(pl.String))
    else:
        is_json = texts.str.starts_with("[").fill_null(False)
        lists = texts.str.split(separator)
        if is_json.any():
            decoded = texts.set(~is_json, None).map_elements(_json_texts, return_dtype=pl.List(pl.String))
            lists = pl.select(pl.when(is_json).then(decoded).otherwise(lists)).to_series()
    trimmed = lists.list.eval(pl.element().str.strip_chars().filter(pl.element().str.strip_chars() != ""))
    return trimmed.fill_null([])


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
        texts = column.cast(pl.String)
        first, *others = _readers(texts, clock)
        return _second_look(texts, first.read(texts), null_values, lambda failed: _try_in_turn(failed, others))
    return Parsed(instants, instants.is_null() & column.is_not_null())


def decimal_comma_evidence(texts: pl.Series) -> bool | None:
    """Whether some numbers are like 1,5 and none like 1.5; None if all commas are like that of 1,234."""
    comma = texts.str.contains(r",(\d{1,2}|\d{4,})\s*[^\d.,]*$|^\D*0,\d|\.\d{3},").any()
    point = texts.str.contains(r"\.(\d{1,2}|\d{4,})\s*[^\d.,]*$|,\d{3}[.,]").any()
    if not comma and not point and texts.str.contains(",", literal=True).any():
        return None
    return comma and not point


def day_first_evidence(texts: pl.Series) -> bool | None:
    """Whether dates like 31/12/2017 put the day first; None if no date of the column shows it."""
    parts = texts.drop_nulls().str.extract_groups(_TWO_NUMBERS).struct.unnest().cast(pl.Int32)
    if parts.is_empty() or parts["1"].null_count() == len(parts):
        return False
    first, second = (parts["1"] > 12).any(), (parts["2"] > 12).any()
    return None if first == second else first


def _second_look(
    texts: pl.Series, plain: pl.Series, null_values: Sequence[str], spelled: Callable[[pl.Series], pl.Series]
) -> Parsed:
    """Reads the cells in another spelling that could not be read in the plain one."""
    failed = (plain.is_null() & texts.is_not_null()).arg_true()
    if failed.is_empty():
        return Parsed(plain, None)
    again = text(texts.gather(failed), null_values)
    values = plain.scatter(failed, spelled(again))
    unreadable = failed.filter(values.gather(failed).is_null() & again.is_not_null())
    if unreadable.is_empty():
        return Parsed(values, None)
    return Parsed(values, pl.repeat(False, len(texts), dtype=pl.Boolean, eager=True).scatter(unreadable, True))


def _spelled_out(texts: pl.Series, *, decimal_comma: bool) -> pl.Series:
    """Numbers with currency signs, and with spaces, apostrophes, points or commas that group thousands."""
    signs = texts.str.replace_all(_CURRENCY, "")
    bare = signs.str.replace_all(r"(\d)[\s'\u{a0}\u{202f}](\d{3})", "$1$2").str.strip_chars()
    group, point = (".", ",") if decimal_comma else (",", ".")
    grouped = bare.str.contains(rf"^[+-]?\d{{1,3}}([{group}]\d{{3}})+([{point}]\d*)?$")
    joined = bare.str.replace_all(group, "", literal=True)
    ungrouped = pl.select(pl.when(grouped).then(joined).otherwise(bare)).to_series()
    if decimal_comma:
        ungrouped = ungrouped.str.replace(",", ".", literal=True)
    return _finite(ungrouped.cast(pl.Float64, strict=False))


def _finite(numbers: pl.Series) -> pl.Series:
    return numbers.set(~numbers.is_finite(), None)


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


def _json_texts(content: str) -> list[str] | None:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return [str(entry) for entry in found if entry is not None] if isinstance(found, list) else None
