"""Codes in the column of a quantity or an amount."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.steps.imports.amounts.misplaced_codes import absurd, highest, is_cleared, suspects

USUAL = [{"quantity": float(1 + number % 20), "total_price": f"{2 + number % 7}.50"} for number in range(30)]


def _rows(*odd: dict[str, Any]) -> pl.DataFrame:
    plain = {"product_id": "4011", "order_id": "7001", "customer_id": "c1", "unit_price": None}
    frame = pl.DataFrame([plain | row for row in (*USUAL, *odd)], infer_schema_length=None)
    return frame.with_columns(
        pl.col("unit_price", "total_price").cast(pl.Decimal(18, 2)),
        pl.int_range(2, pl.len() + 2, dtype=pl.UInt64).alias(ROW_NUMBER),
        pl.lit(0, pl.UInt32).alias(ITEM),
    )


def _set_aside(*odd: dict[str, Any]) -> list[tuple[str, str]]:
    rows = _rows(*odd)
    found = suspects(rows)
    bad = absurd(found, highest(rows, found), rows.height - found.height)
    assert bad.is_empty() or not is_cleared(found, highest(rows, found))
    return bad.select("column", "reason").rows()


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"quantity": 4011.0}, ("quantity", "the product id, not a quantity")),
        ({"quantity": 94011.0, "product_id": "094011"}, ("quantity", "the product id, not a quantity")),
        ({"quantity": 400638.0, "product_id": "400638"}, ("quantity", "the product id, not a quantity")),
        ({"quantity": 7001.0}, ("quantity", "the order id, not a quantity")),
        ({"quantity": 17850.0, "customer_id": "17850"}, ("quantity", "the customer id, not a quantity")),
        ({"quantity": 1.0, "total_price": "4011"}, ("total_price", "the product id, not an amount")),
        ({"quantity": 1.0, "total_price": "4006381333931"}, ("total_price", "a barcode, not an amount")),
        ({"quantity": 1.0, "total_price": "40170725"}, ("total_price", "a barcode, not an amount")),
    ],
)
def test_a_code_far_beyond_the_file_is_set_aside(odd: dict[str, Any], why: tuple[str, str]) -> None:
    assert _set_aside(odd) == [why]


@pytest.mark.parametrize(
    "odd",
    [
        [{"quantity": 80995.0, "product_id": "23843"}],  # bought and returned in real life
        [{"quantity": 74215.0, "product_id": "23166", "total_price": "77183.60"}],
        [{"quantity": 4011.0}, {"quantity": 500.0}],
        [{"quantity": 120.0, "product_id": "120"}],
        [{"quantity": 4011.5, "product_id": "4011.5"}],
        [{"quantity": 1.0, "total_price": "4006381333930"}],  # the wrong check digit
        [{"quantity": 1.0, "total_price": "40170725"}, {"quantity": 1.0, "total_price": "90000"}],
    ],
)
def test_honest_lines_stand(odd: list[dict[str, Any]]) -> None:
    assert _set_aside(*odd) == []


def test_a_file_of_codes_is_not_judged_by_itself() -> None:
    """A column mapped to the wrong one is not a few absurd rows."""
    assert _set_aside(*({"quantity": 4000.0 + n, "product_id": f"{4000 + n}"} for n in range(20))) == []
