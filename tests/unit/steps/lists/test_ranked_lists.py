from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.steps.lists.ranked_lists import OFFER, blend, fill_up, listed, stored
from tests.unit.steps.lists.shop import Shop

OFFERS = pl.DataFrame({"customer_id": ["ann", "bob", "ann"], "product_id": ["tea", "tea", "milk"]})


def test_a_rank_is_the_place_in_the_order_given() -> None:
    rows = listed(OFFERS, kind="personal", list_id=pl.format("{}#homepage", "customer_id"))
    assert rows.select("list_id", "product_id", "rank", "kind").rows() == [
        ("ann#homepage", "tea", 1, "personal"),
        ("bob#homepage", "tea", 1, "personal"),
        ("ann#homepage", "milk", 2, "personal"),
    ]


def test_a_product_without_a_name_goes_by_its_id() -> None:
    rows = listed(OFFERS, kind="personal", list_id=pl.format("{}#homepage", "customer_id")).with_columns(
        score=0.5, shelf=None, reason=pl.lit(""), tags=pl.lit([], pl.List(pl.String)), confidence=0.1,
        predicted_date=None, next_expected_date=None, urgency=None,
    )  # fmt: skip
    catalogue = pl.DataFrame({"product_id": ["milk", "tea"], "name": ["Milk", None]})
    frame = stored(rows, catalogue, frame="recommendations")
    assert frame.select("list_id", "rank", "product_name").rows() == [
        ("ann#homepage", 1, "tea"),
        ("ann#homepage", 2, "Milk"),
        ("bob#homepage", 1, "tea"),
    ]


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


def offers(shelf: str, *names: str) -> pl.DataFrame:
    rows = [
        {"customer_id": "ann", "product_id": name, "shelf": shelf, "score": 1 / place, "tags": []}
        for place, name in enumerate(names, 1)
    ]
    return pl.DataFrame([dict.fromkeys(OFFER) | row for row in rows], schema=OFFER)


FILLING = {
    "count": 3,
    "rules": lambda each: each,
    "crowded": lambda each: pl.repeat(False, each.height, eager=True),
    "known": pl.DataFrame(schema={"customer_id": pl.String, "product_id": pl.String}),
    "spare": offers("fallback"),
}


def test_three_places_to_one_take_turns_in_proportion() -> None:
    both = pl.concat([offers("due_again", "a", "b", "c", "d"), offers("new_for_you", "x", "y")])
    assert blend(both, count=4, due_share=0.75)["product_id"].to_list() == ["a", "b", "x", "c"]


def test_what_takes_a_free_place_is_tagged_and_comes_last() -> None:
    both = pl.concat([offers("due_again", "a"), offers("new_for_you", "x", "y", "z")])
    blended = blend(both, count=4, due_share=0.5)
    assert blended["product_id"].to_list() == ["a", "x", "y", "z"]
    assert blended["tags"].to_list() == [[], [], [], ["fills_up"]]


def test_stages_add_until_the_list_is_full() -> None:
    asked: list[int] = []

    def stage(*names: str):
        def offer(people: pl.DataFrame) -> pl.DataFrame:
            asked.extend(people["missing"].to_list())
            return offers("fallback", *names)

        return offer

    people = pl.DataFrame({"customer_id": ["ann"]})
    lists = fill_up(
        offers("due_again", "a"),
        people,
        [stage("a", "b"), stage("bad", "c", "d"), stage("e")],
        **(FILLING | {"rules": lambda each: each.filter(pl.col("product_id") != "bad")}),
    )
    assert lists["product_id"].to_list() == ["a", "b", "c"]
    assert asked == [2, 1]


def test_what_is_one_too_many_or_owned_comes_when_nothing_else_is_left() -> None:
    owned = pl.DataFrame({"customer_id": ["ann"], "product_id": ["mine"]})

    def fourth(each: pl.DataFrame) -> pl.Series:
        return each["product_id"] == "more of the same"

    def filled(count: int) -> list[str]:
        offered = offers("fallback", "mine", "more of the same", "new")
        people = pl.DataFrame({"customer_id": ["ann"]})
        how = FILLING | {"crowded": fourth, "known": owned, "count": count}
        return fill_up(offers("due_again", "a"), people, [lambda people: offered], **how)["product_id"].to_list()

    assert filled(2) == ["a", "new"]
    assert filled(5) == ["a", "new", "more of the same", "mine"]


def test_what_is_due_leaves_its_place_to_a_new_product_of_a_better_chance() -> None:
    """Two places each: the third new offer would get a place of what is due if its chance is better."""

    def placed(chance_of_third: float) -> list[str]:
        due = offers("due_again", "a", "b").with_columns(confidence=pl.Series([0.5, 0.2]))
        new = offers("new_for_you", "x", "y", "z").with_columns(confidence=pl.Series([0.9, 0.8, chance_of_third]))
        return blend(pl.concat([due, new]), count=4, due_share=0.5)["product_id"].to_list()

    assert placed(0.1) == placed(0.2) == ["a", "x", "b", "y"]
    assert placed(0.3) == ["a", "x", "y", "z"]
