from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.steps.lists.diversity import crowding, name_groups


def groups(*names: str | None) -> list[str | None]:
    products = pl.DataFrame({"product_id": [str(n) for n in range(len(names))], "name": names})
    return name_groups(products).to_list()


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("Pink regency teacup", "Green regency teacup", True),
        ("REGENCY TEACUP, PINK", "pink regency teacup", True),
        ("Organic milk 1 %", "Organic milk 2 %", False),
        ("Organic milk 1%", "Organic milk 2%", False),
        ("Mug blue 300 ml", "Mug red 300 ml", True),
        ("Mug blue 300 ml", "Mug blue 500 ml", False),
        ("Olive oil", "Olive soap", False),
        ("Whole wheat bread", "Rye crisp bread", False),
        ("Tea", "Tea", True),
    ],
)
def test_names_that_differ_in_one_word_are_near_identical(one: str, other: str, near: bool) -> None:
    first, second, _ = groups(one, other, "Something else entirely")
    assert (first == second) is near


def test_a_product_without_a_name_is_like_no_other() -> None:
    assert groups(None, "", "!", None) == [None] * 4


def _crowded(kinds: list[tuple[str, str]], **limits: float) -> list[int]:
    ids = [str(number) for number in range(len(kinds))]
    facts = pl.DataFrame({"product_id": ids, "category": [a for a, _ in kinds], "name_group": [b for _, b in kinds]})
    offers = pl.DataFrame({"list": ["x"] * len(ids), "product_id": ids})
    how = {"count": 10, "max_share": 0.5, "max_alike": 2} | limits
    found = crowding(offers, facts, within="list", **how)  # type: ignore[arg-type]
    return [number for number, crowded in enumerate(found) if crowded]


def test_a_list_has_so_many_of_a_category_and_so_many_near_identical_ones() -> None:
    assert _crowded([("a", str(n)) for n in range(8)]) == [5, 6, 7]
    assert _crowded([(str(n), "same") for n in range(5)]) == [2, 3, 4]
    assert _crowded([("a", "same")] * 3 + [("a", str(n)) for n in range(4)]) == [2, 6]


def test_three_of_a_category_are_never_too_many() -> None:
    assert _crowded([("a", str(n)) for n in range(5)], max_share=0.0) == [3, 4]


def test_the_customers_own_may_be_of_one_category_but_not_near_identical() -> None:
    ids = [str(number) for number in range(7)]
    facts = pl.DataFrame({"product_id": ids, "category": ["a"] * 7, "name_group": ["b"] * 3 + ids[3:]})
    offers = pl.DataFrame({"customer_id": ["ann"] * 7, "product_id": ids, "shelf": ["due_again"] * 6 + ["fallback"]})
    found = crowding(offers, facts, within="customer_id", count=10, max_share=0.5, max_alike=2)
    assert [number for number, crowded in enumerate(found) if crowded] == [2, 6]
