"""Exclusions that keep nothing out of the lists."""

from __future__ import annotations

import polars as pl
import pytest

from tests.unit.steps.advice.shops import PRODUCTS, catalogue, healthy, noticed


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


@pytest.mark.parametrize(
    ("kind", "column", "plural"), [("name", "name", "names"), ("brand", "brand", "brands"), ("tag", "tags", "tags")]
)
def test_every_kind_of_exclusion_is_treated_alike(kind: str, column: str, plural: str) -> None:
    text = pl.when(pl.col("product_id") == "p000").then(pl.lit("Cigarillo"))
    value = pl.concat_list(text).list.drop_nulls() if kind == "tag" else text
    products = catalogue().with_columns(value.alias(column))
    assert noticed(healthy(), products, **{kind: ["CIGARILLO"]}) == {}
    assert noticed(healthy(), products, **{kind: ["cigar*"]}) == {}
    near = noticed(healthy(), products, **{kind: ["Cigarilo"]})["unreachable_exclusion"]
    assert "Did you mean `cigarillo` (1 product)?" in near.hint
    assert f"recommend.excluded_{plural}" in near.hint
    (far,) = noticed(healthy(), products, **{kind: ["Fireworks"]}).values()
    assert (far.code, far.rows) == (f"unknown_{kind}", 1)
    absent = noticed(healthy(), catalogue([]), **{kind: ["Cigarillo"]})["unreachable_exclusion"]
    assert absent.text.startswith(f"the {plural} Cigarillo are excluded, but there is no catalogue")


def test_excluded_ids_need_no_catalogue() -> None:
    assert noticed(healthy(), catalogue([]), product=["P00*", "p011"]) == {}
    (unknown,) = noticed(healthy(), catalogue([]), product=["nothing", "q*"]).values()
    assert (unknown.code, unknown.rows) == ("unknown_product", 2)
    near = noticed(healthy(), catalogue([]), product=["0p001"])["unreachable_exclusion"]
    assert near.text == "the product `0p001` is excluded, but there is only `p001`"
