"""Texts of an input: trimmed, as words, flags and lists. Unreadable texts become null and are reported.

Each reader first tries the plain spelling on the whole column, then other spellings on the cells that failed. A clean
column costs one vectorised pass.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson
import polars as pl

_TRUE = ("true", "t", "yes", "y", "1", "1.0")
_FEW = 64
_FALSE = ("false", "f", "no", "n", "0", "0.0")


@dataclass(frozen=True)
class Parsed:
    """Typed values, and which of them had a text that could not be read (None: none). Amounts also have the currency
    that is written beside each (None: nowhere). `are_digits` says of ids what `all_digits` says of texts."""

    values: pl.Series
    unreadable: pl.Series | None
    currencies: pl.Series | None = None
    are_digits: bool = False


def text(column: pl.Series, null_values: Sequence[str]) -> pl.Series:
    """The trimmed text of any column; empty texts and null values are null. Whole floats lose their `.0`."""
    if column.dtype.is_float():
        whole = (column == column.floor()) & (column.abs() < 2**53)
        column = pl.select(
            pl.when(whole.fill_null(False)).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(column)
        ).to_series()
    elif isinstance(column.dtype, pl.Datetime) or column.dtype == pl.Date:
        column = _temporal_text(column)
    elif isinstance(column.dtype, pl.List):
        column = column.cast(pl.List(pl.String)).list.join("|", ignore_nulls=True)
    elif column.dtype.is_nested() or column.dtype == pl.Binary:
        column = pl.Series(column.name, [None if value is None else str(value) for value in column], pl.String)
    elif not isinstance(column.dtype, pl.String):
        column = column.cast(pl.String)
    trimmed = column.str.strip_chars() if holds(column, string.whitespace) else column
    absent = trimmed.is_in(["", *null_values])
    return trimmed if not absent.any() else trimmed.set(absent, None)


def _temporal_text(column: pl.Series) -> pl.Series:
    """Dates and times in ISO 8601; those of no calendar year as the number that is stored."""
    stored = column.to_physical().cast(pl.Int64)
    per_day = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
    days = stored // per_day[column.dtype.time_unit] if isinstance(column.dtype, pl.Datetime) else stored
    beyond = days.abs() > 50_000_000  # more than 130,000 years
    if not beyond.any():
        return column.dt.to_string("iso:strict")
    written = column.set(beyond, None).dt.to_string("iso:strict")
    return pl.select(pl.when(beyond).then(stored.cast(pl.String)).otherwise(written)).to_series()


def holds(texts: pl.Series, signs: str) -> bool:
    """Whether any text has one of these ASCII signs. For blanks, also true if any text is not ASCII: Unicode has more
    blanks."""
    joined = texts.str.join("").item()
    return any(sign in joined for sign in signs) or (signs.isspace() and not joined.isascii())


def all_digits(texts: pl.Series) -> bool:
    """Whether all texts have ASCII digits and nothing else, as far as that is cheap to know. Most ids do: then none is
    absent, a word, or wrapped by a spreadsheet, and nothing of that need be looked for."""
    if not isinstance(texts.dtype, pl.String) or texts.is_empty() or texts.null_count():
        return False
    if not _are_digits(texts[:_FEW]) or texts.str.len_bytes().min() == 0:
        return False
    return _are_digits(texts)


def _are_digits(texts: pl.Series) -> bool:
    joined: str = texts.str.join("").item()
    return joined.encode().isdigit()


def word(texts: pl.Series, words: pl.Enum) -> pl.Series:
    """One of a fixed set of words, in any case and with hyphens or blanks for underscores."""
    return texts.str.to_lowercase().str.replace_all(r"[\s-]+", "_").cast(words, strict=False)


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


def second_look(
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


def _json_texts(content: str) -> list[str] | None:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return [str(entry) for entry in found if entry is not None] if isinstance(found, list) else None
