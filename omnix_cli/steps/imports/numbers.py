"""Numbers and amounts of an input, in any of the usual spellings.

Amounts are exact decimals: a text becomes a decimal at once, never through a float. A float counts as the shortest
text that names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from omnix_cli.steps.imports.amounts.currencies import MARK, marks
from omnix_cli.steps.imports.texts import Parsed, holds, second_look, text

MONEY = pl.Decimal(18, 2)
EXACT = pl.Decimal(38, 10)
"""Amounts before they are rounded: ten places, which hold the unit prices of goods sold by the thousand."""

_SAMPLE = 1000
_POINT = r"\.(\d{1,2}|\d{4,})\s*[^\d.,]*$|^\D*0?\.\d|,\d{3}\.|^\D*\d{4,}\.\d"
_GROUPED = r"^\D*[1-9]\d{0,2}\.\d{3}\D*$"
_THOUSANDTHS = r"^[+-]?\d+\.\d\d[1-9]$"
_WHOLE_PRICE = r"^\D*[1-9]\d{2,}\D*$"
LARGEST_MONEY = 10**15
LARGEST_QUANTITY = 10**6
"""More units in one line are a barcode or a typing error. Fixed-point sums hold 8 million lines of it."""

_WORD_SIZED = 9 * 10**8
"""Up to here, an amount of ten places fits into 64 bits."""
_MANY = 1_000
"""From so many amounts on, rounding them as words is worth it."""
_PER_CENT = 10**8
"""The units of ten places in a cent."""

_TOO_LARGE = 10**20
"""Stands for any amount that a decimal of ten places cannot hold."""

_EXACT_FLOAT = 2**53 / 10**10  # a smaller float has its shortest text as a decimal of ten places
_SHAPE = (
    rf"(?i)^(?P<open>\(?)(?P<before>-?) ?(?:{MARK})? ?(?P<inner>[-+(]?) ?(?:{MARK})? ?"
    rf"(?P<number>[0-9.,][0-9., ']*?(?:e[+-]?[0-9]+)?) ?(?P<after>-?) ?(?:{MARK})? ?(?P<close>\)?) ?"
    rf"(?:{MARK})? ?(?P<last>-?)$"
)


_UNIT = (
    r"(?i)^(.*\d)\s*(?:x|kgs?|kilos?|lbs?|l|ltr|lit(?:er|re)s?|pcs?|pieces?|units?|ea|st|stk|stück|pz|pi[eè]ces?|"
    r"u|un|unid|ud|uds|szt|ks|db|kpl)\.?$"
)
"""Units in which goods are counted or weighed, behind a number."""


def quantity(column: pl.Series, null_values: Sequence[str], *, decimal_comma: bool) -> Parsed:
    """Numbers, also with a unit behind them: 0.345 kg, 3 pcs. A part of a unit (500 g) is unreadable: it would count a
    thousandfold."""
    return number(column, null_values, decimal_comma=decimal_comma, units=True)


def number(column: pl.Series, null_values: Sequence[str], *, decimal_comma: bool, units: bool = False) -> Parsed:
    """Numbers, also with currency signs and thousands separators; infinite ones are unreadable, NaN is absent."""
    if column.dtype.is_numeric():
        numbers = column.cast(pl.Float64)
        infinite = numbers.is_infinite().fill_null(False)
        return Parsed(_finite(numbers), infinite)
    if not _may_hold_numbers(column):
        return _no_numbers(column, pl.Float64())
    if column.dtype.is_nested():
        column = text(column, ())
    plain = column.cast(pl.Float64, strict=False)
    if decimal_comma:
        plain = plain.set(column.str.contains(".", literal=True), None)
    spelled = partial(_spelled_out, decimal_comma=decimal_comma, dtype=pl.Float64())
    without_units = (lambda texts: spelled(texts.str.replace(_UNIT, "$1"))) if units else spelled
    return second_look(column, _finite(plain), null_values, without_units)


def amount(column: pl.Series, null_values: Sequence[str], *, decimal_comma: bool) -> Parsed:
    """Amounts as exact decimals of ten places, in the spellings of `number`, with the currencies beside them."""
    if column.dtype.is_float():
        return _amount_of_floats(column)
    if column.dtype.is_numeric():
        values = column.cast(EXACT, strict=False)
        return Parsed(_bounded(values, column.cast(pl.Float64)), None)
    if not _may_hold_numbers(column):
        return _no_numbers(column, EXACT)
    if column.dtype.is_nested():
        column = text(column, ())
    plain = column.cast(EXACT, strict=False)
    if decimal_comma:
        plain = plain.set(column.str.contains(".", literal=True), None)
    spelled = partial(_spelled_out, decimal_comma=decimal_comma, dtype=EXACT)
    odd = (plain.is_null() & column.is_not_null()).arg_true()
    parsed = second_look(column, plain, null_values, spelled)
    return parsed if odd.is_empty() else replace(parsed, currencies=_beside(column, odd))


def money(amounts: pl.Series) -> pl.Series:
    """Amounts rounded to two places, half away from zero: 1.005 is 1.01; null for absurdly large ones."""
    if amounts.dtype == EXACT and len(amounts) >= _MANY and amounts.is_between(-_WORD_SIZED, _WORD_SIZED).all():
        return _rounded_words(amounts)
    bounded = amounts.set(amounts.abs() > LARGEST_MONEY, None)
    return pl.select(pl.lit(bounded).round(2, mode="half_away_from_zero").cast(MONEY)).to_series()


def _rounded_words(amounts: pl.Series) -> pl.Series:
    """The same for amounts whose ten places fit into a word of 64 bits: nearly all amounts, at a third of the cost."""
    import pyarrow as pa  # a function that applies single orders does without it

    words = amounts.to_physical().cast(pl.Int64).fill_null(0).to_numpy()
    half = _PER_CENT // 2
    pairs = np.empty((len(words), 2), np.int64)  # a decimal is a number of 128 bits, its lower half first
    pairs[:, 0] = np.sign(words) * ((np.abs(words) + half) // _PER_CENT)
    pairs[:, 1] = pairs[:, 0] >> 63
    cents = pa.Array.from_buffers(pa.decimal128(18, 2), len(words), [None, pa.py_buffer(pairs)])
    values = pl.Series(amounts.name, pl.from_arrow(cents))
    return values.set(amounts.is_null(), None) if amounts.null_count() else values


def whole_number(numbers: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Integers; null for fractions and for numbers too large for the type."""
    return numbers.set(numbers != numbers.round(0), None).cast(dtype, strict=False)


@dataclass(frozen=True)
class DecimalEvidence:
    """What some texts show of the decimal sign. The evidence of the pieces of a file adds up with `|`."""

    point: bool = False
    """Some number is like 1.5 or 1,234.50."""
    comma: bool = False
    """Some number is like 1,5 or 1.234,50."""
    open_comma: str | None = None
    """A text like 1,234, whose comma separates decimals or thousands."""
    open_point: str | None = None
    """A price like $1.990, whose point separates decimals or thousands."""
    thousandths: str | None = None
    """A price like 1.799, whose point separates decimals unless other prices look like those of a currency without
    cents."""
    whole: bool = False
    """Some price is a whole number from 100 on, as in a currency without cents."""
    in_quantities: bool = False
    """Some quantity is like 0.345: then prices have a decimal point, too, unless they look as if they had no cents."""

    def __or__(self, other: DecimalEvidence) -> DecimalEvidence:
        return DecimalEvidence(
            self.point or other.point,
            self.comma or other.comma,
            self.open_comma or other.open_comma,
            self.open_point or other.open_point,
            self.thousandths or other.thousandths,
            self.whole or other.whole,
            self.in_quantities or other.in_quantities,
        )

    @property
    def is_open(self) -> bool:
        """Whether further numbers may still decide it."""
        return not self.point and (self.comma or bool(self.open_comma or self.open_point or self.thousandths))

    @property
    def settled(self) -> bool | None:
        """Whether the comma separates decimals: a decimal point anywhere rules it out. None if nothing shows it."""
        no_cents = self.whole and not self.comma and bool(self.open_point or self.thousandths)
        return False if self.point or (self.in_quantities and not no_cents) else self.comma or None

    def in_doubt(self, separator: str | None) -> str | None:
        """A number that can be read in two ways, if nothing settles it. Commas that may be either group thousands in a
        comma-separated file. Thousandths are in doubt only in a text file: JSON and Parquet write numbers in one way.
        """
        if self.open_point:
            return self.open_point
        if self.open_comma:
            return None if separator == "," else self.open_comma
        return self.thousandths if self.whole and separator else None


def decimal_evidence(texts: pl.Series, *, prices: bool) -> DecimalEvidence:
    """What texts show of the decimal sign. Plain numbers cost a look at the first ones.

    Only prices leave a point open, and only those that may be grouped thousands: three digits behind the point, no
    leading zero. With a currency sign or a last digit 0, as prices in currencies without cents have it, they are open
    on their own; others, like 1.799, beside such prices or whole ones (990). A quantity of 1.234 shows nothing."""
    if texts.head(_SAMPLE).str.contains(_POINT).any():
        return DecimalEvidence(point=prices, in_quantities=not prices)
    whole = prices and _longest(texts) > 2 and bool(texts.str.contains(_WHOLE_PRICE).any())
    if not holds(texts, ",."):
        return DecimalEvidence(whole=whole)
    commas = texts.filter(texts.str.contains(",", literal=True))
    points = texts.filter(texts.str.contains(".", literal=True))
    comma = commas.str.contains(r",(\d{1,2}|\d{4,})\s*[^\d.,]*$|^\D*0,\d|\.\d{3},").any()
    comma |= points.str.contains(r"\d\.\d{3}\.\d{3}").any()
    point = points.str.contains(_POINT).any() or commas.str.contains(r",\d{2,3},\d").any()
    grouped = points.filter(points.str.contains(_GROUPED)) if prices else points.clear()
    exact = grouped.str.contains(_THOUSANDTHS)
    return DecimalEvidence(
        bool(point) and prices,
        bool(comma),
        next(iter(commas.head(1)), None),
        next(iter(grouped.filter(~exact).head(1)), None),
        next(iter(grouped.filter(exact).head(1)), None),
        whole,
        bool(point) and not prices,
    )


def _longest(texts: pl.Series) -> int:
    return texts.str.len_bytes().max() or 0  # type: ignore[return-value]


def _beside(column: pl.Series, odd: pl.Series) -> pl.Series | None:
    """The currencies beside amounts, of which those at the indices `odd` are no plain numbers."""
    found = marks(column.gather(odd))
    if found.null_count() == len(found):
        return None
    return pl.repeat(None, len(column), dtype=pl.String, eager=True).scatter(odd, found)


def _may_hold_numbers(column: pl.Series) -> bool:
    return not (column.dtype.is_temporal() or column.dtype == pl.Boolean)


def _no_numbers(column: pl.Series, dtype: pl.DataType) -> Parsed:
    """Dates and flags are no numbers, although polars would count their days."""
    return Parsed(pl.repeat(None, len(column), dtype=dtype, eager=True), column.is_not_null())


def _amount_of_floats(column: pl.Series) -> Parsed:
    infinite = column.is_infinite().fill_null(False)
    numbers = _finite(column)
    if column.dtype == pl.Float64:
        large = (numbers.abs() > _EXACT_FLOAT).fill_null(False)
        values = numbers.set(large, None).cast(EXACT)
        by_text = large.arg_true()
    else:
        values = pl.repeat(None, len(column), dtype=EXACT, eager=True)
        by_text = pl.int_range(len(column), eager=True)
    if not by_text.is_empty():
        shortest = numbers.gather(by_text).cast(pl.String).cast(EXACT, strict=False)
        values = values.scatter(by_text, shortest)
    return Parsed(_bounded(values, numbers.cast(pl.Float64)), infinite)


def _spelled_out(texts: pl.Series, *, decimal_comma: bool, dtype: pl.DataType) -> pl.Series:
    """Numbers with a currency, with a sign on either side or in parentheses, and with grouped thousands."""
    parts = _signs_as_ascii(texts).str.extract_groups(_SHAPE).struct.unnest()
    bare = _ungrouped(parts["number"].str.strip_chars(), decimal_comma=decimal_comma)
    bracketed = (parts["open"] == "(") | (parts["inner"] == "(")
    minuses = [parts[name] == "-" for name in ("before", "inner", "after", "last")]
    signs = sum((minus.cast(pl.Int8) for minus in minuses), bracketed.cast(pl.Int8))
    proper = (signs <= 1) & (bracketed == (parts["close"] == ")"))
    written = pl.select(pl.when(proper).then(pl.when(signs == 1).then("-" + pl.lit(bare)).otherwise(bare))).to_series()
    floats = _finite(written.cast(pl.Float64, strict=False))
    return floats if dtype.is_float() else _bounded(written.cast(EXACT, strict=False), floats)


def _bounded(amounts: pl.Series, floats: pl.Series) -> pl.Series:
    """The amounts, and one that is too large for those that no decimal of ten places holds."""
    lost = amounts.is_null() & floats.is_not_null()
    if not lost.any():
        return amounts
    beyond = pl.when(pl.lit(floats) < 0).then(-_TOO_LARGE).otherwise(_TOO_LARGE).cast(EXACT)
    return pl.select(pl.when(lost).then(beyond).otherwise(pl.lit(amounts))).to_series()


def _signs_as_ascii(texts: pl.Series) -> pl.Series:
    """One blank for any blanks, one minus for any dash, one apostrophe for any; Swiss 12.- and 12,- are 12."""
    plain = texts.str.replace_all(r"\s+", " ")
    plain = plain.str.replace_all(r"[\u{2212}\p{Pd}]", "-").str.replace_all(
        r"[`\u{2018}\u{2019}\u{2bc}\u{b4}\u{ff07}]", "'"
    )
    return plain.str.replace(r"(\d)[.,]--?(\D*)$", "$1$2").str.strip_chars()


def _ungrouped(numbers: pl.Series, *, decimal_comma: bool) -> pl.Series:
    """Numbers with a decimal point and without thousands separators; null where the groups are none."""
    group, point = (r"\.", ",") if decimal_comma else (",", r"\.")
    tail = rf"(?:{point}\d*)?(?:e[+-]?\d+)?$"
    thousands = "|".join(rf"(?:{sign}\d{{3}})+" for sign in (group, " ", "'"))
    lakhs = "|".join(rf"(?:{sign}\d{{2}})+{sign}\d{{3}}" for sign in (group, " "))
    shape = rf"(?i)^(?:\d*|\d{{1,3}}(?:{thousands})|\d{{1,2}}(?:{lakhs})){tail}"
    joined = numbers.str.replace_all(rf"[ '{group}]", "")
    if decimal_comma:
        joined = joined.str.replace(",", ".", literal=True)
    return pl.select(pl.when(numbers.str.contains(shape)).then(joined)).to_series()


def _finite(numbers: pl.Series) -> pl.Series:
    return numbers.set(~numbers.is_finite(), None)
