"""What is noticed about a shop as a whole."""

from __future__ import annotations

from tests.unit.steps.advice.shops import PRODUCTS, catalogue, healthy, line, noticed


def test_nothing_is_noticed_about_a_healthy_shop() -> None:
    customers = [f"c{number:02}" for number in range(60)]
    assert noticed(healthy(), customers=customers, visits=[("c01", "p001")], excluded=["Food"]) == {}


def test_a_shop_of_one_order_and_one_without_purchases_are_fine() -> None:
    assert noticed([line("ann", "p001", 3, "o1")]) == {}
    assert noticed([]) == {}
    assert noticed([], excluded=["Tobacco"]) == {}


def test_profiles_are_told_when_none_of_them_shops() -> None:
    (one,) = noticed(healthy(), customers=["C01.0", "C02.0"]).values()
    assert (one.code, one.rows) == ("no_profiles", 60)
    assert one.text == (
        "0 of 60 customers who bought are in the profiles (not c04); without zeros, case, blanks and dashes, 2 more "
        "would be (`c01` and `C01.0`)"
    )
    assert noticed(healthy(), customers=["c01", "x"]) == {}


def test_visits_are_told_when_they_meet_nothing() -> None:
    found = noticed(healthy(), visits=[("1", "0p001"), ("2", "0p002")])
    assert found["interaction_product_id"].text == (
        "0 of 2 products of interactions are known from purchases (not 0p001); without leading zeros, 2 more would be "
        "(`0p001` and `p001`)"
    )
    assert found["interaction_customer_id"].rows == 2
    assert noticed(healthy(), visits=[("c01", "p001"), ("stranger", "new")]) == {}


def test_errors_come_first() -> None:
    found = noticed(healthy(), catalogue(f"{one}.0" for one in PRODUCTS), excluded=["Food"])
    assert list(found) == ["unreachable_exclusion", "not_in_catalogue"]
