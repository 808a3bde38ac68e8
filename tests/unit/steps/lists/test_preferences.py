from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from omnix_cli.steps.lists.preferences import adjusted, open_interest, tastes_met
from tests.unit.steps.frames import AS_OF, frame, interactions
from tests.unit.steps.lists.shop import Shop, neighbours


def test_a_wish_makes_a_product_an_offer(ann: Shop) -> None:
    item = replace(ann, interactions=interactions(("ann", "nuts", "wishlist", 3))).item("nuts")
    assert item["shelf"] == "new_for_you"
    assert item["score"] == pytest.approx(0.4 * 2 ** (-3 / 30))
    assert item["reason"] == "you wished for this on 29 May 2024"
    assert item["tags"] == ["wishlist"]


def test_a_view_moves_a_neighbour_up_but_keeps_its_reason(ann: Shop) -> None:
    viewed = replace(ann, interactions=interactions(("ann", "jam", "view", 1)))
    item = viewed.item("jam")
    assert item["score"] == pytest.approx(1 / 3 + (1 - 1 / 3) * 0.1 * 2 ** (-1 / 30), rel=0.2)
    assert item["score"] > ann.item("jam")["score"]
    assert item["reason"] == "bought together with Milk by 20+ customers"
    assert item["tags"] == ["bought_together", "view"]


def test_taking_a_product_out_of_the_cart_speaks_against_it(ann: Shop) -> None:
    cart = interactions(("ann", "oats", "add_to_cart", 1), ("ann", "oats", "remove_from_cart", 1))
    assert replace(ann, interactions=cart).homepage(count=2, due_share=0.0) == ["jam", "oats"]


def test_what_was_bought_after_the_signal_is_no_abandoned_cart(ann: Shop) -> None:
    carts = interactions(("ann", "tea", "add_to_cart", 10), ("ann", "milk", "add_to_cart", 5))
    before, after = ann.list("ann#homepage"), replace(ann, interactions=carts).list("ann#homepage")
    assert after.equals(before)


def test_signals_of_the_day_of_the_run_or_long_ago_say_nothing(ann: Shop) -> None:
    signals = interactions(("ann", "nuts", "wishlist", 0), ("ann", "nuts", "wishlist", 91))
    assert replace(ann, interactions=signals).list("ann#homepage").equals(ann.list("ann#homepage"))


NOTHING = pl.DataFrame(schema={"customer_id": pl.String, "product_id": pl.String, "last_day": pl.Date})


def test_the_strongest_signal_counts_halved_for_every_30_days() -> None:
    signals = interactions(("ann", "jam", "view", 1), ("ann", "jam", "wishlist", 30), ("ann", "tea", "add_to_cart", 60))
    found = open_interest(signals.collect(), NOTHING, as_of=AS_OF)
    assert found["product_id"].to_list() == ["jam", "tea"]
    assert found["signal"].to_list() == ["wishlist", "add_to_cart"]
    assert found["interest"].to_list() == pytest.approx([0.4 / 2, 0.5 / 4])


def test_a_purchase_on_the_day_of_the_signal_or_later_settles_it() -> None:
    signals = interactions(("ann", "jam", "wishlist", 5), ("ann", "tea", "wishlist", 5)).collect()
    bought = pl.DataFrame({"customer_id": "ann", "product_id": ["jam", "tea"], "last_day": [5, 6]}).with_columns(
        last_day=AS_OF - pl.duration(days="last_day")
    )
    assert open_interest(signals, bought, as_of=AS_OF)["product_id"].to_list() == ["tea"]


def test_interest_moves_a_score_towards_one_or_towards_zero() -> None:
    scores = pl.DataFrame({"score": [0.5, 0.5, 0.5], "interest": [0.4, -0.4, None]})
    assert scores.select(adjusted(pl.col("score"))).to_series().to_list() == pytest.approx([0.7, 0.3, 0.5])


@pytest.mark.parametrize(
    ("profile", "words", "tag"),
    [
        ({"brand_preferences": ["Sun"]}, "of Sun, a brand you prefer", "preferred_brand"),
        ({"favorite_categories": ["Spreads"]}, "in your favourite category Spreads", "favourite_category"),
    ],
)
def test_a_taste_settles_what_is_nearly_equally_new(
    ann: Shop, profile: dict[str, list[str]], words: str, tag: str
) -> None:
    near = [{**row, "score": score} for row, score in zip(neighbours("milk", "oats", "jam"), [0.50, 0.48], strict=True)]
    shop = replace(
        ann,
        neighbours=frame("neighbours", *near),
        products=ann.products.with_columns(brand=pl.when(pl.col("product_id") == "jam").then(pl.lit("Sun"))),
    )
    assert shop.homepage(count=2, due_share=0.0) == ["oats", "jam"]
    fond = replace(shop, customers=frame("customers", {"customer_id": "ann", **profile}))
    assert fond.homepage(count=2, due_share=0.0) == ["jam", "oats"]
    item = fond.item("jam", count=2, due_share=0.0)
    assert item["reason"] == f"bought together with Milk by 20+ customers, {words}"
    assert item["tags"] == ["bought_together", tag]
    silent = replace(fond, customers=fond.customers.with_columns(consent_personalisation=False))
    assert not silent.output().frames["recommendations"]["reason"].str.contains(words).any()


def test_the_first_taste_that_is_met_is_said() -> None:
    offers = pl.DataFrame({"customer_id": ["ann"] * 3, "product_id": ["jam", "nuts", "soap"]})
    people = pl.DataFrame(
        {"customer_id": ["ann"], "favorite_categories": [["Spreads"]], "brand_preferences": [["Sun", "Moon"]]}
    )
    catalogue = pl.DataFrame(
        {"product_id": ["jam", "nuts", "soap"], "category": ["Spreads", "Snacks", None], "brand": ["Sun", "Moon", None]}
    )
    assert tastes_met(offers, people, catalogue).select("product_id", "taste", "taste_tag").rows() == [
        ("jam", "in your favourite category Spreads", "favourite_category"),
        ("nuts", "of Moon, a brand you prefer", "preferred_brand"),
    ]
