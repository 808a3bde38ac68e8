"""Sentences that are written and read again by the same wording.

A wording has fields: `{name}` is a text, `{name:#}` a number, `{name:customer}` a count with its noun (1 customer, 2
customers), `{name:+customer}` a count rounded down (20+ customers), `{name:date}` a day (21 December 2017). A reason
states days, not ages: an age is another text every night.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from omnix_cli.reasons.rounding import at_least

_FIELD = re.compile(r"\{(\w+)(?::([^}]+))?\}")
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_DATE, _DATE_FORMAT = r"\d{1,2} [A-Z][a-z]+ \d{4}", "%-d %B %Y"


@dataclass(frozen=True)
class Sentence:
    """One thing that a reason may say. `kind` names it in the results of the check."""

    kind: str
    wording: str

    def say(self, **fields: pl.Expr | str) -> pl.Expr:
        """The sentence with these fields (expressions, or names of columns); null where a field is null."""
        pieces = []
        for literal, name, form in self._pieces():
            pieces.append(pl.lit(literal))
            if name:
                value = fields[name]
                column = pl.col(value) if isinstance(value, str) else value
                pieces.append(_said(column, form))
                if noun := _noun(form):
                    pieces.append(pl.when(column == 1).then(pl.lit(f" {noun}")).otherwise(pl.lit(f" {noun}s")))
        return pl.concat_str(pieces)

    def field(self, name: str) -> str:
        """The column of a field in what `Form.read` gives."""
        return f"{self.kind}__{name}"

    @cached_property
    def pattern(self) -> str:
        """The regular expression of the sentence, with a group for each field and one for the whole."""
        parts = [f"(?P<{self.field('text')}>"]
        for literal, name, form in self._pieces():
            parts.append(re.escape(literal).replace(r"\ ", " "))
            if name:
                value = ".+?" if form is None else _DATE if form == "date" else _NUMBER
                noun = f" {re.escape(_noun(form))}s?" if _noun(form) else ""
                more = r"\+?" if form and form.startswith("+") else ""
                parts.append(f"(?P<{self.field(name)}>{value}){more}{noun}")
        return "".join([*parts, ")"])

    def _pieces(self) -> Iterator[tuple[str, str | None, str | None]]:
        """The literal before each field, the field and its form; the last literal without one."""
        end = 0
        for found in _FIELD.finditer(self.wording):
            yield self.wording[end : found.start()], found[1], found[2]
            end = found.end()
        yield self.wording[end:], None, None

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The fields that are numbers or counts."""
        return tuple(name for _, name, form in self._pieces() if name and form and form != "date")

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """The fields that are days."""
        return tuple(name for _, name, form in self._pieces() if name and form == "date")

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The fields that are texts."""
        return tuple(name for _, name, form in self._pieces() if name and not form)


def _said(column: pl.Expr, form: str | None) -> pl.Expr:
    """The value of a field in words; a count that was rounded down has a plus."""
    if form == "date":
        return column.dt.strftime(_DATE_FORMAT)
    if form and form.startswith("+"):
        return at_least(column).cast(pl.String) + pl.when(column > 2).then(pl.lit("+")).otherwise(pl.lit(""))
    return column.cast(pl.String)


def _noun(form: str | None) -> str:
    """The noun of a count; empty for other fields."""
    return "" if form in (None, "#", "date") else str(form).removeprefix("+")


@dataclass(frozen=True)
class Form:
    """How sentences make up a reason: places in order, each with alternatives, joined by a separator. Places may be
    empty, but not all of them."""

    places: tuple[tuple[Sentence, ...], ...]
    separator: str

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences that it may hold."""
        return tuple(sentence for place in self.places for sentence in place)

    def read(self, reasons: pl.Series) -> pl.DataFrame:
        """A row per reason: for each sentence the columns of its fields and `<kind>__text`, null where the reason does
        not hold it; all are null in a reason of another form."""
        separator = re.escape(self.separator).replace(r"\ ", " ")
        joined = "".join(
            f"(?:(?:{'|'.join(sentence.pattern for sentence in place)})(?:{separator}|$))?" for place in self.places
        )
        fields = reasons.str.extract_groups(f"(?s)^{joined}$").struct.unnest()
        numbers = [sentence.field(name) for sentence in self.sentences for name in sentence.numbers]
        dates = [sentence.field(name) for sentence in self.sentences for name in sentence.dates]
        return fields.with_columns(
            pl.col(numbers).str.replace_all(",", "").cast(pl.Float64, strict=False),
            pl.col(dates).str.to_date(_DATE_FORMAT, strict=False),
        )
