"""Complements and substitutes: what two neighbours are to each other."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.steps.neighbours.solving import pair, products, purchases, solve

CATALOGUE = products(
    {"product_id": "beans", "name": "Beans", "category": "coffee", "price": 9},
    {"product_id": "grounds", "name": "Grounds", "category": "coffee", "price": 9},
    {"product_id": "decaf", "name": "Ground decaf", "category": "coffee", "price": 9},
    {"product_id": "filters", "name": "Paper filters", "category": "kitchen", "price": 2},
    {"product_id": "soap", "name": "Soap", "category": "bath", "price": 2},
)
OTHERS = [(f"x{number}", "soap", None, 9, 1, None) for number in range(12)]


def shop(*baskets: tuple[str, int, str]) -> pl.DataFrame:
    lines = [(name, product, None, day, 1, None) for name, day, bought in baskets for product in bought.split()]
    return purchases(*lines, *OTHERS)


DRINKERS = shop(
    *[(f"b{number}", 5, "beans filters") for number in range(4)],
    *[(f"g{number}", 5, "grounds filters") for number in range(4)],
    *[(f"b{number}", 90, "grounds") for number in range(4)],
    *[(f"d{number}", 5, "grounds decaf") for number in range(4)],
)


def relation(output, product: str, neighbour: str) -> str | None:
    return pair(output, product, neighbour)["relation"]


def test_a_filter_completes_coffee_and_other_coffee_replaces_it() -> None:
    output = solve(DRINKERS, CATALOGUE)
    assert relation(output, "beans", "filters") == relation(output, "filters", "beans") == "complement"
    assert relation(output, "beans", "grounds") == "substitute"  # the same customers, but never in one basket
    assert pair(output, "beans", "grounds")["content"] >= 0.5


def test_what_is_in_one_basket_replaces_nothing() -> None:
    assert relation(solve(DRINKERS, CATALOGUE), "grounds", "decaf") != "substitute"


def test_content_leads_where_nothing_was_bought() -> None:
    output = solve(purchases(), CATALOGUE)
    assert relation(output, "beans", "decaf") == "substitute"
    assert output.frames["neighbours"].filter(relation="complement").is_empty()


def test_nearly_the_same_product_completes_nothing() -> None:
    twins = products(*({"product_id": name, "name": "Cola can", "category": "cola"} for name in ("a", "b")))
    lines = shop(*[(name, 5, "a b") for name in ("ann", "bob", "cat")])
    both = pair(solve(lines, twins), "a", "b")
    assert both["co_purchase"] is not None
    assert both["relation"] is None


def test_a_fifth_of_the_places_is_kept_for_the_same_need() -> None:
    lines = shop(*[(f"c{number}", 5, " ".join(f"p{other}" for other in range(6)) + " beans") for number in range(4)])
    others = products(*({"product_id": f"p{number}", "name": f"P{number}"} for number in range(6)))
    near = solve(lines, pl.concat([CATALOGUE, others]), neighbours=5).frames["neighbours"].filter(product_id="beans")
    assert near.height == 5
    assert near["relation"].to_list().count("substitute") == 1
    assert near["score"].is_sorted(descending=True)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([f"c{number}" for number in range(8)]),
            st.integers(1, 4),
            st.sampled_from(["beans", "grounds", "decaf", "filters", "soap"]),
        ),
        max_size=40,
    ),
    st.sampled_from(["customer", "basket"]),
)
def test_the_rules_of_relations_hold_for_any_history(lines: list[tuple[str, int, str]], basis: str) -> None:
    near = solve(shop(*lines), CATALOGUE, basis=basis, min_support=2, min_customers=2).frames["neighbours"]
    together = near.filter(pl.col("co_purchase").is_not_null())
    assert (together["lift"] > 1).all()
    assert (together["customers"] >= 2).all()
    assert near.filter(pl.col("lift").is_not_null(), pl.col("co_purchase").is_null()).is_empty()
    complements, substitutes = (near.filter(relation=name) for name in ("complement", "substitute"))
    assert complements["co_purchase"].null_count() == 0
    assert substitutes["same_category"].all()
    baskets = {(customer, day): set() for customer, day, _ in lines}
    for customer, day, product in lines:
        baskets[customer, day].add(product)
    for row in substitutes.iter_rows(named=True):
        both = {row["product_id"], row["neighbour_id"]}
        shared = sum(both <= basket for basket in baskets.values())
        rarer = min(sum(name in basket for basket in baskets.values()) for name in both)
        assert shared <= 0.05 * rarer + 1e-9
