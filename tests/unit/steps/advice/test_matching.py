"""Ids that do not meet."""

from __future__ import annotations

import pytest

from tests.unit.steps.advice.shops import PRODUCTS, catalogue, healthy, line, noticed


@pytest.mark.parametrize(
    ("spelled", "difference", "to_do"),
    [
        (lambda one: f"{one}.0", "`.0` at the end", "Set `whole_number_ids = true` in the mapping; it would join 30."),
        (lambda one: f"00{one}", "leading zeros", "with their zeros"),
        (str.upper, "upper and lower case", "`id_case"),
        (lambda one: f"p {one[1:]}", "blanks and dashes", "in the same way"),
        (lambda one: f"p-{one[1:]}", "blanks and dashes", "in the same way"),
    ],
)
def test_a_catalogue_that_spells_ids_otherwise(spelled: object, difference: str, to_do: str) -> None:
    ids = [spelled(one) for one in PRODUCTS]  # type: ignore[operator]
    for lines, products in (
        (healthy(), catalogue(ids)),
        (_renamed(dict(zip(PRODUCTS, ids, strict=True))), catalogue()),
    ):
        one = noticed(lines, products)["not_in_catalogue"]
        assert one.rows == 30
        assert one.text.startswith("0 of 30 bought products are in the catalogue (not ")
        assert f"without {difference}, 30 more would be" in one.text
        assert to_do in one.hint


def test_a_catalogue_of_another_shop() -> None:
    one = noticed(healthy(), catalogue(["x", "y"]))["not_in_catalogue"]
    assert one.text.startswith("0 of 30 bought products are in the catalogue (not p0")
    assert one.hint == "Import the missing ones, or check that both files use the same ids."


def test_some_products_are_missing() -> None:
    one = noticed(healthy(), catalogue(PRODUCTS[:20]))["not_in_catalogue"]
    assert one.rows == 10
    assert one.text.startswith("20 of 30 bought products are in the catalogue")


def test_products_of_hardly_any_line_may_be_missing() -> None:
    assert noticed([*healthy(), line("c01", "old", 3, "o0030")]) == {}


def test_without_a_catalogue_nothing_is_missing() -> None:
    assert noticed(healthy(), catalogue([])) == {}


def test_ids_in_upper_and_lower_case() -> None:
    lines = [*healthy(), *(line("c01", "P001", 3, "o0030") for _ in range(2))]
    one = noticed(lines, catalogue([*PRODUCTS, "P001"]))["product_case"]
    assert one.text == "2 product ids differ in upper and lower case only, such as `P001` and `p001`"
    people = noticed([*healthy(), line("C01", "p001", 3, "o9")])["customer_case"]
    assert people.text == "2 customer ids differ in upper and lower case only, such as `C01` and `c01`"


def _renamed(names: dict[str, str]) -> list[dict[str, object]]:
    return [one | {"product_id": names[one["product_id"]]} for one in healthy()]
