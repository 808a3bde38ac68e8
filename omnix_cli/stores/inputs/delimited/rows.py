"""Rows of CSV: polars parses all lines that are plainly right; the others are parsed one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, RawChunk
from omnix_cli.steps.imports.column_names import normalised, usual_columns
from omnix_cli.steps.imports.texts import all_digits
from omnix_cli.stores.inputs.delimited import header, notes
from omnix_cli.stores.inputs.delimited.fields import (
    has_spaced_quotes,
    wanted_names,
    with_doubled_quotes,
    without_spaces,
)
from omnix_cli.stores.inputs.delimited.notes import Notes
from omnix_cli.stores.inputs.delimited.records import LONGEST_RECORD_LINES, Parsed, Records, RepeatedHeader
from omnix_cli.stores.inputs.formats import InputFile
from omnix_cli.stores.inputs.line_blocks import LineBlocks, RejectedLine, as_frame, count_sign

_COMPARED_LINES = 20
"""Lines above the header are compared with so many below it."""
_BLANKS = [sign * length for sign in " \t\xa0" for length in range(9)]
"""What the first field of an empty row holds."""


def rows(file: InputFile) -> CsvRows:
    """The rows of a file."""
    return CsvRows(file.content, file.name, file.mapping, file.findings)


class _Lines(NamedTuple):
    """Where the lines of a block begin and end, and how many separators outside quotes each of them has."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    separators: npt.NDArray[np.int32]


class CsvRows:
    """The rows of one CSV file, in chunks. Line numbers count from 1, the header included."""

    def __init__(self, blocks: LineBlocks, name: str, mapping: ColumnMapping, findings: dict[str, str]) -> None:
        self._blocks = blocks
        self._findings = findings
        self._notes = Notes(findings)
        self._name = name
        self._mapping = mapping
        self._wanted = wanted_names(mapping)[1]
        self._usual = frozenset(map(normalised, usual_columns(mapping.kind)))
        self._waiting = b""
        """The lines of a record that continues in the next block."""
        self.separator = ""
        self.columns: list[str] = []
        self._has_spaced_quotes = False
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
                found = header.find(block, self._mapping, file=self._name)
                if found is None:
                    continue
                above = self._read_header(found, block, first)
                cut = found.end
                if above.rows.height:
                    yield RawChunk(self._named(above.rows, self.columns), as_frame([]))
                block, start = block[cut:], first + count_sign(block[:cut], "\n")
            yield from self._chunks(self._with_usual_quotes(block), start, rejected, final=False)
        if not self.columns:
            raise DataError(f"{self._name}: the file is empty", hint="It needs a header with the names of the columns.")
        if self._waiting:
            yield from self._chunks(b"", end, [], final=True)
        if broken := self._notes.close():
            yield RawChunk(self._named(self._records.frame([], (), ()), self.columns), as_frame(broken))

    def _read_header(self, found: header.Header, block: bytes, first: int) -> Parsed:
        """Sets the columns; returns the rows above the header, as sorting the lines of a file makes."""
        self.separator = found.separator
        self._set_columns(found.names, header.ghost_fields(found.names, block[found.end :], found.separator))
        self._findings["separator"] = "tab" if self.separator == "\t" else self.separator
        if repeated := header.repeated(found.names):
            self._findings["repeated columns"] = ", ".join(repeated)
        below = [line.decode() for line in block[found.end :].split(b"\n", _COMPARED_LINES)[:_COMPARED_LINES]]
        self._has_spaced_quotes = has_spaced_quotes(below, self.separator)
        rows = [line for line in found.above if self._records.is_like_a_row(line.text, below)]
        for line in found.above:
            if line not in rows:
                self._notes.add(notes.ABOVE, line.text)
        numbers = [first + count_sign(block[: line.start], "\n") for line in rows]
        return self._records.parsed([line.text for line in rows], numbers, self._notes)

    def _with_usual_quotes(self, block: bytes) -> bytes:
        if self._has_spaced_quotes:
            block = without_spaces(block, self.separator)
        return with_doubled_quotes(block, self.separator)

    def _set_columns(self, names: Sequence[str], ghosts: int) -> None:
        """These columns from now on, with fields behind them that the header has no names for."""
        if ghosts:
            self._findings["trailing separators"] = "on most lines"
        self.columns = header.columns_of([*names, *[""] * ghosts], self.columns)
        self._unnamed = self.columns[len(names) :]
        self._records = Records(self.separator, self.columns, self._unnamed, self._wanted, self._usual)
        spellings = header.spellings(
            {*self.columns, *self._mapping.input_columns(), *usual_columns(self._mapping.kind)}
        )
        self._labels = pl.Series([*spellings, *notes.RULES], dtype=pl.String).unique().implode()
        self._has_digits_for_names = any(name.isdigit() for name in spellings)

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
            self._notes.add(notes.CHANGED, f"line {other[0]}")
            cut = _end_of_line(block, other[0] - first)
            block, first = block[cut:], other[0] + 1
            names = header.cleaned(other[1])
            self._set_columns(names, header.ghost_fields(names, block, self.separator))

    def _parsed(self, block: bytes, first: int, *, final: bool) -> Parsed:
        if (rows := self._plain(block, first)) is not None:
            return Parsed(rows, [], [])
        return self._mostly_plain(block, first) or self._one_by_one(block, first, final=final)

    def _sorted_out(
        self, parsed: Parsed, other: RepeatedHeader | None
    ) -> tuple[pl.DataFrame, list[RepeatedHeader], list[RejectedLine]]:
        """The rows without those that are no rows though they have all fields, the headers that come again, and the
        broken lines."""
        rows, rejected, headers = parsed
        if self._unnamed:
            filled = rows.select(pl.any_horizontal(pl.col(self._unnamed) != "")).to_series()
            if filled.any():
                broken = rows.filter(filled).drop(ITEM).iter_rows()
                rejected = [
                    *rejected,
                    *(notes.rejected(row[-1], self.separator.join(row[:-1]), row[:-1]) for row in broken),
                ]
                rows = rows.filter(~filled)
        if self._has_digits_for_names or not all_digits(rows[self.columns[0]]):
            rows = self._without_labels(rows, headers)
        headers.sort()
        all_headers = [*headers, *([other] if other else [])]
        self._notes.add(notes.HEADER, f"line {all_headers[0][0]}" if all_headers else "", len(all_headers))
        numbers = rows[ROW_NUMBER].to_numpy()
        return rows, headers, self._notes.sorted_out(rejected, numbers, [number for number, _ in all_headers])

    def _without_labels(self, rows: pl.DataFrame, headers: list[RepeatedHeader]) -> pl.DataFrame:
        """The rows without empty ones, comments, and headers that come again; these are added to the others."""
        first = rows[self.columns[0]]
        labels = first.is_in(self._labels)
        joined = first.str.join("").item()
        for sign in notes.COMMENT_SIGNS:
            if sign in joined:
                labels |= first.str.starts_with(sign)
        if (no_row := self._empty(rows, first)) is not None:
            self._notes.add(notes.EMPTY, number=int(no_row.sum()))
        if labels.any():
            dropped = pl.Series([self._is_label(row, headers) for row in rows.filter(labels).iter_rows()])
            labels = labels.scatter(labels.arg_true(), dropped)
            no_row = labels if no_row is None else no_row | labels
        return rows if no_row is None else rows.filter(~no_row)

    def _empty(self, rows: pl.DataFrame, first: pl.Series) -> pl.Series | None:
        """Which rows have no text at all; None if none is so."""
        blank = first.is_in(_BLANKS)
        if not blank.any():
            return None
        fields = pl.col(self.columns).str.strip_chars() == ""
        empty = rows.filter(blank).select(pl.all_horizontal(fields)).to_series()
        return blank.scatter(blank.arg_true(), empty) if empty.any() else None

    def _is_label(self, row: tuple[object, ...], headers: list[RepeatedHeader]) -> bool:
        """Whether a row is a header that comes again, which is added to the others, or a comment."""
        *fields, number, _ = (str(field) if place < len(self.columns) else field for place, field in enumerate(row))
        names = [str(field) for field in fields]
        if header.repeats(names, self.columns, self._wanted, self._usual):
            headers.append((int(str(number)), names))
            return True
        text = self.separator.join(names)
        if is_comment := notes.is_comment_row(text):
            self._notes.add(notes.COMMENT, text)
        return is_comment

    def _by_columns(self, rows: pl.DataFrame, headers: list[RepeatedHeader]) -> Iterator[pl.DataFrame]:
        """The rows under each header, in the columns that it names."""
        parsed = self.columns
        for number, fields in headers:
            named = header.cleaned(fields)[: len(fields) - len(self._unnamed)]
            if header.columns_of([*named, *[""] * len(self._unnamed)], self.columns) == self.columns:
                continue
            self._notes.add(notes.CHANGED, f"line {number}")
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

    def _mostly_plain(self, block: bytes, first: int) -> Parsed | None:
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
        more = self._records.parsed(texts, [int(number) for number in numbers[others]], self._notes)
        return more._replace(rows=pl.concat([rows, more.rows]).sort(ROW_NUMBER, ITEM))

    def _parse(self, lines: bytes, numbers: pl.Series) -> pl.DataFrame | None:
        """The lines as a frame of texts; None if polars does not find one row on each of them."""
        if not lines:
            return self._records.frame([], (), ())
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

    def _one_by_one(self, block: bytes, first: int, *, final: bool) -> Parsed:
        """Parses record by record; an unfinished record at the end of the block waits for the next one. Of a record
        that swallows rows, the first and the last line are broken, and those in between are read."""
        lines = block.decode().split("\n")[:-1]
        texts, numbers, strays, at = [], [], dict[int, str](), 0
        while at < len(lines):
            record = self._records.record_lines(lines, at)
            if record.lines == 0 and not final and len(lines) - at < LONGEST_RECORD_LINES:
                self._waiting = ("\n".join(lines[at:]) + "\n").encode()
                break
            if record.swallows:
                last = at + record.lines - 1
                strays |= {first + at: lines[at], first + last: lines[last]}
                self._notes.add(notes.STRAYS, f"lines {first + at} to {first + last}")
            size = 1 if record.swallows else max(record.lines, 1)
            if first + at not in strays:
                texts.append("\n".join(lines[at : at + size]).rstrip("\r"))
                numbers.append(first + at)
            at += size
        parsed = self._records.parsed(texts, numbers, self._notes)
        broken = [RejectedLine(number, "broken quotes", text) for number, text in strays.items()]
        return parsed._replace(rejected=[*parsed.rejected, *broken])


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


def _above(parsed: Parsed, number: int) -> Parsed:
    """What is above a line."""
    return Parsed(
        parsed.rows.filter(pl.col(ROW_NUMBER) < number),
        [line for line in parsed.rejected if line.number < number],
        [each for each in parsed.headers if each[0] < number],
    )


def _end_of_line(block: bytes, line: int) -> int:
    """How many bytes of the block its lines up to this one (from 0) have."""
    return int(np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))[line]) + 1
