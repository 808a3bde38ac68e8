from __future__ import annotations

import pytest

from tests.unit.stores.inputs.contents import read, values

HEADER = "customer_id,product_id,order_id,purchased_at,quantity"


def row(number: int, product: str = "milk") -> str:
    return f"C{number},{product},O-{number},2020-03-01 10:00,{number}"


def content(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def test_titles_and_footers_are_left_out_and_told() -> None:
    lines = (
        "Sales report 2024",
        "",
        "Exported on 2024-03-01, by Ann",
        HEADER,
        row(1),
        row(2),
        "(2 rows)",
        "",
        "End of report",
    )
    rows, rejected, findings = read(content(*lines))
    assert rows["customer_id"].to_list() == ["C1", "C2"]
    assert rows["_row_number"].to_list() == [5, 6]
    assert rejected == []
    assert findings["lines above the header"] == "2 (Sales report 2024)"
    assert findings["lines below the rows"] == "2 ((2 rows))"


def test_a_title_above_a_second_header_is_left_out_too() -> None:
    rows, rejected, findings = read(content("Shop A", HEADER, row(1), "End of shop A", "Shop B", HEADER, row(2)))
    assert rows["customer_id"].to_list() == ["C1", "C2"]
    assert rejected == []
    assert findings["lines above the header"] == "3 (Shop A)"
    assert findings["repeated headers"] == "1 (line 6)"


@pytest.mark.parametrize("last", ["C9,milk", "C9", "C9;milk;O-9;2020-03-01 10:00;1"])
def test_a_row_that_was_cut_off_is_no_footer(last: str) -> None:
    assert read(content(HEADER, row(1), last))[1] == [(3, "wrong number of fields")]


def test_words_between_rows_are_a_broken_row() -> None:
    assert read(content(HEADER, row(1), "see page two", row(2)))[1] == [(3, "wrong number of fields")]


def test_many_lines_at_the_end_are_broken_rows_not_footers() -> None:
    assert len(read(content(HEADER, row(1), *["some words here"] * 30))[1]) == 30


def test_comments_and_drawn_lines_are_left_out() -> None:
    lines = (
        "# today",
        HEADER,
        "----,----,----,----,----",
        row(1),
        "# a note",
        "-- a, note",
        f"# {row(2)}",
        f"-- {row(3)}",
        row(4),
    )
    rows, rejected, findings = read(content(*lines))
    assert rows["customer_id"].to_list() == ["C1", "C4"]
    assert rejected == []
    assert findings["comment lines"] == "5 (# a note)"


def test_an_id_that_begins_with_a_sign_of_comments_is_an_id() -> None:
    rows, rejected, _ = read(content(HEADER, "#1001,milk,O-1,2020-03-01,1", "--,milk,O-2,2020-03-01,1", "#1002,milk"))
    assert rows["customer_id"].to_list() == ["#1001", "--"]
    assert rejected == [(4, "wrong number of fields")]


@pytest.mark.parametrize("empty", [",,,,", " ,,, ,", '"","","","",""', ",,", ",,,,,,,"])
def test_empty_rows_are_counted_and_not_bad(empty: str) -> None:
    rows, rejected, findings = read(content(HEADER, row(1), *[empty] * 1200, row(2)))
    assert rows["_row_number"].to_list() == [2, 1203]
    assert rejected == []
    assert findings["empty rows"] == "1,200"


def test_an_empty_first_field_is_no_empty_row() -> None:
    assert values(read(b"a,b\n,2\n,\n")[0]) == [("", "2")]


def test_a_sum_with_too_few_fields_is_a_total() -> None:
    rejected = read(content(HEADER, row(1), "Subtotal,-,57", row(2), "TOTAL:,57", "Gesamt;57", "C1 Total,,"))[1]
    assert rejected == [(number, "a total, not a row") for number in (3, 5, 6, 7)]
