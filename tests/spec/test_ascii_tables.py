from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.spec.ascii_tables import names, rows, written

TABLE = """
    customer | product | days ago
    ---------|---------|---------
    ann      | milk    | 3
    bob      |         | 12
"""


def test_a_table_is_a_list_of_rows() -> None:
    assert rows(TABLE) == [
        {"customer": "ann", "product": "milk", "days ago": "3"},
        {"customer": "bob", "product": None, "days ago": "12"},
    ]
    assert names(TABLE) == ["customer", "product", "days ago"]


def test_a_table_of_one_column_needs_no_bar() -> None:
    assert rows("product\n-------\nmilk\ntea") == [{"product": "milk"}, {"product": "tea"}]


def test_no_text_is_no_rows() -> None:
    assert rows("  \n ") == []


def test_a_line_with_a_cell_too_many_is_an_error() -> None:
    with pytest.raises(ValueError, match="3 cells, but 2 columns"):
        rows("customer | product\nann | milk | 3")


def test_values_are_written_as_a_table_writes_them() -> None:
    row = {"a": 2.0, "b": Decimal("2.50"), "c": None, "d": ["x", "y"], "e": date(2024, 6, 1), "f": True, "g": 1 / 3}
    assert written([row], list(row)) == [
        {"a": "2", "b": "2.5", "c": None, "d": "x, y", "e": "2024-06-01", "f": "yes", "g": "0.33"}
    ]
