"""Rows of CSV: polars parses all lines that are plainly right; the others are parsed one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, RawChunk
from omnix_cli.stores.inputs.delimited import header, notes
from omnix_cli.stores.inputs.delimited.fields import fields_of, wanted_names
from omnix_cli.stores.inputs.delimited.notes import Notes
from omnix_cli.stores.inputs.formats import InputFile
from omnix_cli.stores.inputs.line_blocks import LineBlocks, RejectedLine, as_frame, count_sign

LONGEST_RECORD_LINES = 100
"""A quoted field may have line breaks; a record with more lines than this has a broken quote."""
_OTHER_LINE_ENDS = re.compile("[\r\x85\u2028\u2029]")


def rows(file: InputFile) -> CsvRows:
    """The rows of a file."""
    return CsvRows(file.content, file.name, file.mapping, file.findings)


class _Lines(NamedTuple):
    """Where the lines of a block begin and end, and how many separators outside quotes each of them has."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    separators: npt.NDArray[np.int32]


_Header = tuple[int, list[str]]
"""A header that comes again: the number of its line, and the columns of the rows below it."""


class _Parsed(NamedTuple):
    """Rows, lines that are no rows, and headers that come again."""

    rows: pl.DataFrame
    rejected: list[RejectedLine]
    headers: list[_Header]


class CsvRows:
    """The rows of one CSV file, in chunks. Line numbers count from 1, the header included."""

    def __init__(self, blocks: LineBlocks, name: str, mapping: ColumnMapping, findings: dict[str, str]) -> None:
        self._blocks = blocks
        self._findings = findings
        self._notes = Notes(findings)
        self._name = name
        self._mapping = mapping
        self._wanted = wanted_names(mapping)[1]
        self._waiting = b""
        """The lines of a record that continues in the next block."""
        self.separator = ""
        self.columns: list[str] = []
        self._unnamed: list[str] = []
        """Columns behind those of the header, which a separator at the end of all lines makes."""

    def __iter__(self) -> Iterator[RawChunk]:
        end = 1
        for first, stored, utf8, rejected in self._blocks.texts():
            end = first + count_sign(utf8, "\n")
            if not self.columns and b"\0" in stored.split(b"\n", 1)[0]:
                raise DataError(f"{self._name}: binary content, not a table", hint="Give CSV, NDJSON or Parquet.")
            block, start = utf8, first
            if not self.columns:
                if not block.strip():
                    continue
                cut, above = self._read_header(block, first)
                if above.rows.height:
                    yield RawChunk(self._named(above.rows, self.columns), as_frame([]))
                block, start = block[cut:], first + count_sign(block[:cut], "\n")
            yield from self._chunks(block, start, rejected, final=False)
        if not self.columns:
            raise DataError(f"{self._name}: the file is empty", hint="It needs a header with the names of the columns.")
        if self._waiting:
            yield from self._chunks(b"", end, [], final=True)
        if broken := self._notes.close():
            yield RawChunk(self._named(self._frame([], (), ()), self.columns), as_frame(broken))

    def _read_header(self, block: bytes, first: int) -> tuple[int, _Parsed]:
        """Reads the names of the columns; returns the number of bytes up to the end of the header, and the rows above
        it, as sorting the lines of a file makes."""
        found = header.find(block, self._mapping, file=self._name)
        self.separator = found.separator
        self._set_columns(found.names, header.ghost_fields(found.names, block[found.end :], found.separator))
        self._findings["separator"] = "tab" if self.separator == "\t" else self.separator
        if repeated := header.repeated(found.names):
            self._findings["repeated columns"] = ", ".join(repeated)
        rows = [line for line in found.above if self._is_like_a_row(line.text)]
        for line in found.above:
            if line not in rows:
                self._notes.add(notes.ABOVE, line.text)
        numbers = [first + count_sign(block[: line.start], "\n") for line in rows]
        return found.end, self._records([line.text for line in rows], numbers)

    def _set_columns(self, names: Sequence[str], ghosts: int) -> None:
        """These columns from now on, with fields behind them that the header has no names for."""
        if ghosts:
            self._notes.add(notes.ENDS)
        self.columns = header.columns_of([*names, *[""] * ghosts], self.columns)
        self._unnamed = self.columns[len(names) :]
        spellings = header.spellings([*self.columns, *self._mapping.input_columns()])
        self._labels = pl.Series([*spellings, *notes.RULES], dtype=pl.String).unique().implode()

    def _chunks(self, block: bytes, first: int, rejected: list[RejectedLine], *, final: bool) -> Iterator[RawChunk]:
        """The rows of a block whose first line has the number `first`, cut where the columns change."""
        if self._waiting:
            first -= count_sign(self._waiting, "\n")
            block, self._waiting = self._waiting + block, b""
        while True:
            parsed = self._parsed(block, first, final=final)
            other = next((each for each in parsed.headers if len(each[1]) != len(self.columns)), None)
            if other is not None:
                parsed = _above(parsed, other[0])
            rows, headers, broken = self._sorted_out(parsed, other)
            for place, piece in enumerate(self._by_columns(rows, headers)):
                yield RawChunk(piece, as_frame([*rejected, *broken] if place == 0 else []))
            if other is None:
                return
            rejected, self._waiting = [], b""
            cut = _end_of_line(block, other[0] - first)
            block, first = block[cut:], other[0] + 1
            names = header.cleaned(other[1])
            self._set_columns(names, header.ghost_fields(names, block, self.separator))

    def _parsed(self, block: bytes, first: int, *, final: bool) -> _Parsed:
        if (rows := self._plain(block, first)) is not None:
            return _Parsed(rows, [], [])
        return self._mostly_plain(block, first) or self._one_by_one(block, first, final=final)

    def _sorted_out(
        self, parsed: _Parsed, other: _Header | None
    ) -> tuple[pl.DataFrame, list[_Header], list[RejectedLine]]:
        """The rows without those that are no rows though they have all fields, the headers that come again, and the
        broken lines."""
        rows, rejected, headers = parsed
        if self._unnamed:
            filled = rows.select(pl.any_horizontal(pl.col(self._unnamed) != "")).to_series()
            if filled.any():
                broken = rows.filter(filled).drop(ITEM).iter_rows()
                rejected = [*rejected, *(notes.rejected(row[-1], self.separator.join(row[:-1]), row) for row in broken)]
                rows = rows.filter(~filled)
        first = rows[self.columns[0]]
        labels = first.is_in(self._labels) | first.str.starts_with("# ") | first.str.starts_with("-- ")
        if (no_row := self._empty(rows, first)) is not None:
            self._notes.add(notes.EMPTY, number=int(no_row.sum()))
        if labels.any():
            dropped = pl.Series([self._is_label(row, headers) for row in rows.filter(labels).iter_rows()])
            labels = labels.scatter(labels.arg_true(), dropped)
            no_row = labels if no_row is None else no_row | labels
        rows = rows if no_row is None else rows.filter(~no_row)
        headers.sort()
        all_headers = [*headers, *([other] if other else [])]
        self._notes.add(notes.HEADER, f"line {all_headers[0][0]}" if all_headers else "", len(all_headers))
        numbers = rows[ROW_NUMBER].to_numpy()
        return rows, headers, self._notes.sorted_out(rejected, numbers, [number for number, _ in all_headers])

    def _empty(self, rows: pl.DataFrame, first: pl.Series) -> pl.Series | None:
        """Which rows have no text at all; None if none is so."""
        blank = first.is_in(["", " "])
        if not blank.any():
            return None
        fields = pl.col(self.columns).str.strip_chars() == ""
        empty = rows.filter(blank).select(pl.all_horizontal(fields)).to_series()
        return blank.scatter(blank.arg_true(), empty) if empty.any() else None

    def _is_label(self, row: tuple[object, ...], headers: list[_Header]) -> bool:
        """Whether a row is a header that comes again, which is added to the others, or a comment."""
        *fields, number, _ = (str(field) if place < len(self.columns) else field for place, field in enumerate(row))
        names = [str(field) for field in fields]
        if header.repeats(names, self.columns, self._wanted):
            headers.append((int(str(number)), names))
            return True
        text = self.separator.join(names)
        if is_comment := notes.is_comment_row(text):
            self._notes.add(notes.COMMENT, text)
        return is_comment

    def _by_columns(self, rows: pl.DataFrame, headers: list[_Header]) -> Iterator[pl.DataFrame]:
        """The rows under each header, in the columns that it names."""
        parsed = self.columns
        for number, fields in headers:
            named = header.cleaned(fields)[: len(fields) - len(self._unnamed)]
            if header.columns_of([*named, *[""] * len(self._unnamed)], self.columns) == self.columns:
                continue
            above = rows[ROW_NUMBER] <= number
            yield self._named(rows.filter(above), parsed)
            rows = rows.filter(~above)
            self._set_columns(named, len(self._unnamed))
        yield self._named(rows, parsed)

    def _named(self, rows: pl.DataFrame, parsed: list[str]) -> pl.DataFrame:
        """The rows in the columns of the header, in the order of the first one if it had the same."""
        if self.columns != parsed:
            rows = rows.rename(dict(zip(parsed, self.columns, strict=True)))
            if set(parsed) == set(self.columns):
                rows = rows.select(*parsed, ROW_NUMBER, ITEM)
        return rows.drop(self._unnamed) if self._unnamed else rows

    def _plain(self, block: bytes, first: int) -> pl.DataFrame | None:
        """All lines at once, if no line is blank or has quotes, too few or too many fields."""
        lines, width = count_sign(block, "\n"), len(self.columns)
        if width == 1 or b'"' in block or count_sign(block, self.separator) != lines * (width - 1):
            return None
        return self._parse(block, pl.Series(np.arange(first, first + lines, dtype=np.uint64)))

    def _mostly_plain(self, block: bytes, first: int) -> _Parsed | None:
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
        more = self._records(texts, [int(number) for number in numbers[others]])
        return more._replace(rows=pl.concat([rows, more.rows]).sort(ROW_NUMBER, ITEM))

    def _parse(self, lines: bytes, numbers: pl.Series) -> pl.DataFrame | None:
        """The lines as a frame of texts; None if polars does not find one row on each of them."""
        if not lines:
            return self._frame([], (), ())
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

    def _one_by_one(self, block: bytes, first: int, *, final: bool) -> _Parsed:
        """Parses record by record; an unfinished record at the end of the block waits for the next one."""
        lines = block.decode().split("\n")[:-1]
        texts, numbers, at = [], [], 0
        while at < len(lines):
            size = self._record_lines(lines, at)
            if size == 0 and not final and len(lines) - at < LONGEST_RECORD_LINES:
                self._waiting = ("\n".join(lines[at:]) + "\n").encode()
                break
            size = max(size, 1)
            texts.append("\n".join(lines[at : at + size]).rstrip("\r"))
            numbers.append(first + at)
            at += size
        return self._records(texts, numbers)

    def _record_lines(self, lines: list[str], at: int) -> int:
        """How many lines the record has that begins at this line; 0 if its quote stays open, or if it would swallow
        lines that are rows: then the quote is a stray one."""
        if lines[at].count('"') % 2 == 0 or self._is_row(lines[at]):
            return 1
        last = min(at + LONGEST_RECORD_LINES, len(lines))
        for end in range(at + 1, last):
            if '"' in lines[end] and self._is_row("\n".join(lines[at : end + 1])):
                return 1 if self._swallows_rows(lines[at : end + 1]) else end + 1 - at
        return 0

    def _swallows_rows(self, lines: list[str]) -> bool:
        """Whether a record of several lines has rows in a quoted field: a line in between that is one, or a first and
        a last line that both have all separators."""
        first, *between, last = (self._is_like_a_row(line.replace('"', "")) for line in lines)
        return any(between) or (first and last)

    def _is_like_a_row(self, text: str) -> bool:
        """Whether a line has all fields, and some of them have digits, as words hardly do."""
        fields = fields_of(text.rstrip("\r"), self.separator) or []
        digits = sum(any(sign.isdigit() for sign in field) for field in fields)
        return len(fields) == len(self.columns) > 1 and digits >= max(1, len(self.columns) // 3)

    def _is_row(self, text: str) -> bool:
        fields = fields_of(text.rstrip("\r"), self.separator)
        return fields is not None and len(fields) == len(self.columns)

    def _records(self, texts: list[str], numbers: list[int]) -> _Parsed:
        rows: list[list[str]] = []
        kept: list[tuple[int, int]] = []
        rejected: list[RejectedLine] = []
        headers: list[_Header] = []
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
            elif fields is not None and header.repeats(fields, self.columns, self._wanted):
                headers.append((number, fields))
            elif pieces := self._pieces(text):
                rows.extend(pieces)
                kept.extend((number, item) for item in range(1, len(pieces) + 1))
            elif kind := notes.kind_of(text, fields):
                self._notes.add(kind, "" if kind == notes.EMPTY else text)
            else:
                rejected.append(notes.rejected(number, text, fields))
        return _Parsed(
            self._frame(rows, *zip(*kept, strict=True)) if kept else self._frame([], (), ()), rejected, headers
        )

    def _fitted(self, fields: list[str] | None) -> list[str] | None:
        """The fields without empty ones at the end of a line that has too many, and with those that all other lines
        have there."""
        if fields is None or not any(fields):
            return fields
        if len(fields) == len(self.columns) - len(self._unnamed):
            return [*fields, *[""] * len(self._unnamed)]
        return fields if any(field.strip() for field in fields[len(self.columns) :]) else fields[: len(self.columns)]

    def _glued(self, fields: list[str] | None) -> tuple[list[str], list[str]] | None:
        """The row and the header in one line, as when a file without a line feed at its end is continued by another."""
        width = len(self.columns)
        if fields is None or width < 2 or len(fields) != 2 * width - 1:
            return None
        seam, names = fields[width - 1], fields[width:]
        for column in self.columns:
            if seam.lower().endswith(column.lower()) and header.repeats([column, *names], self.columns, self._wanted):
                value = seam[: len(seam) - len(column)].removesuffix("\ufeff")
                return [*fields[: width - 1], value], [column, *names]
        return None

    def _pieces(self, text: str) -> list[list[str]]:
        """The rows of a line that has line ends of other systems in it; none if not all pieces are rows."""
        texts = [piece for piece in _OTHER_LINE_ENDS.split(text) if piece.strip()]
        pieces = [fields_of(piece, self.separator) or [] for piece in texts]
        return pieces if len(pieces) > 1 and all(len(piece) == len(self.columns) for piece in pieces) else []

    def _frame(self, rows: list[list[str]], numbers: Sequence[int], items: Sequence[int]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, schema=dict.fromkeys(self.columns, pl.String), orient="row")
        return frame.with_columns(
            pl.Series(ROW_NUMBER, numbers, dtype=pl.UInt64), pl.Series(ITEM, items, dtype=pl.UInt32)
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


def _above(parsed: _Parsed, number: int) -> _Parsed:
    """What is above a line."""
    return _Parsed(
        parsed.rows.filter(pl.col(ROW_NUMBER) < number),
        [line for line in parsed.rejected if line.number < number],
        [each for each in parsed.headers if each[0] < number],
    )


def _end_of_line(block: bytes, line: int) -> int:
    """How many bytes of the block its lines up to this one (from 0) have."""
    return int(np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))[line]) + 1
