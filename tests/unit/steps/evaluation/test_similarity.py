from __future__ import annotations

import math

import polars as pl
import pytest

from omnix_cli.steps.evaluation.similarity import judge, known_products, later_partners


def baskets(*lines: tuple[str, int, str]) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=["customer_id", "basket", "product_id"], orient="row")


def named(**neighbours: str) -> pl.DataFrame:
    rows = [(product, rank, other) for product, others in neighbours.items() for rank, other in enumerate(others, 1)]
    return pl.DataFrame(
        rows, schema={"product_id": pl.String, "rank": pl.Int32, "neighbour_id": pl.String}, orient="row"
    )


LATER = baskets(
    *[(name, number, product) for number, name in enumerate(("ann", "bob", "cat")) for product in "ab"],
    *[(name, number, product) for number, name in ((10, "ann"), (11, "bob")) for product in "ac"],
    *[("dan", 20 + number, product) for number in range(4) for product in "ad"],
    *[("eve", 30 + number, "e") for number in range(9)],
)


def test_partners_are_counted_by_customers_and_both_ways() -> None:
    found = later_partners(LATER, pl.Series(list("abcde")))
    gains = {(one, other): gain for one, other, gain in found.iter_rows()}
    assert gains == {("a", "b"): 3, ("b", "a"): 3, ("a", "c"): 2, ("c", "a"): 2}  # a and d: one customer


def test_what_is_together_by_chance_is_no_partner() -> None:
    everything = baskets(*[(name, number, product) for number, name in enumerate("xyz") for product in "ab"])
    assert later_partners(everything, pl.Series(["a", "b"])).is_empty()


def test_only_products_with_enough_known_baskets_are_judged() -> None:
    history = baskets(("ann", 1, "a"), ("ann", 1, "a"), ("bob", 2, "a"), ("bob", 2, "b"))
    assert known_products(history, min_baskets=2).to_list() == ["a"]
    assert later_partners(LATER, pl.Series(["a", "c"]))["neighbour_id"].to_list() == ["c", "a"]


def test_ndcg_of_lists_done_by_hand() -> None:
    partners = later_partners(LATER, pl.Series(list("abcde")))
    found = judge(named(a="ecb", b="a"), partners)
    ideal = 3 + 2 / math.log2(3)
    by_hand = {"a": (2 / math.log2(3) + 3 / math.log2(4)) / ideal, "b": 1.0, "c": 0.0}
    assert dict(found.by_product.iter_rows()) == pytest.approx(by_hand)
    assert found.ndcg == pytest.approx(sum(by_hand.values()) / 3)
    assert found.products == 3


def test_only_the_first_places_count() -> None:
    partners = later_partners(LATER, pl.Series(list("abcde")))
    assert judge(named(a="ec"), partners, places=1).ndcg == 0
    assert judge(named(), partners.clear()).products == 0
