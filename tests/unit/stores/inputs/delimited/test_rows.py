from __future__ import annotations

import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.stores.inputs.delimited.rows import CsvRows
from omnix_cli.stores.inputs.line_blocks import LineBlocks
from tests.unit.stores.inputs.contents import read, values


def test_a_plain_csv() -> None:
    rows, rejected, findings = read(b"a,b\n1,2\n3,\n")
    assert rows.columns == ["a", "b", ROW_NUMBER, ITEM]
    assert values(rows) == [("1", "2"), ("3", "")]
    assert rows[ROW_NUMBER].to_list() == [2, 3]
    assert rejected == []
    assert findings == {"format": "CSV", "encoding": "utf-8", "separator": ","}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(separator: str) -> None:
    content = '"x,;|\ty"S"b"\n1S2\n'.replace("S", separator).encode()
    assert values(read(content)[0]) == [("1", "2")]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_line_ends_and_blank_lines(ending: bytes) -> None:
    rows, rejected, _ = read(ending.join([b"", b"a,b", b"1,2", b"", b"3,4"]))
    assert values(rows) == [("1", "2"), ("3", "4")]
    assert rows[ROW_NUMBER].to_list() == [3, 5]
    assert rejected == []


def test_lines_with_another_number_of_fields_are_rejected_not_filled_up() -> None:
    rows, rejected, _ = read(b"a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n")
    assert values(rows) == [("1", "2", "3"), ("10", "11", "12")]
    assert rows[ROW_NUMBER].to_list() == [2, 5]
    assert rejected == [(3, "wrong number of fields"), (4, "wrong number of fields")]


def test_a_short_and_a_long_line_do_not_make_up_for_each_other() -> None:
    rows, rejected, _ = read(b"a,b\n1\n2,3,4\n5,6\n")
    assert values(rows) == [("5", "6")]
    assert [number for number, _ in rejected] == [2, 3]


def test_quoted_fields() -> None:
    rows, rejected, _ = read(b'a,b\n"x, y",2\n"say ""hi""",3\n"two\nlines",4\n5,"6"\n')
    assert values(rows) == [("x, y", "2"), ('say "hi"', "3"), ("two\nlines", "4"), ("5", "6")]
    assert rows[ROW_NUMBER].to_list() == [2, 3, 4, 6]
    assert rejected == []


def test_a_quote_left_open_costs_one_line_only() -> None:
    rows, rejected, _ = read(b'a,b\n1,2\n"3,4\n5,6\n7,8" pipe\n')
    assert values(rows) == [("1", "2"), ("5", "6"), ("7", '8" pipe')]
    assert rejected == [(3, "broken quotes")]


def test_a_record_may_go_over_the_end_of_a_block() -> None:
    content = b"a,b\n" + b"".join(b'"line %d\nmore",%d\n' % (number, number) for number in range(50))
    for block_bytes in (7, 64, 1000):
        blocks = LineBlocks(io.BytesIO(content), None, name="f", block_bytes=block_bytes)
        blocks_rows = pl.concat(chunk.rows for chunk in CsvRows(blocks, "f", ColumnMapping(kind="purchases"), {}))
        assert blocks_rows["a"].to_list() == [f"line {number}\nmore" for number in range(50)]
        assert blocks_rows[ROW_NUMBER].to_list() == [2 + 2 * number for number in range(50)]


def test_repeated_and_empty_column_names_stay_apart() -> None:
    assert read(b"a,a,,a_2\n1,2,3,4\n")[0].columns[:4] == ["a (1 of 2)", "a (2 of 2)", "column_3", "a_2"]
    twice = read(b"a,a,a (1 of 2)\n1,2,3\n")[0].columns[:3]
    assert len(set(twice)) == 3


def test_fields_behind_trailing_separators_are_broken_rows() -> None:
    rows, rejected, _ = read(b"a,b\n1,2,\n3,4,\n5,6,7\n,,7\n")
    assert values(rows) == [("1", "2"), ("3", "4")]
    assert rejected == [(4, "wrong number of fields"), (5, "wrong number of fields")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'a,b\n"x" , "y, z"\n', [("x", "y, z")]),
        (b'a,b\n1,"x \\"y, z\\""\n2,"u"\n', [("1", 'x "y, z"'), ("2", "u")]),
    ],
)
def test_quotes_of_other_dialects(content: bytes, expected: list[tuple[str, str]]) -> None:
    assert values(read(content)[0]) == expected


def test_a_title_over_several_cells_is_no_row() -> None:
    header = b"customer_id,product_id,purchased_at,quantity\n"
    title = b"From,2024-03-01,to,2024-03-31\n"
    rows, rejected, findings = read(title + header + b"C1,m,2024-03-02,1\n")
    assert rows.height == 1
    assert rejected == []
    assert findings["lines above the header"] == "1 (From,2024-03-01,to,2024-03-31)"
    sorted_lines = b"C0,m,2024-03-02,1\n" + header + b"C1,m,2024-03-02,1\n"
    assert read(sorted_lines)[0].height == 2


BLANKS = [sign * length for sign in " \t\xa0" for length in range(9)]
SIGNS = "\x1c\x1d\x1e\x1f"  # blanks for Python, but not for polars
MARKS = "#-/=_"  # of comments and drawn lines
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters=f"\r\x00{SIGNS}{MARKS}")
FIELDS = st.text(alphabet=LETTERS, max_size=8)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(FIELDS, FIELDS, FIELDS), min_size=1, max_size=8), st.integers(1, 200))
def test_whatever_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str, str]], block_bytes: int) -> None:
    frame = pl.DataFrame(rows, schema=["a", "b", "c"], orient="row")
    content = frame.write_csv(quote_style="always").encode()
    blocks = LineBlocks(io.BytesIO(content), "utf-8", name="f", block_bytes=block_bytes)
    read_back = pl.concat(
        chunk.rows for chunk in CsvRows(blocks, "f", ColumnMapping(kind="purchases", separator=","), {})
    )
    assert values(read_back) == [
        row for row in rows if any(field.strip() for field in row) or row[0] not in BLANKS
    ]  # empty rows are left out


def test_a_later_header_with_other_names_is_read_by_them() -> None:
    first = b"customer_id,product_id,purchased_at,quantity,total_price\nc1,m,2024-03-01,2,3.00\n"
    later = b"Client,SKU,Date,Total,Qty\nc2,t,2024-03-02,4.50,1\n"
    rows, rejected, findings = read(first + later)
    assert rejected == []
    assert rows.filter(pl.col("Client") == "c2").select("Total", "Qty").rows() == [("4.50", "1")]
    assert findings["headers with other columns"] == "1 (line 3)"
