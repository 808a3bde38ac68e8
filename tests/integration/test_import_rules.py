"""Rules of a mapping that a file has no column for, and what omnix says about columns."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.mappings import parse_mapping
from omnix_cli.services.importing.imports import import_files
from omnix_cli.services.importing.reports import ImportReport
from tests.importing import assert_conserved, current_rows, importer, write

H = "customer_id,product_id,order_id,purchased_at,quantity,total_price"
ROW = "c1,tea,o1,2020-05-01 10:00,2,5.00"


def report_of(folder: Path, *files: tuple[str, list[str]], kind: str = "purchases", **mapping: Any) -> ImportReport:
    paths = [write(folder / f"{number}.csv", lines, head) for number, (head, lines) in enumerate(files)]
    names = [str(path) for path in paths]
    report = import_files(importer(folder / "w"), names, parse_mapping(kind, mapping, where="test"))
    assert_conserved(report)
    return report


def stored(folder: Path, kind: str = "purchases") -> pl.DataFrame:
    return current_rows(importer(folder / "w"), kind)


ASIDE = [{"column": "status", "values": ["Draft"], "reason": "draft"}]


def test_a_set_aside_column_that_one_file_lacks_sets_nothing_aside_there(tmp_path: Path) -> None:
    with_status, without = (f"{H},status", [f"{ROW},draft"]), (H, [ROW.replace("o1", "o2")])
    report = report_of(tmp_path, with_status, without, set_aside=ASIDE)
    assert (report.accepted, report.expected) == (1, 1)
    first, second = (file.findings for file in report.files)
    assert "not applied" not in first
    assert second["not applied"] == "set_aside `draft`: no column `status`"
    assert report.notes == ()


def test_a_column_that_no_file_has_is_told_with_what_may_be_meant(tmp_path: Path) -> None:
    head = f"{H},status,discount"
    rules: dict[str, Any] = {
        "cancelled": {"statsu": ["void"]},
        "discounts": ["discont"],
        "returns": {"values": {"stattus": ["x"]}},
    }
    report = report_of(tmp_path, (head, [f"{ROW},void,1"]), set_aside=[{**ASIDE[0], "column": "staus"}], **rules)
    told = [
        "set_aside `draft` was not applied: no column `staus`, did you mean `status`?",
        "cancelled `statsu` was not applied: no column `statsu`, did you mean `status`?",
        "returns `stattus` was not applied: no column `stattus`, did you mean `status`?",
        "discounts `discont` was not applied: no column `discont`, did you mean `discount`?",
    ]
    assert list(report.notes) == told


def test_values_and_joined_columns_that_are_absent_are_told(tmp_path: Path) -> None:
    columns = {"purchased_at": {"columns": ["purchased_at", "Tiem"]}}
    report = report_of(tmp_path, (H, [ROW]), columns=columns, values={"rating": {"good": "5"}})
    assert "purchased_at from `Tiem` was not applied: no column `Tiem`" in report.notes
    assert "values of rating was not applied: no column `rating`" in report.notes


def test_a_constant_counts_instead_of_a_column_of_its_name_and_that_is_told(tmp_path: Path) -> None:
    head = f"{H},Store Location"
    report = report_of(tmp_path, (head, [f"{ROW},Rome"]), constants={"store_location": "Oslo"})
    assert stored(tmp_path)["store_location"].to_list() == ["Oslo"]
    assert report.files[0].findings["constants"] == "used instead of the file's store_location"


def test_every_line_is_one_unit_where_the_file_has_no_quantity(tmp_path: Path) -> None:
    report = report_of(tmp_path, ("customer_id,product_id,purchased_at,total_price", ["c,tea,2020-05-01,5"]))
    assert stored(tmp_path).select("quantity", "unit_price").rows() == [(1.0, Decimal("5.00"))]
    assert report.files[0].findings["quantity"] == "1 on every line: the file has no such column"


def test_a_column_that_looks_like_the_quantity_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column `quantity`") as caught:
        report_of(tmp_path, ("customer_id,product_id,purchased_at,Qty", ["c,tea,2020-05-01,5"]))
    assert "or give --set quantity=1 if every line is one unit" in str(caught.value.hint)
    assert str(caught.value.hint).endswith(" --map quantity=Qty")


def test_all_missing_columns_are_told_at_once_with_a_command_line(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        report_of(tmp_path, ("Client,SKU,Sold On,Qty,Price", ["c,tea,2020-05-01,5,1"]))
    assert caught.value.message.endswith("0.csv: no columns `customer_id`, `product_id`, `purchased_at`, `quantity`")
    flags = (
        f"omnix import purchases {tmp_path}/0.csv --map customer_id=Client --map product_id=SKU "
        "--map 'purchased_at=Sold On' --map quantity=Qty --map unit_price=Price"
    )
    assert str(caught.value.hint).endswith(flags)


def test_a_column_that_nothing_resembles_is_left_for_the_user(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        report_of(tmp_path, ("foo,product_id,purchased_at", ["c,tea,2020-05-01"]))
    assert "--map customer_id=COLUMN" in str(caught.value.hint)


def test_columns_with_usual_names_are_suggested_not_used(tmp_path: Path) -> None:
    report = report_of(tmp_path, ("customer_id,product_id,purchased_at,quantity,Price", ["c,tea,2020-05-01,5,1"]))
    assert stored(tmp_path)["unit_price"].to_list() == [None]
    assert report.files[0].findings["perhaps"] == "--map unit_price=Price"


@pytest.mark.parametrize("written", ["CANCELLED", "cancelled", " Cancelled "])
@pytest.mark.parametrize("rule", ["CANCELLED", "cancelled", " Cancelled "])
def test_cancelling_values_match_in_any_case(tmp_path: Path, rule: str, written: str) -> None:
    report_of(tmp_path, (f"{H},status", [f"{ROW},{written}"]), cancelled={"Status": [rule]})
    assert stored(tmp_path)["kind"].to_list() == ["cancelled"]


def test_a_value_can_mark_returns(tmp_path: Path) -> None:
    lines = ["c1,tea,o1,2020-05-01 10:00,2,5.00,Payment", "c1,tea,o2,2020-05-02 10:00,-1,-2.50,REFUND"]
    report_of(tmp_path, (f"{H},Event Type", lines), returns={"values": {"event_type": ["Refund"]}})
    rows = stored(tmp_path).sort("order_id").select("kind", "quantity", "total_price").rows()
    assert rows == [("purchase", 2.0, Decimal("5.00")), ("return", 1.0, Decimal("2.50"))]


def test_every_line_of_a_voided_order_is_cancelled_where_only_its_first_line_says_so(tmp_path: Path) -> None:
    head = "Name,Email,Financial Status,Created at,Lineitem quantity,Lineitem sku,Lineitem price"
    lines = [
        "#1001,ann@example.com,paid,2020-05-01 10:00:00 +0100,1,tea,2.50",
        "#1001,,,,2,milk,1.20",
        "#1002,bob@example.com,voided,2020-05-01 11:00:00 +0100,1,tea,2.50",
        "#1002,,,,2,milk,1.20",
    ]
    columns = {
        "customer_id": "Email",
        "order_id": "Name",
        "purchased_at": "Created at",
        "product_id": "Lineitem sku",
        "quantity": "Lineitem quantity",
        "unit_price": "Lineitem price",
    }
    down = ["Email", "Financial Status", "Created at"]
    report_of(tmp_path, (head, lines), columns=columns, fill_down=down, cancelled={"Financial Status": ["Voided"]})
    rows = stored(tmp_path).sort("order_id", "product_id").select("customer_id", "product_id", "kind").rows()
    assert rows == [
        ("ann@example.com", "milk", "purchase"),
        ("ann@example.com", "tea", "purchase"),
        ("bob@example.com", "milk", "cancelled"),
        ("bob@example.com", "tea", "cancelled"),
    ]


def test_the_names_of_all_imports_count(tmp_path: Path) -> None:
    work, mapping = importer(tmp_path / "w"), parse_mapping("products", {"most_frequent": ["name"]}, where="test")
    for number, names in enumerate((["Mug", "Mug", "mug"], ["damages"], ["damages", "damages"], ["Mug"])):
        file = write(tmp_path / f"{number}.csv", [f"1,{name}" for name in names], "product_id,name")
        import_files(work, [str(file)], mapping)
        assert current_rows(work, "products")["name"].to_list() == [["Mug"], ["Mug"], ["damages"], ["Mug"]][number]


def test_the_name_of_a_product_is_its_most_frequent_one(tmp_path: Path) -> None:
    head = "product_id,name"
    first = (head, ["1,Tea", "1,Tea", "2,Cup", "2,Mug"])
    second = (head, ["1,damages", "2,Mug", "2,damages"])
    report = report_of(tmp_path, first, second, kind="products", most_frequent=["name"])
    assert stored(tmp_path, "products").select("product_id", "name").rows() == [("1", "Tea"), ("2", "Mug")]
    assert report.read == 7


def test_of_names_that_are_equally_frequent_the_later_one_counts(tmp_path: Path) -> None:
    report_of(tmp_path, ("product_id,name", ["1,Old", "1,New"]), kind="products", most_frequent=["name"])
    assert stored(tmp_path, "products")["name"].to_list() == ["New"]


def test_a_later_header_of_other_names_is_refused_and_not_taken_for_a_total(tmp_path: Path) -> None:
    first = "customer_id,product_id,order_id,purchased_at,quantity,total_price\nc1,milk,1,2024-03-01,2,3.00\n"
    (tmp_path / "a.csv").write_text(f"{first}Client,SKU,Order,Date,Total,Qty\nc2,tea,2,2024-03-02,4.50,1\n")
    with pytest.raises(DataError, match="no columns `customer_id`, `product_id`, `purchased_at`, `quantity`"):
        import_files(importer(tmp_path / "w"), [str(tmp_path / "a.csv")], parse_mapping("purchases", {}, where="test"))
