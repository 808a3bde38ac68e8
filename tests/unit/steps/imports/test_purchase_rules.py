from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.steps.imports.lines import LINE, cleaned, why


def test_returns_have_positive_amounts() -> None:
    rows = [
        {**LINE, "quantity": "-3", "unit_price": "2", "total_price": "-6"},
        {**LINE, "order_id": "C9", "quantity": "1", "unit_price": "2", "total_price": "2"},
        {**LINE, "quantity": "1", "unit_price": "2", "total_price": "2"},
    ]
    result = cleaned(*rows, returns={"negative_quantity": True, "order_id_prefix": "C"})
    assert result.rows["kind"].to_list() == ["return", "return", "purchase"]
    assert result.rows["quantity"].to_list() == [3.0, 1.0, 1.0]
    assert result.rows["total_price"].to_list() == [Decimal(6), Decimal(2), Decimal(2)]


def test_quantity_zero_is_one_where_the_recipe_says_so() -> None:
    result = cleaned({**LINE, "quantity": "0", "total_price": "3"}, zero_quantity="one")
    assert result.rows.select("quantity", "unit_price").row(0) == (1.0, Decimal("3.00"))


def test_a_cancelled_status_makes_a_cancelled_line() -> None:
    rows = [{**LINE, "status": "Cancelled"}, {**LINE, "status": "completed"}]
    result = cleaned(*rows, cancelled={"status": ["cancelled"]})
    assert result.rows["kind"].to_list() == ["cancelled", "purchase"]


def test_nothing_may_be_left_of_a_cancelled_line() -> None:
    rows = [{**LINE, "quantity": "0", "status": "void"}, {**LINE, "quantity": "0", "status": "ok"}]
    result = cleaned(*rows, cancelled={"status": ["void"]})
    assert result.rows["kind"].to_list() == ["cancelled"]
    assert why(result) == [("quantity", "0", "too small")]
    assert cleaned({**LINE, "quantity": "0", "kind": "Cancelled"}).rows["kind"].to_list() == ["cancelled"]


def test_a_discount_is_read_with_the_decimal_sign_of_the_file() -> None:
    result = cleaned(
        {**LINE, "unit_price": "1,25", "off": "0,5"}, {**LINE, "unit_price": "2,5", "off": "0,0"}, discounts=["off"]
    )
    assert result.rows["promotion_used"].to_list() == [True, False]


def test_a_price_that_cannot_be_right_is_bad_but_a_missing_one_is_not() -> None:
    rows = [{**LINE, "unit_price": price} for price in ("", "-1", "4e17", "$1,200.50")]
    result = cleaned(*rows)
    beyond = "too large (more than 1,000,000,000,000,000)"
    assert why(result) == [("unit_price", "-1", "too small"), ("unit_price", "4e17", beyond)]
    assert result.rows["unit_price"].to_list() == [None, Decimal("1200.50")]


@pytest.mark.parametrize(
    ("quantity", "unit", "total"),
    [
        ("400", "0.0125", "5.00"),
        ("1000", "0.004", "4.00"),
        ("41.37", "1.799", "74.42"),
        ("1", "1.005", "1.01"),
        ("0.345", "11.90", "4.11"),
        ("1", "999999999999999.99", "999999999999999.99"),
    ],
)
def test_a_total_is_computed_from_the_price_as_written_and_rounded_once(quantity: str, unit: str, total: str) -> None:
    rows = cleaned({**LINE, "quantity": quantity, "unit_price": unit}).rows
    assert rows["total_price"].to_list() == [Decimal(total)]


def test_a_unit_price_is_computed_from_the_total() -> None:
    rows = [{**LINE, "quantity": "400", "total_price": "5.00"}, {**LINE, "quantity": "0.5", "total_price": "1.01"}]
    assert cleaned(*rows).rows["unit_price"].to_list() == [Decimal("0.01"), Decimal("2.02")]


@pytest.mark.parametrize("total", ["-4.50", "($4.50)", "4.50-"])
def test_a_negative_total_of_a_positive_quantity_is_a_return(total: str) -> None:
    line = {**LINE, "quantity": "1", "unit_price": "4.50", "total_price": total}
    rows = cleaned(line).rows
    assert rows.select("kind", "quantity", "total_price").row(0) == ("return", 1.0, Decimal("4.50"))
    assert why(cleaned(line, returns={"negative_total": False}))[0][2] == "too small"


@pytest.mark.parametrize("quantity", ["9781234567897", "4006381333931", "1000001", "1e30"])
def test_a_barcode_is_no_quantity(quantity: str) -> None:
    result = cleaned({**LINE, "quantity": quantity, "unit_price": "2.50"})
    assert why(result) == [("quantity", quantity, "too large (more than 1,000,000)")]


@pytest.mark.parametrize(("quantity", "accepted"), [("0.345", 1), ("0.001", 1), ("1000000", 1), ("0", 0), ("1e-9", 0)])
def test_goods_sold_by_weight_have_fractions(quantity: str, accepted: int) -> None:
    assert cleaned({**LINE, "quantity": quantity, "unit_price": "2.50"}).rows.height == accepted


@pytest.mark.parametrize("price", ["1e16", "-1e40", "9" * 40])
def test_an_absurd_amount_is_too_large(price: str) -> None:
    result = cleaned({**LINE, "total_price": price})
    assert [reason for _, _, reason in why(result)] == ["too large (more than 1,000,000,000,000,000)"]
