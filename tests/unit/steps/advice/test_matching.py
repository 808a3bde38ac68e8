"""Ids that do not meet."""

from __future__ import annotations

import polars as pl
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


def test_an_exclusion_without_a_catalogue_is_an_error() -> None:
    one = noticed(healthy(), catalogue([]), excluded=["Tobacco"])["unreachable_exclusion"]
    assert "no catalogue" in one.text


def test_an_exclusion_whose_catalogue_never_matches_is_an_error() -> None:
    one = noticed(healthy(), catalogue([f"0{one}" for one in PRODUCTS]), excluded=["Tobacco"])["unreachable_exclusion"]
    assert one.text == "the categories Tobacco are excluded, but 0 of 30 bought products are in the catalogue"
    assert one.hint.endswith("it would join 30.")


def test_an_excluded_product_under_another_spelling_is_an_error() -> None:
    """Most of the catalogue matches, but the cigarettes would be recommended."""
    products = catalogue([*PRODUCTS[1:], "0p000"], category=None).with_columns(category=_category("0p000", "TOBACCO"))
    one = noticed(healthy(), products, excluded=["Tobacco"])["unreachable_exclusion"]
    assert (one.rows, one.text.split("only, ")[1]) == (1, "such as `p000` and `0p000`")


def test_an_exclusion_that_reaches_its_products_is_fine() -> None:
    products = catalogue(category=None).with_columns(category=_category("p000", "TOBACCO"))
    assert noticed(healthy(), products, excluded=["Tobacco"]) == {}


def test_a_misspelt_category_is_an_error_and_an_unknown_one_is_told() -> None:
    products = catalogue(category=None).with_columns(category=_category("p000", "TOBACCO"))
    one = noticed(healthy(), products, excluded=["Tabacco"])["unreachable_exclusion"]
    assert one.text == "the category `tabacco` is excluded, but the catalogue has no such category"
    assert one.hint.startswith("Did you mean `tobacco` (1 product)?")
    (other,) = noticed(healthy(), products, excluded=["Tobacco", "Fireworks"]).values()
    assert (other.code, other.rows) == ("unknown_category", 1)
    assert "`fireworks`" in other.text


def _category(product: str, category: str) -> pl.Expr:
    return pl.when(pl.col("product_id") == product).then(pl.lit(category))


def _renamed(names: dict[str, str]) -> list[dict[str, object]]:
    return [one | {"product_id": names[one["product_id"]]} for one in healthy()]
