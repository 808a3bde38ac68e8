"""Numbers and amounts of an input, in any of the usual spellings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from omnix_cli.steps.imports.texts import Parsed, second_look, text

MONEY = pl.Decimal(18, 2)

_SAMPLE = 1000
_COMMA = r",(\d{1,2}|\d{4,})\s*[^\d.,]*$|^\D*0,\d|\.\d{3},"
_POINT = r"\.(\d{1,2}|\d{4,})\s*[^\d.,]*$|,\d{3}[.,]"
_LARGEST_MONEY = 1e15
_CURRENCY = r"(?i)^\s*(?:[$€£¥]|usd|eur|gbp|chf)\s*|\s*(?:[$€£¥]|usd|eur|gbp|chf)\s*$"


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
    return second_look(column, _finite(plain), null_values, partial(_spelled_out, decimal_comma=decimal_comma))


def money(numbers: pl.Series) -> pl.Series:
    """Amounts rounded to two places; null for absurdly large ones."""
    return numbers.set(numbers.abs() > _LARGEST_MONEY, None).round(2).cast(MONEY)


def whole_number(numbers: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Integers; null for fractions and for numbers too large for the type."""
    return numbers.set(numbers != numbers.round(0), None).cast(dtype, strict=False)


@dataclass(frozen=True)
class DecimalEvidence:
    """Numbers that show a decimal comma, a decimal point, or whose comma leaves it open: an example of each."""

    comma: str | None = None
    point: str | None = None
    left_open: str | None = None

    def __or__(self, more: DecimalEvidence) -> DecimalEvidence:
        return DecimalEvidence(self.comma or more.comma, self.point or more.point, self.left_open or more.left_open)

    @property
    def is_open(self) -> bool:
        """Whether further numbers may still decide it."""
        return self.point is None and (self.comma is not None or self.left_open is not None)

    @property
    def settled(self) -> bool | None:
        """Whether the comma separates decimals: a decimal point anywhere rules it out. None if nothing shows it."""
        return False if self.point is not None else True if self.comma is not None else None


def decimal_evidence(texts: pl.Series) -> DecimalEvidence:
    """What numbers show about their decimals. Plain numbers cost a look at the first ones."""
    if point := _example(texts.head(_SAMPLE), _POINT):
        return DecimalEvidence(point=point)
    commas = texts.filter(texts.str.contains(",", literal=True))
    points = texts.filter(texts.str.contains(".", literal=True))
    comma = _example(commas, _COMMA)
    return DecimalEvidence(comma, _example(points, _POINT), None if comma or commas.is_empty() else commas[0])


def _example(texts: pl.Series, pattern: str) -> str | None:
    found = texts.filter(texts.str.contains(pattern)).head(1)
    return None if found.is_empty() else str(found[0])


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
