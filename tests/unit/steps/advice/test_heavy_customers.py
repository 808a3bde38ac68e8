"""Customers that are none, and those that outweigh all others."""

from __future__ import annotations

import pytest

from tests.unit.steps.advice.shops import PRODUCTS, healthy, line, noticed


@pytest.mark.parametrize(
    "name", ["0", "0000", "999", "9999999", "guest", "GUEST", "Anonymous", "walk-in", "-1", "cash"]
)
def test_a_cash_register_is_known_by_its_name(name: str) -> None:
    lines = [*healthy(), *(line(name, PRODUCTS[day % 30], day, f"g{day}") for day in range(120) if day % 7)]
    one = noticed(lines)["cash_register"]
    assert one.rows == 102
    assert one.text.startswith(f"customer `{name}` has 14% of all lines (102)")


def test_a_cash_register_is_known_by_its_share() -> None:
    lines = [*healthy(), *(line("17850", PRODUCTS[n % 30], n % 120, f"g{n}") for n in range(1_200) if n % 120 % 7)]
    assert noticed(lines)["cash_register"].text.startswith("customer `17850` has 62% of all lines")


@pytest.mark.parametrize("name", ["10", "1999", "c0", "gas"])
def test_other_names_are_customers(name: str) -> None:
    lines = [*healthy(), *(line(name, PRODUCTS[day % 30], day, f"g{day}") for day in range(120) if day % 7)]
    assert "cash_register" not in noticed(lines)


def test_one_heavy_account_of_a_small_shop_is_a_customer() -> None:
    lines = [line(f"c{number % 3}", PRODUCTS[number % 30], number, f"o{number}") for number in range(30)]
    assert noticed([*lines, *(line("c0", "p001", n, f"h{n}") for n in range(30))]) == {}


def test_accounts_that_buy_everything() -> None:
    staff = [
        line(f"staff{one}", product, 1 + one, f"s{one}{number // 10}")
        for one in range(3)
        for number, product in enumerate(PRODUCTS)
    ]
    few = [one for one in healthy() if int(one["customer_id"][1:]) < 60]
    one = noticed([*(line_ | {"product_id": PRODUCTS[int(line_["customer_id"][1:]) % 30]} for line_ in few), *staff])
    found = one["few_make_the_links"]
    assert (found.rows, found.text) == (
        3,
        "3 customers make 100% of the links between products (staff0, staff1, staff2)",
    )
