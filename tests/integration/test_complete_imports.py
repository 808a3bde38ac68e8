"""Catalogues and profiles that are declared complete."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from omnix_cli.services.importing.complete_imports import KINDS
from omnix_cli.services.importing.reports import ImportRefused
from tests.importing import current_rows, imported, importer, write

ALL = [f"p{number},Name {number},{number}" for number in range(1, 5)]


def catalogue(path: Path, *lines: str) -> Path:
    return write(path, lines, header="product_id,name,price")


def offered(folder: Path) -> list[str]:
    rows = current_rows(importer(folder), "products")
    return rows.filter(~pl.col("withdrawn").fill_null(False))["product_id"].to_list()


def test_what_a_complete_catalogue_lacks_is_withdrawn_and_keeps_its_name(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    imported(work, catalogue(tmp_path / "a.csv", *ALL), kind="products", complete=True)
    report = imported(work, catalogue(tmp_path / "b.csv", *ALL[:3]), kind="products", complete=True)
    assert [(one.code, one.rows) for one in report.findings] == [("withdrawn", 1)]
    assert offered(tmp_path) == ["p1", "p2", "p3"]
    assert current_rows(work, "products").filter(product_id="p4")["name"].to_list() == ["Name 4"]


def test_it_comes_back_with_an_old_file_and_goes_again(tmp_path: Path) -> None:
    work = importer(tmp_path)
    first, second = catalogue(tmp_path / "a.csv", *ALL), catalogue(tmp_path / "b.csv", *ALL[:3])
    for file, count in ((first, 4), (second, 3), (first, 4), (second, 3), (second, 3)):
        imported(work, file, kind="products", complete=True)
        assert len(offered(tmp_path)) == count
    assert len(work.ledger.batches("products")) == 4


def test_a_file_imported_before_can_be_declared_complete_later(tmp_path: Path) -> None:
    work = importer(tmp_path)
    imported(work, catalogue(tmp_path / "a.csv", *ALL), kind="products")
    part = catalogue(tmp_path / "b.csv", *ALL[:3])
    (told,) = imported(work, part, kind="products").findings
    assert (told.code, told.text) == ("not_in_files", "1 of 4 products of before is not in these files (p4)")
    assert offered(tmp_path) == ["p1", "p2", "p3", "p4"]
    imported(work, part, kind="products", complete=True)
    assert offered(tmp_path) == ["p1", "p2", "p3"]


def test_a_file_of_a_few_changes_is_no_full_export(tmp_path: Path) -> None:
    work = importer(tmp_path)
    imported(work, catalogue(tmp_path / "a.csv", *ALL), kind="products")
    found = imported(work, catalogue(tmp_path / "b.csv", "p1,New,1"), kind="products").findings
    assert [one.code for one in found] == ["corrected"]


def test_a_product_whose_row_is_bad_is_there(tmp_path: Path) -> None:
    work = importer(tmp_path, max_bad=1)
    imported(work, catalogue(tmp_path / "a.csv", *ALL), kind="products")
    imported(work, catalogue(tmp_path / "b.csv", *ALL[:3], "p4,Name 4,cheap"), kind="products", complete=True)
    assert offered(tmp_path) == ["p1", "p2", "p3", "p4"]


def test_a_catalogue_cut_short_withdraws_nothing(tmp_path: Path) -> None:
    work = importer(tmp_path)
    imported(work, catalogue(tmp_path / "a.csv", *ALL), kind="products")
    for lines in ((), ("p1,Name 1,1",)):
        with pytest.raises(ImportRefused, match="of 4 products are not in these files"):
            imported(work, catalogue(tmp_path / "b.csv", *lines), kind="products", complete=True)
    assert len(offered(tmp_path)) == 4
    imported(importer(tmp_path, max_row_fall=0.8), tmp_path / "b.csv", kind="products", complete=True)
    assert offered(tmp_path) == ["p1"]


def test_a_dry_run_withdraws_nothing(tmp_path: Path) -> None:
    work = importer(tmp_path)
    imported(work, catalogue(tmp_path / "a.csv", *ALL), kind="products")
    part = catalogue(tmp_path / "b.csv", *ALL[:3])
    assert imported(work, part, kind="products", complete=True, dry_run=True).findings[0].rows == 1
    assert len(offered(tmp_path)) == 4


def test_profiles_are_withdrawn_alike(tmp_path: Path) -> None:
    work = importer(tmp_path)
    imported(work, write(tmp_path / "a.csv", ["ann,30", "bob,40"], header="customer_id,age"), kind=KINDS[1])
    imported(work, write(tmp_path / "b.csv", ["ann,31"], header="customer_id,age"), kind="customers", complete=True)
    rows = current_rows(work, "customers").select("customer_id", "age", "withdrawn").rows()
    assert rows == [("ann", 31, None), ("bob", 40, True)]
