from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from omnix_cli.mappings import parse_mapping
from omnix_cli.steps.imports.binding import bind
from omnix_cli.steps.imports.filling import filled_down
from tests.unit.steps.imports.lines import raw

COLUMNS = {"customer_id": "Email", "order_id": "Name", "product_id": "SKU", "purchased_at": "At"}
LINES = [
    ("#1", "ann@x", "paid", "tea"),
    ("#1", "", "", "milk"),
    ("#1", "  ", "", "bread"),
    ("#2", "", "voided", "tea"),
    ("#2", "", "", "milk"),
    ("#3", "bob@x", "paid", "tea"),
]


def frame(lines: list[tuple[str, str, str, str]]) -> pl.DataFrame:
    return raw(
        *({"Name": name, "Email": email, "Status": status, "SKU": sku, "At": ""} for name, email, status, sku in lines)
    )


def filled(*chunks: list[tuple[str, str, str, str]], fill_down: list[str], **more: Any) -> pl.DataFrame:
    mapping = parse_mapping("purchases", {"columns": COLUMNS, "fill_down": fill_down, **more}, where="test")
    above, done = None, []
    for chunk in chunks:
        rows = frame(chunk)
        chunk_rows, above = filled_down(rows, bind(mapping, rows.columns, file="f.csv"), above)
        done.append(chunk_rows)
    return pl.concat(done)


@pytest.mark.parametrize("cut", range(len(LINES)))
def test_values_come_from_the_line_above_in_the_same_order_also_across_chunks(cut: int) -> None:
    rows = filled(*filter(None, [LINES[:cut], LINES[cut:]]), fill_down=["email", "Status"])
    assert rows["Status"].to_list() == ["paid", "paid", "paid", "voided", "voided", "paid"]
    # The second order has no e-mail address: that of the order before is not its own.
    assert rows["Email"].to_list() == ["ann@x", "ann@x", "ann@x", None, None, "bob@x"]
    assert rows["SKU"].to_list() == [line[3] for line in LINES]


def test_a_line_without_an_order_id_continues_the_order() -> None:
    lines = [("S1", "ann", "sale", "tea"), ("", "", "", "milk"), ("S2", "", "sale", "tea"), ("", "", "", "milk")]
    rows = filled(lines[:1], lines[1:3], lines[3:], fill_down=["Name", "Email", "Status"])
    assert rows["Name"].to_list() == ["S1", "S1", "S2", "S2"]
    assert rows["Email"].to_list() == ["ann", "ann", None, None]


def test_one_order_id_twice_in_a_row_is_one_order() -> None:
    rows = filled([("", "ann", "", "tea"), ("#1", "", "", "milk")], fill_down=["Email"])
    assert rows["Email"].to_list() == ["ann", None]


def test_without_an_order_id_each_column_is_filled_on_its_own() -> None:
    mapping = parse_mapping("products", {"fill_down": ["category"]}, where="test")
    rows = raw({"product_id": "1", "name": "a", "category": "FOOD"}, {"product_id": "2", "name": "b", "category": ""})
    done, _ = filled_down(rows, bind(mapping, rows.columns, file="f.csv"), None)
    assert done["category"].to_list() == ["FOOD", "FOOD"]
