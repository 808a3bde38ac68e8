"""Records of a CSV file parsed one by one, where not all lines are plainly right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.stores.inputs.delimited import header, notes
from omnix_cli.stores.inputs.delimited.fields import fields_of
from omnix_cli.stores.inputs.delimited.notes import Notes
from omnix_cli.stores.inputs.line_blocks import RejectedLine

LONGEST_RECORD_LINES = 100
"""A quoted field may have line breaks; a record with more lines than this has a broken quote."""
_OTHER_LINE_ENDS = re.compile("[\r\x85\u2028\u2029]")

RepeatedHeader = tuple[int, list[str]]
"""A header that comes again: the number of its line, and the columns of the rows below it."""


class Parsed(NamedTuple):
    """Rows, lines that are no rows, and headers that come again."""

    rows: pl.DataFrame
    rejected: list[RejectedLine]
    headers: list[RepeatedHeader]


class Record(NamedTuple):
    """How many lines a record has, 0 if its quote stays open; and whether it has rows in a quoted field: then its
    quotes are stray ones."""

    lines: int
    swallows: bool = False


@dataclass(frozen=True)
class Records:
    """How records become rows: by the columns of the header, and the `unnamed` ones behind them, which a separator at
    the end of all lines makes. `wanted` are the plain names of columns that a header may have."""

    separator: str
    columns: list[str]
    unnamed: list[str]
    wanted: frozenset[str]
    usual: frozenset[str] = frozenset()
    """The plain names that columns usually have."""

    def record_lines(self, lines: list[str], at: int) -> Record:
        """The record that begins at this line."""
        if lines[at].count('"') % 2 == 0 or self._is_row(lines[at]):
            return Record(1)
        last = min(at + LONGEST_RECORD_LINES, len(lines))
        for end in range(at + 1, last):
            if '"' in lines[end] and self._is_row("\n".join(lines[at : end + 1])):
                return Record(end + 1 - at, swallows=self._swallows_rows(lines[at : end + 1]))
        return Record(0)

    def _swallows_rows(self, lines: list[str]) -> bool:
        """Whether a record of several lines has rows in a quoted field: a line in between that is one, or a first and
        a last line that both have all separators."""
        first, *between, last = (self.is_like_a_row(line.replace('"', "")) for line in lines)
        return any(between) or (first and last)

    def is_like_a_row(self, text: str, others: Sequence[str] = ()) -> bool:
        """Whether a line has all fields, and some of them have digits, as words hardly do: most of those that have
        digits in a row of the `others`, if there is one."""
        digits = self._with_digits(text)
        if digits is None or len(digits) < max(1, len(self.columns) // 3):
            return False
        usual = next((found for other in others if (found := self._with_digits(other))), None)
        return usual is None or 3 * len(digits & usual) >= 2 * len(usual)

    def _with_digits(self, text: str) -> set[int] | None:
        """The places of the fields that have digits; None for a line that has not all fields."""
        fields = fields_of(text.rstrip("\r"), self.separator) or []
        if not len(fields) == len(self.columns) > 1:
            return None
        return {place for place, field in enumerate(fields) if any(sign.isdigit() for sign in field)}

    def _is_row(self, text: str) -> bool:
        fields = fields_of(text.rstrip("\r"), self.separator)
        return fields is not None and len(fields) == len(self.columns)

    def parsed(self, texts: list[str], numbers: list[int], notes_of: Notes) -> Parsed:
        """The rows of these lines, each a record, and what else they are."""
        rows: list[list[str]] = []
        kept: list[tuple[int, int]] = []
        rejected: list[RejectedLine] = []
        headers: list[RepeatedHeader] = []
        for text, number in zip(texts, numbers, strict=True):
            if not text.strip():
                continue
            fields = self._fitted(fields_of(text, self.separator))
            if fields is not None and len(fields) == len(self.columns):
                rows.append(fields)
                kept.append((number, 0))
            elif (glued := self._glued(fields)) is not None:
                rows.append(glued[0])
                kept.append((number, 0))
                headers.append((number, glued[1]))
            elif fields is not None and header.repeats(fields, self.columns, self.wanted, self.usual):
                headers.append((number, fields))
            elif pieces := self._pieces(text):
                rows.extend(pieces)
                kept.extend((number, item) for item in range(1, len(pieces) + 1))
            elif kind := notes.kind_of(text, fields):
                notes_of.add(kind, "" if kind == notes.EMPTY else text)
            else:
                rejected.append(notes.rejected(number, text, fields))
        return Parsed(self.frame(rows, *zip(*kept, strict=True)) if kept else self.frame([], (), ()), rejected, headers)

    def _fitted(self, fields: list[str] | None) -> list[str] | None:
        """The fields without empty ones at the end of a line that has too many, and with those that all other lines
        have there."""
        if fields is None or not any(fields):
            return fields
        if len(fields) == len(self.columns) - len(self.unnamed):
            return [*fields, *[""] * len(self.unnamed)]
        return fields if any(field.strip() for field in fields[len(self.columns) :]) else fields[: len(self.columns)]

    def _glued(self, fields: list[str] | None) -> tuple[list[str], list[str]] | None:
        """The row and the header in one line, as when a file without a line feed at its end is continued by another."""
        width = len(self.columns)
        if fields is None or width < 2 or len(fields) != 2 * width - 1:
            return None
        seam, names = fields[width - 1], fields[width:]
        for column in self.columns:
            if seam.lower().endswith(column.lower()) and header.repeats(
                [column, *names], self.columns, self.wanted, self.usual
            ):
                value = seam[: len(seam) - len(column)].removesuffix("\ufeff")
                return [*fields[: width - 1], value], [column, *names]
        return None

    def _pieces(self, text: str) -> list[list[str]]:
        """The rows of a line that has line ends of other systems in it; none if not all pieces are rows."""
        texts = [piece for piece in _OTHER_LINE_ENDS.split(text) if piece.strip()]
        pieces = [fields_of(piece, self.separator) or [] for piece in texts]
        return pieces if len(pieces) > 1 and all(len(piece) == len(self.columns) for piece in pieces) else []

    def frame(self, rows: list[list[str]], numbers: Sequence[int], items: Sequence[int]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, schema=dict.fromkeys(self.columns, pl.String), orient="row")
        return frame.with_columns(
            pl.Series(ROW_NUMBER, numbers, dtype=pl.UInt64), pl.Series(ITEM, items, dtype=pl.UInt32)
        )
