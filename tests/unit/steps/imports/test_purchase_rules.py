from __future__ import annotations

from decimal import Decimal

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


def test_a_discount_is_read_with_the_decimal_sign_of_the_file() -> None:
    result = cleaned(
        {**LINE, "unit_price": "1,25", "off": "0,5"}, {**LINE, "unit_price": "2,5", "off": "0,0"}, discounts=["off"]
    )
    assert result.rows["promotion_used"].to_list() == [True, False]


def test_a_price_that_cannot_be_right_is_bad_but_a_missing_one_is_not() -> None:
    rows = [{**LINE, "unit_price": price} for price in ("", "-1", "4e17", "$1,200.50")]
    result = cleaned(*rows)
    assert why(result) == [("unit_price", "-1", "too small"), ("unit_price", "4e17", "not a number")]
    assert result.rows["unit_price"].to_list() == [None, Decimal("1200.50")]
