from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.steps.frames import interactions
from tests.unit.steps.lists.shop import Shop


def test_a_wish_makes_a_product_an_offer(ann: Shop) -> None:
    item = replace(ann, interactions=interactions(("ann", "nuts", "wishlist", 3))).item("nuts")
    assert item["shelf"] == "new_for_you"
    assert item["score"] == pytest.approx(0.4 * 2 ** (-3 / 30))
    assert item["reason"] == "you wished for this 3 days ago"
    assert item["tags"] == ["wishlist"]


def test_a_view_moves_a_neighbour_up_but_keeps_its_reason(ann: Shop) -> None:
    viewed = replace(ann, interactions=interactions(("ann", "jam", "view", 1)))
    item = viewed.item("jam")
    assert item["score"] == pytest.approx(1 / 3 + (1 - 1 / 3) * 0.1 * 2 ** (-1 / 30), rel=0.2)
    assert item["score"] > ann.item("jam")["score"]
    assert item["reason"] == "bought together with Milk by 20 customers"
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
