from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.stores.inputs.containers.workbooks import header_row
from omnix_cli.stores.inputs.sources import FileSources
from tests.unit.stores.inputs.finding import found

HEAD = ["customer_id", "product_id", "purchased_at", "quantity"]


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sales.xlsx"


def rows_of(path: Path, **how: Any) -> list[tuple[Any, ...]]:
    (rows,) = found(FileSources(), path, **how).values()
    return rows.rows()


def test_cells_are_read_as_they_are_written(path: Path) -> None:
    workbook(
        path,
        Sheet=[
            HEAD,
            ["007", 85123, datetime(2024, 3, 1, 10, 5), 2],
            [17850.0, "A-9", date(2024, 3, 2), 0.345],
            [True, "=x", "03/04/2024", -1],
            [123456789012345, '5" pipe', "x\ny", 1e-7],
        ],
    )
    assert rows_of(path)[0] == ("007", "85123", "2024-03-01 10:05:00", "2")
    assert rows_of(path)[1] == ("17850", "A-9", "2024-03-02", "0.345")
    assert rows_of(path)[2][0::2] == ("true", "03/04/2024")
    assert rows_of(path)[3] == ("123456789012345", '5" pipe', "x y", "0.0000001")


def test_codes_keep_the_zeros_of_their_format(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    for row, (value, shape) in enumerate([(123, "0000000"), (9, '"00000"'), (12, "0.00"), (7, "General")], start=2):
        book.active.cell(row, 1, value).number_format = shape
        book.active.cell(row, 2, "p")
    book.save(path)
    assert [row[0] for row in rows_of(path)] == ["0000123", "00009", "12", "7"]


def test_types_are_not_fixed_by_the_first_rows(path: Path) -> None:
    workbook(path, Sheet=[HEAD, *([number, 1, 1, 1] for number in range(1500)), ["A-9", "007", 1, 1]])
    rows = rows_of(path)
    assert len(rows) == 1501
    assert rows[-1] == ("A-9", "007", "1", "1")


def test_titles_empty_rows_and_empty_columns(path: Path) -> None:
    workbook(
        path,
        Sheet=[
            ["Sales of March"],
            [],
            [*HEAD, None, None],
            ["c1", "p", "d", 1],
            [],
            [None] * 9,
            ["c2", "p", "d", None],
        ],
    )
    sources = FileSources()
    (rows,) = found(sources, path).values()
    assert rows["customer_id"].to_list() == ["c1", "c2"]
    assert rows["quantity"].to_list() == ["1", ""]


def test_rows_have_the_numbers_of_the_sheet(path: Path) -> None:
    from omnix_cli.mappings import ColumnMapping
    from omnix_cli.protocols.inputs import ROW_NUMBER

    workbook(path, Sheet=[["Title"], [], HEAD, ["c1", "two\nlines", "d", 1], [], ["c2", "p", "d", 1]])
    how = ColumnMapping(kind="purchases", separator=";", encoding="cp1252")
    sources = FileSources()
    (name,) = sources.find([str(path)], how)
    with sources.open(name, how) as source:
        (chunk,) = source.chunks()
    assert chunk.rows[ROW_NUMBER].to_list() == [4, 6]


def test_the_first_sheet_one_or_all(path: Path) -> None:
    row = ["p", "d", 1]
    workbook(path, First=[HEAD, ["c1", *row]], Second=[HEAD, ["c2", *row]])

    def read(**how: Any) -> dict[str, list[str]]:
        return {
            name.removeprefix(str(path)): rows["customer_id"].to_list()
            for name, rows in found(FileSources(), path, **how).items()
        }

    assert read() == {"": ["c1"]}
    assert read(sheet="Second") == {"": ["c2"]}
    assert read(sheet="*") == {"/First": ["c1"], "/Second": ["c2"]}
    with pytest.raises(ConfigError, match="no sheet 'Third'") as error:
        read(sheet="Third")
    assert "First, Second" in str(error.value.hint)


def test_a_cover_is_not_the_sheet_that_is_read(path: Path) -> None:
    workbook(path, Cover=[["Report"], ["March 2024"]], Empty=[], Data=[HEAD, ["c1", "p", "2024-03-01", 1]])
    sources = FileSources()
    assert [rows["customer_id"].to_list() for rows in found(sources, path).values()] == [["c1"]]
    with sources.open(str(path), ColumnMapping(kind="purchases")) as source:
        assert source.findings["sheet"] == "Data"
        assert source.findings["other sheets"] == "Cover, Empty"


def test_formulas_without_values_are_told(path: Path) -> None:
    workbook(path, Sheet=[HEAD, ["c1", "p", "2024-03-01", "=1+1"], ["c2", "p", "2024-03-01", "=SUM(A1:A2)"]])
    sources = FileSources()
    (name,) = sources.find([str(path)])
    with sources.open(name, ColumnMapping(kind="purchases")) as source:
        assert pl.concat(chunk.rows for chunk in source.chunks())["quantity"].to_list() == ["", ""]
        assert source.findings["formulas without values"].startswith("2 cells, read as empty")


def test_a_formula_has_the_value_that_was_computed(path: Path) -> None:
    workbook(path, Sheet=[HEAD, ["c1", "p", "2024-03-01", "=1+1"]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    members["xl/worksheets/sheet1.xml"] = re.sub(rb"</f><v\s*/>|</f><v></v>", b"</f><v>2</v>", sheet)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    sources = FileSources()
    (name,) = sources.find([str(path)])
    with sources.open(name, ColumnMapping(kind="purchases")) as source:
        assert pl.concat(chunk.rows for chunk in source.chunks())["quantity"].to_list() == ["2"]
        assert "formulas without values" not in source.findings


@pytest.mark.parametrize("number", [12345678901234570.0, 7.6561198e17])
def test_a_number_that_lost_digits_does_not_look_like_an_id(path: Path, number: float) -> None:
    workbook(path, Sheet=[HEAD, [number, "p", "2024-03-01", 1]])
    (row,) = rows_of(path)
    assert "E+1" in row[0]
    assert float(row[0]) == number


def test_only_workbooks_have_sheets(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("customer_id\nc1\n")
    with pytest.raises(ConfigError, match="only Excel workbooks have sheets"):
        FileSources().find([str(tmp_path / "a.csv")], ColumnMapping(kind="purchases", sheet="May"))
    assert FileSources().find([str(tmp_path / "a.csv")], ColumnMapping(kind="purchases", sheet="*"))


def test_sheets_differ_in_their_fingerprints(path: Path) -> None:
    workbook(path, A=[HEAD, [1, 1, 1, 1]], B=[HEAD, [1, 1, 1, 1]])
    from omnix_cli.mappings import ColumnMapping

    sources = FileSources()
    names = sources.find([str(path)], ColumnMapping(kind="purchases", sheet="*"))
    assert len({sources.fingerprint(name) for name in names}) == 2


def test_a_workbook_without_its_suffix_and_in_a_folder(tmp_path: Path) -> None:
    workbook(tmp_path / "A.XLSX", S=[HEAD, ["c1", 1, 1, 1]])
    workbook(tmp_path / "b.xlsx", S=[HEAD, ["c2", 1, 1, 1]]).rename(tmp_path / "b.dat")
    assert len(found(FileSources(), tmp_path)) == 2


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "old Excel workbook"),
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "x"}, "OpenDocument"),
        ({"xl/workbook.bin": "x"}, "binary Excel"),
        ({"xl/workbook.xml": "x"}, "damaged"),
    ],
)
def test_other_spreadsheets_say_what_to_do(path: Path, content: bytes | dict[str, str], word: str) -> None:
    if isinstance(content, dict):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)
        content = file.getvalue()
    path.write_bytes(content)
    with pytest.raises(DataError, match=word) as error:
        FileSources().find([str(path)])
    assert error.value.hint


def test_an_empty_sheet_is_an_empty_file(path: Path) -> None:
    workbook(path, Sheet=[])
    with pytest.raises(DataError, match="empty"):
        found(FileSources(), path)


@pytest.mark.parametrize(("filled", "row"), [([4, 4], 0), ([1, 0, 6, 6], 2), ([], 0), ([0, 1, 1], 1), ([2, 5, 8], 1)])
def test_the_header_is_the_first_row_that_fills_the_table(filled: list[int], row: int) -> None:
    assert header_row(filled) == row
