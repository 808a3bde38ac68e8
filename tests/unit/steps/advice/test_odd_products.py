"""Products that are none, and amounts far from the others."""

from __future__ import annotations

import polars as pl
import pytest

from tests.unit.steps.advice.shops import PRODUCTS, catalogue, healthy, line, noticed

UCI = ["POST", "DOT", "BANK CHARGES", "AMAZONFEE", "ADJUST", "TEST001", "gift_0001_20", "CRUK"]


@pytest.mark.parametrize("code", [*UCI, "Shipping", "shipping fee", "DISCOUNT", "Gift card", "Delivery", "M", "D"])
def test_codes_that_are_no_products(code: str) -> None:
    lines = [*healthy(), *(line(f"c{n:02}", code, n, f"x{n}") for n in range(1, 6))]
    one = noticed(lines, catalogue([*PRODUCTS, code]))["no_products"]
    assert one.rows == 5
    assert f'"{code}"' in one.text
    assert "set_aside" in one.hint


@pytest.mark.parametrize("code", ["POSTCARD", "gift-box-12", "TESTER 5ml", "Discount shoes", "M-1234", "postman"])
def test_products_with_such_names_are_products(code: str) -> None:
    lines = [*healthy(), *(line(f"c{n:02}", code, n, f"x{n}") for n in range(1, 6))]
    assert noticed(lines, catalogue([*PRODUCTS, code])) == {}


def test_a_shop_with_short_ids_sells_a_product_m() -> None:
    lines = [one | {"product_id": chr(65 + int(one["product_id"][1:]) % 26)} for one in healthy()]
    assert noticed(lines, catalogue(chr(65 + number) for number in range(26))) == {}


def test_a_name_of_the_catalogue_tells_too() -> None:
    products = catalogue(name="Fine").with_columns(name=_named("p007", "Postage"))
    assert '"p007"' in noticed(healthy(), products)["no_products"].text


def test_free_samples() -> None:
    lines = [*healthy(), *(line("c01", "sample1", n, f"x{n}", unit_price="0.00", total_price="0.00") for n in (1, 2))]
    one = noticed(lines, catalogue([*PRODUCTS, "sample1"]))["free_products"]
    assert one.text == "1 product never costs anything, such as sample1 (2 lines)"


def test_a_product_that_was_free_once_and_a_file_without_prices_are_fine() -> None:
    once = line("c01", "p001", 1, "x", unit_price="0.00", total_price="0.00")
    assert noticed([*healthy(), once]) == {}
    assert noticed([one | {"unit_price": None, "total_price": None} for one in healthy()]) == {}


def test_a_barcode_as_quantity() -> None:
    one = noticed([*healthy(), line("c01", "p001", 1, "x", quantity=5_901_234_123_457.0)])["odd_quantity"]
    assert one.text == "the highest quantity is 5,901,234,123,457, while 99 of 100 are at most 1"


def test_a_dozen_among_single_units_is_fine() -> None:
    assert noticed([*healthy(), line("c01", "p001", 1, "x", quantity=12.0)]) == {}


def test_a_price_that_rounds_to_nothing_is_not_free() -> None:
    lines = [line("c01", "screw", day, f"x{day}", quantity=1000.0, unit_price="0.00") for day in (1, 2)]
    assert "free_products" not in noticed([*healthy(), *(one | {"total_price": "4.00"} for one in lines)])
    assert "free_products" in noticed([*healthy(), *(one | {"total_price": "0.00"} for one in lines)])


def test_a_price_far_above_the_others_of_its_product() -> None:
    one = noticed([*healthy(), line("c01", "p001", 1, "x", unit_price="999.00", total_price="999.00")])["odd_price"]
    assert one.text == ("1 product was once sold far above the other prices, such as p001 at 999.00 (otherwise 2.00)")
    assert noticed([*healthy(), line("c01", "p001", 1, "x", unit_price="9.00")]) == {}


def test_returns_without_a_sale() -> None:
    sale = healthy()[0]
    fine = line(sale["customer_id"], sale["product_id"], 30, "back", kind="return")
    assert noticed([*healthy(), fine]) == {}
    one = noticed([*healthy(), fine, line("c07", "p029", 30, "r", kind="return", quantity=40.0)])[
        "returns_without_sale"
    ]
    assert one.rows == 1
    assert "p029 of c07" in one.text


def _named(product: str, name: str) -> pl.Expr:
    return pl.when(pl.col("product_id") == product).then(pl.lit(name)).otherwise(pl.lit("Fine thing"))
