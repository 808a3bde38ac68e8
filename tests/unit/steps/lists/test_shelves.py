from __future__ import annotations

import pytest

from tests.unit.steps.lists.shop import Shop


def test_the_homepage_blends_what_is_due_with_what_is_new(ann: Shop) -> None:
    rows = ann.list("ann#homepage", count=4, due_share=0.5)
    assert rows["product_id"].to_list() == ["milk", "oats", "tea", "jam"]
    assert rows["shelf"].to_list() == ["due_again", "new_for_you", "due_again", "new_for_you"]
    assert rows["rank"].to_list() == [1, 2, 3, 4]
    assert rows["product_name"].to_list() == ["Milk", "Oats", "Tea", "Jam"]
    assert rows["customer_id"].unique().to_list() == ["ann"]


@pytest.mark.parametrize(("share", "shelves"), [(1.0, ["due_again"] * 2), (0.0, ["new_for_you"] * 2)])
def test_the_share_may_give_all_places_to_one_shelf(ann: Shop, share: float, shelves: list[str]) -> None:
    assert ann.list("ann#homepage", count=2, due_share=share)["shelf"].to_list() == shelves


def test_the_other_shelf_fills_up_first_and_says_so(ann: Shop) -> None:
    rows = ann.list("ann#homepage", count=4, due_share=0.75)
    assert rows["product_id"].to_list() == ["milk", "tea", "oats", "jam"]
    assert [("fills_up" in tags) for tags in rows["tags"].to_list()] == [False, False, False, True]
