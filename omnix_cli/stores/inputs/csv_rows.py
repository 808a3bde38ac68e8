"""Rows of CSV: polars parses all lines that are plainly right; the others are parsed one by one."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import repeated_name
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, RawChunk
from omnix_cli.stores.inputs.formats import InputFile
from omnix_cli.stores.inputs.line_blocks import LineBlocks, RejectedLine, as_frame, count_sign

SEPARATORS = (",", ";", "\t", "|")
LONGEST_RECORD_LINES = 100
"""A quoted field may have line breaks; a record with more lines than this has a broken quote."""


def rows(file: InputFile) -> CsvRows:
    """The rows of a file."""
    return CsvRows(file.content, file.name, file.mapping.separator, file.findings)


class _Lines(NamedTuple):
    """Where the lines of a block begin and end, and how many separators outside quotes each of them has."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    separators: npt.NDArray[np.int32]


class CsvRows:
    """The rows of one CSV file, in chunks. Line numbers count from 1, the header included."""

    def __init__(self, blocks: LineBlocks, name: str, separator: str | None, findings: dict[str, str]) -> None:
        self._blocks = blocks
        self._findings = findings
        self._name = name
        self._waiting: list[str] = []
        """The lines of a record that continues in the next block."""
        self.separator = separator or ""
        self.columns: list[str] = []

    def __iter__(self) -> Iterator[RawChunk]:
        end = 1
        for first, stored, utf8, rejected in self._blocks.texts():
            if not self.columns and b"\0" in stored.split(b"\n", 1)[0]:
                raise DataError(f"{self._name}: binary content, not a table", hint="Give CSV, NDJSON or Parquet.")
            header = 0 if self.columns else self._read_header(utf8)
            yield self._chunk(utf8[header:], first + utf8[:header].count(b"\n"), rejected)
            end = first + count_sign(utf8, "\n")
        if not self.columns:
            raise self._empty()
        if self._waiting:
            yield self._one_by_one(b"", end, [], final=True)

    def _read_header(self, block: bytes) -> int:
        """Reads the names of the columns; returns the number of bytes of the header."""
        start = len(block) - len(block.lstrip(b"\r\n \t"))
        end = block.find(b"\n", start) + 1
        header = block[start:end].decode().strip("\r\n")
        if not header:
            raise self._empty()
        self.separator = self.separator or max(SEPARATORS, key=lambda sign: _count_outside_quotes(header, sign))
        names = self._fields(header)
        if names is None:
            raise DataError(f"{self._name}: the header has broken quotes", hint="Fix the first line.")
        names = [name.strip() for name in names]
        self._findings["separator"] = "tab" if self.separator == "\t" else self.separator
        if repeated := [name for name, columns in Counter(filter(None, names)).items() if columns > 1]:
            self._findings["repeated columns"] = ", ".join(repeated)
        self.columns = _distinct(names)
        return end

    def _empty(self) -> DataError:
        return DataError(f"{self._name}: the file is empty", hint="It needs a header with the names of the columns.")

    def _chunk(self, block: bytes, first: int, rejected: list[RejectedLine]) -> RawChunk:
        """The rows of a block whose first line has the number `first`."""
        if not self._waiting:
            if (rows := self._plain(block, first)) is not None:
                return RawChunk(rows, as_frame(rejected))
            if (found := self._mostly_plain(block, first)) is not None:
                return RawChunk(found[0], as_frame([*rejected, *found[1]]))
        return self._one_by_one(block, first, rejected, final=False)

    def _plain(self, block: bytes, first: int) -> pl.DataFrame | None:
        """All lines at once, if no line is blank or has quotes, too few or too many fields."""
        lines, width = count_sign(block, "\n"), len(self.columns)
        if width == 1 or b'"' in block or count_sign(block, self.separator) != lines * (width - 1):
            return None
        return self._parse(block, pl.Series(np.arange(first, first + lines, dtype=np.uint64)))

    def _mostly_plain(self, block: bytes, first: int) -> tuple[pl.DataFrame, list[RejectedLine]] | None:
        """The lines with the right number of fields at once, the others one by one; None if a field spans lines."""
        if (lines := _measure(block, self.separator)) is None:
            return None
        buffer = np.frombuffer(block, np.uint8)
        length = lines.ends - lines.starts
        blank = (length == 1) | ((length == 2) & (buffer[lines.starts] == ord("\r")))
        right = (lines.separators == len(self.columns) - 1) & ~blank
        numbers = first + np.arange(len(length), dtype=np.uint64)
        if (rows := self._parse(buffer[np.repeat(right, length)].tobytes(), pl.Series(numbers[right]))) is None:
            return None
        others = np.flatnonzero(~right & ~blank)
        texts = [block[lines.starts[line] : lines.ends[line]].decode().rstrip("\r\n") for line in others]
        more, rejected = self._records(texts, [int(number) for number in numbers[others]])
        return pl.concat([rows, more]).sort(ROW_NUMBER), rejected

    def _parse(self, lines: bytes, numbers: pl.Series) -> pl.DataFrame | None:
        """The lines as a frame of texts; None if polars does not find one row on each of them."""
        if not lines:
            return self._frame([], [])
        try:
            rows = pl.read_csv(
                lines,
                has_header=False,
                schema=dict.fromkeys(self.columns, pl.String),
                separator=self.separator,
                empty_string_is_null=False,
            )
        except (pl.exceptions.PolarsError, ValueError):
            return None
        if rows.height != len(numbers):
            return None
        return rows.rechunk().with_columns(numbers.alias(ROW_NUMBER), pl.lit(0, pl.UInt32).alias(ITEM))

    def _one_by_one(self, block: bytes, first: int, rejected: list[RejectedLine], *, final: bool) -> RawChunk:
        """Parses record by record; an unfinished record at the end of the block waits for the next one."""
        lines = [*self._waiting, *block.decode().split("\n")[:-1]]
        start = first - len(self._waiting)
        self._waiting = []
        texts, numbers, at = [], [], 0
        while at < len(lines):
            size = self._record_lines(lines, at)
            if size == 0 and not final and len(lines) - at < LONGEST_RECORD_LINES:
                self._waiting = lines[at:]
                break
            size = max(size, 1)
            texts.append("\n".join(lines[at : at + size]).rstrip("\r"))
            numbers.append(start + at)
            at += size
        rows, more = self._records(texts, numbers)
        return RawChunk(rows, as_frame([*rejected, *more]))

    def _record_lines(self, lines: list[str], at: int) -> int:
        """How many lines the record has that begins at this line; 0 if its quote stays open."""
        if lines[at].count('"') % 2 == 0 or self._is_row(lines[at]):
            return 1
        last = min(at + LONGEST_RECORD_LINES, len(lines))
        for end in range(at + 1, last):
            if '"' in lines[end] and self._is_row("\n".join(lines[at : end + 1])):
                return end + 1 - at
        return 0

    def _is_row(self, text: str) -> bool:
        fields = self._fields(text.rstrip("\r"))
        return fields is not None and len(fields) == len(self.columns)

    def _records(self, texts: list[str], numbers: list[int]) -> tuple[pl.DataFrame, list[RejectedLine]]:
        rows: list[list[str]] = []
        kept: list[int] = []
        rejected: list[RejectedLine] = []
        for text, number in zip(texts, numbers, strict=True):
            if not text.strip():
                continue
            fields = self._fields(text)
            if fields is not None and len(fields) == len(self.columns):
                rows.append(fields)
                kept.append(number)
            else:
                reason = "broken quotes" if fields is None else "wrong number of fields"
                rejected.append(RejectedLine(number, reason, text))
        return self._frame(rows, kept), rejected

    def _fields(self, text: str) -> list[str] | None:
        try:
            return next(csv.reader([text], delimiter=self.separator, strict=True), [])
        except csv.Error:
            return None

    def _frame(self, rows: list[list[str]], numbers: list[int]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, schema=dict.fromkeys(self.columns, pl.String), orient="row")
        return frame.with_columns(
            pl.Series(ROW_NUMBER, numbers, dtype=pl.UInt64),
            pl.repeat(0, len(numbers), dtype=pl.UInt32, eager=True).alias(ITEM),
        )


def _measure(block: bytes, separator: str) -> _Lines | None:
    """The lines of a block; None if a quote is open at the end of a line."""
    buffer = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(buffer == ord("\n")) + 1
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)[: len(ends)]
    signs = buffer == ord(separator)
    if b'"' in block:
        inside = np.bitwise_xor.accumulate(buffer == ord('"'))
        if inside[ends - 1].any():
            return None
        signs &= ~inside
    if not len(starts):
        return _Lines(starts, ends, np.zeros(0, np.int32))
    return _Lines(starts, ends, np.add.reduceat(signs, starts, dtype=np.int32))


def _count_outside_quotes(text: str, sign: str) -> int:
    return sum(part.count(sign) for part in text.split('"')[::2])


def _distinct(names: list[str]) -> list[str]:
    """The names made unique: unnamed columns are numbered, repeated names marked."""
    named = [name or f"column_{number}" for number, name in enumerate(names, start=1)]
    columns, taken = Counter(named), Counter[str]()
    for place, name in enumerate(named):
        if columns[name] > 1:
            taken[name] += 1
            named[place] = repeated_name(name, taken[name], columns[name])
    return named if len(set(named)) == len(named) else _distinct(named)
