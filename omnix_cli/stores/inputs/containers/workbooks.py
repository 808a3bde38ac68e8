"""Excel workbooks: each sheet is read as the texts that it shows, and handed on as CSV."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tempfile
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any

from omnix_cli.errors import ConfigError, DataError, OmnixError
from omnix_cli.stores.inputs.byte_streams import input_errors, seekable
from omnix_cli.stores.inputs.parts import Part, load

ALL_SHEETS = "*"
OLE_MAGIC = b"\xd0\xcf\x11\xe0"
"""The beginning of an old Excel workbook, and of one that is encrypted."""

_HEADER_ROWS = 100
"""The header is looked for in so many rows."""
_MOST_TEXT = 1 << 30
"""Bytes of the texts of a workbook, which are kept in memory while it is read."""
_EXACT, _PRINTED = 1 << 53, 10**21
"""Whole numbers from the first one on have lost digits; from the second one on, nobody takes them for ids."""
_NO_VALUE = re.compile(rb"(?:</f>|<f [^>]*/>)\s*(?:<v>\s*</v>|<v\s*/>)?\s*</c>")
_LONGEST_CELL = 1 << 20
_ZEROS = re.compile(r'(?:\[[^\]]*\])*("?)(0+)\1')


def is_workbook(name: str, open_file: Callable[[], IO[bytes]]) -> bool:
    """Whether a zip archive is an Excel workbook. Raises `DataError` for other kinds of spreadsheets."""
    with open_file() as file, seekable(file) as content, zipfile.ZipFile(content) as archive:
        members = set(archive.namelist())
        is_open = "mimetype" in members and archive.getinfo("mimetype").file_size < 100
        other = "OpenDocument" if is_open and b"opendocument.spreadsheet" in archive.read("mimetype") else None
        other = "binary Excel" if "xl/workbook.bin" in members else other
    if other is not None:
        raise DataError(f"{name}: a spreadsheet of the {other} format", hint="Save it as .xlsx or .csv.")
    return "xl/workbook.xml" in members


def sheets(name: str, open_file: Callable[[], IO[bytes]], sheet: str | None, sha256: Callable[[], str]) -> list[Part]:
    """The first sheet of a workbook that has more than a cover, the one with this name, or all of them for `*`."""
    with input_errors(name), _workbook(name, open_file) as workbook:
        titles = [one.title for one in workbook.worksheets if one.sheet_state == "visible"]
        titles = titles or [one.title for one in workbook.worksheets]
        every = [one.title for one in workbook.worksheets]
        tables = [title for title in titles if sheet is None and _may_be_table(workbook[title])] or titles
    if sheet not in (None, ALL_SHEETS, *every):
        raise ConfigError(f"{name}: there is no sheet {sheet!r}", hint=f"The sheets are {', '.join(every)}.")
    chosen = titles if sheet == ALL_SHEETS else [sheet or tables[0]]
    others = [title for title in titles if title not in chosen]

    def part(title: str) -> Part:
        found = {"format": "Excel", "sheet": title}
        if others and sheet is None:
            found["other sheets"] = ", ".join(others)
        return Part(
            name if len(titles) == 1 or sheet != ALL_SHEETS else f"{name}/{title}",
            lambda: _as_csv(name, open_file, title, found),
            lambda: hashlib.sha256(f"{sha256()} {title}".encode()).hexdigest(),
            found,
            {"encoding": "utf-8", "separator": ","},
        )

    return [part(title) for title in chosen]


@contextmanager
def _workbook(name: str, open_file: Callable[[], IO[bytes]]) -> Iterator[Any]:
    (openpyxl,) = load("excel", "openpyxl")
    with open_file() as file, seekable(file) as content:
        with zipfile.ZipFile(content) as archive:
            texts = sum(one.file_size for one in archive.infolist() if one.filename == "xl/sharedStrings.xml")
        if texts > _MOST_TEXT:
            raise DataError(
                f"{name}: the workbook has {texts:,} bytes of text", hint="Save the sheet as .csv, and import that."
            )
        content.seek(0)
        try:
            workbook = openpyxl.load_workbook(content, read_only=True, data_only=True, keep_links=False)
            yield workbook
            workbook.close()
        except (OmnixError, OSError, zipfile.BadZipFile, EOFError, zlib.error):
            raise
        except Exception as error:  # openpyxl checks little: what a damaged workbook raises may be anything
            hint = "Open it, save it again as .xlsx, and import that."
            raise DataError(f"{name}: the workbook is damaged: {error!r:.200}", hint=hint) from error


@contextmanager
def _as_csv(name: str, open_file: Callable[[], IO[bytes]], title: str, findings: dict[str, str]) -> Iterator[IO[bytes]]:
    """A sheet as CSV, one line a row, so that a line has the number of its row. Adds to the findings."""
    with tempfile.TemporaryFile() as ragged, tempfile.TemporaryFile() as even:
        widths = array("H")
        with input_errors(name), _workbook(name, open_file) as workbook:
            sheet = workbook[title]
            sheet.reset_dimensions()  # what a file says of its size is often wrong
            if formulas := _formulas_without_values(sheet):
                findings["formulas without values"] = f"{formulas:,} cells, read as empty: save the file with Excel"
            text = io.TextIOWrapper(ragged, "utf-8", newline="")
            writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
            head: list[int] = []
            for row in sheet.iter_rows():
                cells = [_text(cell) for cell in row]
                while cells and not cells[-1]:
                    cells.pop()
                widths.append(len(cells))
                if len(widths) <= _HEADER_ROWS:
                    head.append(sum(1 for cell in cells if cell))
                writer.writerow(cells)
            text.detach().flush()
        ragged.seek(0)
        _even(ragged, widths, header_row(head), even)
        even.seek(0)
        yield even


def _formulas_without_values(sheet: Any) -> int:
    """How many cells have a formula whose value the program that wrote the file did not compute."""
    with sheet.parent._archive.open(sheet._worksheet_path) as stream:  # openpyxl tells either formulas or values
        found, rest = 0, b""
        while block := stream.read(1 << 20):
            whole, end, rest = (rest[-_LONGEST_CELL:] + block).rpartition(b"</c>")
            found += len(_NO_VALUE.findall(whole + end))
    return found


def _even(ragged: IO[bytes], widths: array[int], header: int, even: IO[bytes]) -> None:
    """Copies the lines, all as wide as the widest; those above the header and those without cells are left blank."""
    widest = max(widths, default=0)
    for number, (line, width) in enumerate(zip(ragged, widths, strict=True)):
        if number < header or width == 0:
            even.write(b"\n")
        else:
            even.write(line.rstrip(b"\n") + b',""' * (widest - width) + b"\n")


def header_row(filled: Iterable[int]) -> int:
    """The place of the header among the first rows, by their numbers of filled cells: the first row that has most of
    the cells that any of them has. Titles above it fill few."""
    counts = list(filled)
    enough = 0.6 * max(counts, default=0)
    return next((place for place, count in enumerate(counts) if count and count >= enough), 0)


def _text(cell: Any) -> str:
    """What a cell holds as text: a number as it was written, with the zeros in front that its format adds."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return " ".join(value.splitlines()) if "\n" in value or "\r" in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _may_be_table(sheet: Any) -> bool:
    """Whether one of the first rows has more than one cell."""
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=_HEADER_ROWS, values_only=True)
    return any(sum(value is not None for value in row) > 1 for row in rows)


def _number(value: float, number_format: str | None) -> str:
    if isinstance(value, float) and _EXACT <= abs(value) < _PRINTED:
        return f"{Decimal(repr(value)):E}"  # a spreadsheet has rounded it: as an amount it may do, as an id it must not
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1 << 53)
    text = str(int(value)) if whole else format_plainly(value)
    zeros = _ZEROS.fullmatch(number_format or "")
    return text.zfill(len(zeros[2])) if zeros and whole and value >= 0 else text


def format_plainly(value: float) -> str:
    """A number without an exponent, in the fewest digits that give it again."""
    text = repr(value)
    if "e" not in text:
        return text
    return format(Decimal(text), "f")
