from __future__ import annotations

import pytest

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.delimited.header import columns_of, repeats, spellings
from tests.unit.stores.inputs.contents import read, values

HEADER = "customer_id,product_id,order_id,purchased_at,quantity,total_price"
OTHER = "product_id,customer_id,purchased_at,order_id,total_price,quantity"
ROWS = [f"C{number},milk,O-{number},2020-03-01,{number},{number}.50" for number in range(1, 4)]
SWAPPED = [f"tea,C{number},2020-03-02,O-{number},{number}.50,{number}" for number in range(7, 9)]
LOWER_ROWS = [f"C{number},milk,O-{number},2020-03-01,{number},{number}.50" for number in range(7, 9)]


def content(*lines: str, mark: str = "") -> bytes:
    return (mark + "\n".join(lines) + "\n").encode()


@pytest.mark.parametrize(
    "again",
    [
        HEADER,
        HEADER.upper(),
        HEADER.replace("_", " ").title(),
        HEADER.replace(",", " , "),
        "\ufeff" + HEADER,
        ",".join(f'"{name}"' for name in HEADER.split(",")),
        HEADER + ",",
    ],
)
def test_a_header_that_comes_again_is_no_row(again: str) -> None:
    rows, rejected, findings = read(content(HEADER, *ROWS, again, *LOWER_ROWS, again))
    assert rows["customer_id"].to_list() == ["C1", "C2", "C3", "C7", "C8"]
    assert rows["_row_number"].to_list() == [2, 3, 4, 6, 7]
    assert rejected == []
    assert findings["repeated headers"] == "2 (line 5)"
    assert "headers with other columns" not in findings


def test_a_header_whose_names_are_numbers_comes_again() -> None:
    header = "2020,customer_id,product_id,purchased_at,quantity"
    row = "7,C1,milk,2020-03-01,1"
    rows, _, findings = read(content(header, row, header, row))
    assert rows["2020"].to_list() == ["7", "7"]
    assert findings["repeated headers"] == "1 (line 3)"


@pytest.mark.parametrize("again", [OTHER, OTHER.upper(), "\ufeff" + OTHER, OTHER.replace("_", " ")])
def test_rows_are_read_by_the_header_above_them(again: str) -> None:
    rows, rejected, findings = read(content(HEADER, *ROWS, again, *SWAPPED, HEADER, ROWS[0], mark="\ufeff"))
    assert rows["quantity"].to_list() == ["1", "2", "3", "7", "8", "1"]
    assert rows["total_price"].to_list() == ["1.50", "2.50", "3.50", "7.50", "8.50", "1.50"]
    assert rows["product_id"].to_list() == ["milk"] * 3 + ["tea"] * 2 + ["milk"]
    assert rejected == []
    assert findings["headers with other columns"] == "2 (line 5)"


def test_a_header_with_more_columns_or_fewer() -> None:
    more = [f"{number},{line}" for number, line in enumerate(ROWS)]
    rows, rejected, _ = read(
        content(HEADER, ROWS[0], "shop," + HEADER, *more, HEADER.rpartition(",")[0], "C9,tea,O-9,2020-03-01,4")
    )
    assert rejected == []
    assert rows["shop"].to_list() == [None, "0", "1", "2", None]
    assert rows["total_price"].to_list() == ["1.50", "1.50", "2.50", "3.50", None]
    assert rows["_row_number"].to_list() == [2, 4, 5, 6, 8]


@pytest.mark.parametrize("seam", ["", "\ufeff"])
def test_a_file_appended_to_one_without_a_last_line_end(seam: str) -> None:
    rows, rejected, _ = read(content(HEADER, *ROWS)[:-1] + content(OTHER, *SWAPPED, mark=seam))
    assert rejected == []
    assert rows["total_price"].to_list() == ["1.50", "2.50", "3.50", "7.50", "8.50"]
    assert rows["quantity"].to_list() == ["1", "2", "3", "7", "8"]


def test_a_header_alone_once_or_again() -> None:
    for lines in ([HEADER], [HEADER, HEADER], [HEADER, OTHER]):
        rows, rejected, _ = read(content(*lines))
        assert (rows.height, rejected) == (0, [])
        assert "customer_id" in rows.columns


def test_rows_above_the_header_are_rows() -> None:
    rows, rejected, _ = read(content(*ROWS[:2], HEADER, ROWS[2]))
    assert rows["customer_id"].to_list() == ["C1", "C2", "C3"]
    assert rows["_row_number"].to_list() == [1, 2, 4]
    assert rejected == []


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;;"])
def test_a_declared_separator(first: str) -> None:
    assert values(read(content(first, "a,x;b", "1,5;2"))[0]) == [("1,5", "2")]


def test_the_separator_is_that_of_the_header_not_of_a_title() -> None:
    lines = ["Report; March; all, shops", HEADER.replace(",", "\t"), *(line.replace(",", "\t") for line in ROWS)]
    rows, rejected, findings = read(content(*lines))
    assert rows.height == 3
    assert rejected == []
    assert findings["separator"] == "tab"


def test_a_title_above_columns_of_unknown_names() -> None:
    rows, _, findings = read(b"Our shop\n\nclient;sold\n1;2\n3;4\n")
    assert values(rows) == [("1", "2"), ("3", "4")]
    assert findings["lines above the header"] == "1 (Our shop)"


@pytest.mark.parametrize(("header", "end"), [("a,b", ","), ("a,b,", ","), ("a,b,", ""), ("a,b", ",,,")])
def test_separators_at_the_end_of_lines(header: str, end: str) -> None:
    rows, rejected, _ = read(content(header, "1,2" + end, "3,4" + end))
    assert rows.select("a", "b").rows() == [("1", "2"), ("3", "4")]
    assert rejected == []


def test_separators_at_the_end_of_some_lines() -> None:
    rows, rejected, _ = read(content("a,b", "1,2", "3,4", "5,6,,", "7,8,x"))
    assert values(rows) == [("1", "2"), ("3", "4"), ("5", "6")]
    assert rejected == [(5, "wrong number of fields")]
    rows, rejected, _ = read(content("a,b", "1,2,", "3,4,", "5,6", "7,8,x"))
    assert values(rows) == [("1", "2"), ("3", "4"), ("5", "6")]
    assert rejected == [(5, "wrong number of fields")]


def test_a_header_in_quotes_over_lines() -> None:
    assert read(b'"customer\nid","product_id"\n1,2\n')[0].columns[:2] == ["customer\nid", "product_id"]
    with pytest.raises(DataError, match="broken quotes"):
        read(b'a,"b\n1,2\n')


def test_a_commented_header() -> None:
    assert read(b"#customer_id,product_id\n1,2\n")[0].columns[:2] == ["customer_id", "product_id"]


def test_what_a_repeated_header_is() -> None:
    assert repeats(["Customer ID", "shop", "quantity"], ["customer_id", "quantity"], frozenset())
    assert not repeats(["quantity", "C1", "O-1", "2020"], ["customer_id", "quantity"], frozenset())
    assert columns_of(["Quantity", ""], ["quantity"]) == ["quantity", "column_2"]
    assert "CUSTOMER ID" in spellings(["customer_id"])


@pytest.mark.parametrize(
    "written", ["customer_id", "Customer ID", "CustomerID", "customerId", "CUSTOMER-ID", "Customer Id", "#customer_id"]
)
@pytest.mark.parametrize("column", ["customer_id", "CustomerID", "Customer ID"])
def test_how_the_first_name_of_a_header_may_be_written(column: str, written: str) -> None:
    assert written in spellings([column])


def test_usual_names_make_a_header_unless_it_has_digits() -> None:
    usual = frozenset({"client", "sku", "order", "date"})
    assert repeats(["client", "SKU", "order", "x"], ["a", "b", "c", "d"], frozenset(), usual)
    assert not repeats(["client", "SKU", "order", "7"], ["a", "b", "c", "d"], frozenset(), usual)
    assert not repeats(["client", "milk", "red", "x"], ["a", "b", "c", "d"], frozenset(), usual)
