"""Which rows of an import are new, known or corrected."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.services.importing.imports import import_files
from omnix_cli.stores.inputs.recipes import load_mapping
from tests.importing import HEADER, current_rows, imported, importer, line, write


def test_the_same_file_again_is_not_read_again(tmp_path: Path) -> None:
    work = importer(tmp_path)
    file = write(tmp_path / "in" / "a.csv", [line(1), line(2)])
    assert imported(work, file).accepted == 2
    key = work.ledger.view("purchases").key
    again = imported(work, file)
    assert (again.read, again.known, again.batch) == (2, 2, None)
    copy = tmp_path / "in" / "copy.csv"
    copy.write_bytes(file.read_bytes())
    assert imported(work, copy).known == 2
    assert work.ledger.view("purchases").key == key


def test_an_overlapping_file_adds_only_what_is_new_and_corrections_replace(tmp_path: Path) -> None:
    work = importer(tmp_path)
    imported(work, write(tmp_path / "a.csv", [line(1), line(2), line(3)]))
    report = imported(work, write(tmp_path / "b.csv", [line(2), line(3, price="9.00"), line(4)]))
    assert (report.accepted, report.known, report.corrected) == (2, 1, 1)
    rows = current_rows(work)
    assert rows.filter(order_id="3")["unit_price"].to_list() == [Decimal("9.00")]
    assert sorted(rows["order_id"]) == ["1", "2", "3", "4"]


def test_files_of_one_import_count_as_if_imported_one_by_one(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "1.csv", [line(1), line(2)]),
        write(tmp_path / "2.csv", [line(1), line(2, price="3.00")]),
        write(tmp_path / "3.csv", [line(2, price="3.00"), line(3)]),
    ]
    together, apart = importer(tmp_path / "together"), importer(tmp_path / "apart")
    report = imported(together, *files)
    for number, file in enumerate(files):
        single = imported(apart, file)
        assert (single.accepted, single.known) == (report.files[number].accepted, report.files[number].known)
    assert report.corrected == 1
    assert current_rows(together).equals(current_rows(apart))


def test_equal_lines_of_an_order_are_both_kept(tmp_path: Path) -> None:
    work = importer(tmp_path)
    report = imported(work, write(tmp_path / "a.csv", [line(1), line(1), line(1, price="3.00")]))
    assert report.accepted == 3
    assert current_rows(work)["purchase_id"].to_list() == ["2020-05-01##1#1", "2020-05-01##1#1#2", "2020-05-01##1#1#3"]


def test_the_number_of_a_line_makes_its_id(tmp_path: Path) -> None:
    header = f"{HEADER},line_no"
    lines = [f"{line(1, quantity=quantity)},{number}" for number, quantity in [("1", "5"), ("2", "6"), ("a#1", "7")]]
    mapping = load_mapping("purchases").with_columns({"line": "line_no"})
    work = importer(tmp_path)
    ordered = write(tmp_path / "a.csv", [*lines, line(1) + ","], header)
    turned = write(tmp_path / "b.csv", [line(1) + ",", *reversed(lines)], header)
    assert import_files(work, [str(ordered)], mapping).accepted == 4
    again = import_files(work, [str(turned)], mapping)
    assert (again.accepted, again.known) == (0, 4)
    assert sorted(current_rows(work).select("purchase_id", "quantity").rows()) == [
        ("2020-05-01##1#%line 1", 5.0),
        ("2020-05-01##1#%line 2", 6.0),
        ("2020-05-01##1#%line a%231", 7.0),
        ("2020-05-01##1#1", 1.0),
    ]


def test_ids_from_content_never_meet(tmp_path: Path) -> None:
    lines = ["a#b,c,d,1,1,2020-01-01", "a,b#c,d,1,1,2020-01-01", "a%23b,c,d,1,1,2020-01-01", "a,,d,1,1,2020-01-01"]
    work = importer(tmp_path)
    imported(work, write(tmp_path / "a.csv", lines))
    ids = current_rows(work)["purchase_id"].to_list()
    assert sorted(ids) == [
        "2020-01-01##b%23c#d",
        "2020-01-01##c#d",
        "2020-01-01##c#d#2",
        "2020-01-01T00:00:00###a#d",
    ]


@pytest.mark.parametrize("compared_rows", [100, 2_000_000])
def test_an_id_given_to_two_customers_is_refused(tmp_path: Path, compared_rows: int) -> None:
    lines = [f"id{number % 999},c{number},p,1,2020-01-01" for number in range(1000)]
    file = write(tmp_path / "a.csv", lines, "purchase_id,customer_id,product_id,quantity,purchased_at")
    work = importer(tmp_path, compared_rows=compared_rows, block_bytes=2_000, piece_bytes=2_000)
    with pytest.raises(DataError, match="`id0` is given to rows of different customers"):
        imported(work, file)
    assert work.ledger.batches("purchases") == ()


def test_a_number_made_for_a_repeated_line_may_equal_an_id_that_was_given(tmp_path: Path) -> None:
    header = f"purchase_id,{HEADER}"
    given_ids = write(tmp_path / "a.csv", [f"2020-05-01##1#1#2,{line(1, price='9.99')}", f"x,{line(2)}"], header)
    made_ids = write(tmp_path / "b.csv", [line(1), line(1), line(3)])
    work = importer(tmp_path / "work")
    report = imported(work, given_ids, made_ids)
    assert (report.accepted, report.corrected) == (5, 1)
    assert current_rows(work).select("purchase_id", "unit_price").rows() == [
        ("2020-05-01##3#1", Decimal("2.50")),
        ("2020-05-01##1#1", Decimal("2.50")),
        ("2020-05-01##1#1#2", Decimal("2.50")),
        ("x", Decimal("2.50")),
    ]


@pytest.mark.parametrize("compared_rows", [50, 1_000_000])
def test_a_fixed_copy_of_a_file_replaces_only_what_differs(tmp_path: Path, compared_rows: int) -> None:
    lines = [f"{number * 7919 % 613},A{number},1,1,1,2020-01-01" for number in range(2000)]
    fixed = [text.replace(",1,1,1,", ",1,1,2,") if number % 9 == 0 else text for number, text in enumerate(lines)]
    work = importer(tmp_path / "work", compared_rows=compared_rows, block_bytes=5_000, piece_bytes=5_000)
    assert imported(work, write(tmp_path / "a.csv", lines)).accepted == 2000
    again = imported(work, write(tmp_path / "b.csv", [*fixed, "1,9999,1,1,1,2020-01-01"]))
    assert (again.accepted, again.corrected, again.known) == (224, 223, 1777)
    order = pl.col("order_id").str.strip_prefix("A").cast(pl.Int64)
    rows = current_rows(work).with_columns(order)
    assert rows.height == 2001
    assert rows.filter(unit_price=2)["order_id"].sort().to_list() == list(range(0, 2000, 9))
