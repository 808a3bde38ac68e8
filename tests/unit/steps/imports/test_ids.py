from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.steps.imports.ids import CHANGED, parsed
from tests.unit.steps.imports.lines import LINE, cleaned, why


@pytest.mark.parametrize("written", ['="00123"', "'00123", '=T("00123")', " '00123 "])
def test_what_keeps_a_spreadsheet_from_changing_an_id_is_taken_off(written: str) -> None:
    result = cleaned({**LINE, "customer_id": written, "order_id": written, "product_id": written})
    assert result.rows.select("customer_id", "order_id", "product_id").rows() == [("00123",) * 3]


@pytest.mark.parametrize(
    "written",
    [
        *("5.01235E+12", "5,01235E+12", "5E+12", "1.00E+10", "5.01235e+12", "7.6561198E17", "-2.5E+05", "1.5E-05"),
        *("#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#N/A", "#NV", "#BEZUG!", "#\u00a1REF!", "##", "########"),
    ],
)
@pytest.mark.parametrize("column", ["customer_id", "product_id", "order_id"])
def test_an_id_that_a_spreadsheet_destroyed_is_set_aside(written: str, column: str) -> None:
    result = cleaned(LINE, {**LINE, column: written})
    assert result.rows.height == 1
    assert why(result) == [(column, written, CHANGED)]


@pytest.mark.parametrize(
    "written", ["1E10", "12E5", "#1001", "#", "#A-7", "a#b", "O'Neil", "'a'b'", "1.5", "E+", "A+1", "=x", "1e5"]
)
def test_ids_that_only_look_a_little_like_that_stay(written: str) -> None:
    assert cleaned({**LINE, "customer_id": written}).rows["customer_id"].to_list() == [written]


def test_a_missing_value_that_the_mapping_names_is_missing() -> None:
    result = cleaned({**LINE, "order_id": "#N/A"}, null_values=["#N/A"])
    assert result.rows["order_id"].to_list() == [None]


@pytest.mark.parametrize(("case", "expected"), [("upper", "85123A"), ("lower", "85123a")])
def test_a_setting_joins_ids_that_differ_in_case(case: str, expected: str) -> None:
    result = cleaned({**LINE, "product_id": "85123A"}, {**LINE, "product_id": "85123a"}, id_case=case)
    assert result.rows["product_id"].to_list() == [expected] * 2


def test_without_the_setting_case_is_part_of_an_id() -> None:
    result = cleaned({**LINE, "product_id": "85123A"}, {**LINE, "product_id": "85123a"})
    assert result.rows["product_id"].to_list() == ["85123A", "85123a"]


def test_whole_floating_point_ids_lose_the_point() -> None:
    result = cleaned({**LINE, "customer_id": 17850.0}, {**LINE, "customer_id": float(2**53 - 1)})
    assert result.rows["customer_id"].to_list() == ["17850", "9007199254740991"]


@pytest.mark.parametrize("number", [float(2**53), 765611980000000017.0, -1e18])
def test_floating_point_ids_that_lost_digits_are_refused_by_name(number: float) -> None:
    with pytest.raises(DataError, match="ids of column `customer_id` were stored as floating point numbers and lost"):
        cleaned({**LINE, "customer_id": number})


def test_small_floats_are_exact_up_to_fewer_digits() -> None:
    with pytest.raises(DataError, match="lost digits"):
        parsed(pl.Series("customer_id", [20_000_000.0], pl.Float32), ColumnMapping(kind="purchases"), file="f.parquet")
