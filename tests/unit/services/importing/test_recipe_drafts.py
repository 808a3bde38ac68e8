from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.mappings import parse_mapping
from omnix_cli.services.importing.recipe_drafts import canonical_columns, check_recipe, draft_recipe
from tests.importing import importer, line, write


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="`purchase` cannot be imported") as caught:
        canonical_columns("purchase")
    assert "Did you mean `purchases`?" in str(caught.value.hint)


def test_a_guess_does_not_take_the_column_of_another(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("date,name,sku,category,type\n1,Tea,T,Drinks,x\n")
    columns = tomllib.loads(draft_recipe(importer(tmp_path), str(file), "products"))["products"]["columns"]
    assert columns == {"name": "name", "sku": "sku", "category": "category"}


def test_names_with_quotes_backslashes_and_other_alphabets_stay_valid(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_text('{"pro\\"duct": "\\\\ \\u0001 \U0001f600", "商品": 1}\n')
    draft = draft_recipe(importer(tmp_path), str(file), "purchases")
    assert "\U0001f600" in draft
    tomllib.loads(draft)


def test_joined_columns_constants_and_rows_set_aside_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        "customer_id,product_id,day,time,state\nann,tea,2020-05-01,10:00,ok\nbob,tea,2020-05-01,10:00,test\n"
    )
    content = {
        "columns": {"purchased_at": {"columns": ["day", "time"]}},
        "constants": {"store_location": "Rome"},
        "set_aside": [{"column": "state", "values": ["test"], "reason": "a test"}],
    }
    found = check_recipe(importer(tmp_path), parse_mapping("purchases", content, where="test"), str(file), limit=9)
    cells = {
        (row["row"], row["column"]): (row["from"], row["written"], row["becomes"]) for row in found.cells.to_dicts()
    }
    assert cells[2, "purchased_at"][:2] == ("day + time", "2020-05-01 10:00")
    assert cells[2, "store_location"] == ("the recipe", None, "Rome")
    assert cells[2, "kind"] == ("omnix", None, "purchase")
    assert cells[3, "state"] == (None, "test", "set aside: a test")
    assert (found.good, found.bad) == (1, 1)
    assert found.findings["quantity"].startswith("1 on every line")


def test_broken_lines_are_checked_too(tmp_path: Path) -> None:
    lines = [line(1), '1,"2,3,4,5,2020-05-01', line(2), line(3)]
    file = write(tmp_path / "a.csv", lines)
    mapping = parse_mapping("purchases", {}, where="test")
    found = check_recipe(importer(tmp_path), mapping, str(file), limit=9)
    assert (found.good, found.bad) == (3, 1)
    assert found.cells.filter(row=3)["becomes"].to_list() == ["BAD: broken quotes"]
    assert found.cells["row"].unique().sort().to_list() == [2, 3, 4, 5]
    few = check_recipe(importer(tmp_path), mapping, str(file), limit=2)
    assert few.good + few.bad == 2


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("")
    with pytest.raises(DataError):
        check_recipe(importer(tmp_path), parse_mapping("purchases", {}, where="test"), str(file), limit=9)


def drafted(folder: Path, *lines: str) -> dict[str, Any]:
    """The columns of a draft for a file of these lines."""
    (folder / "a.csv").write_text("\n".join(lines) + "\n")
    columns: dict[str, Any] = tomllib.loads(draft_recipe(importer(folder), str(folder / "a.csv"), "purchases"))
    return dict(columns["purchases"]["columns"])


def test_a_day_and_its_time_of_day_are_joined(tmp_path: Path) -> None:
    columns = drafted(tmp_path, "Customer ID,SKU,Date,Time,Qty", "c1,tea,2024-03-01,10:15:00,1")
    assert columns["purchased_at"] == {"columns": ["Date", "Time"]}
    columns = drafted(tmp_path, "Customer ID,SKU,Date,Time,Qty", "c1,tea,2024-03-01 10:15,1,1")
    assert columns["purchased_at"] == "Date"


def test_the_total_of_an_order_is_not_taken_for_that_of_a_line(tmp_path: Path) -> None:
    header = "Name,Email,Total,Lineitem quantity,Lineitem price,Lineitem sku,Created at"
    columns = drafted(tmp_path, header, "#1001,a@example.com,12.00,2,1.50,SKU1,2024-03-01 09:59:00 +0100")
    assert columns["unit_price"] == "Lineitem price"
    assert "total_price" not in columns
