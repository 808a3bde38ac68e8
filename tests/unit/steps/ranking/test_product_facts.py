"""Facts about products at any day, beside counting by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.steps.ranking.baskets import Baskets, OwnPairs
from omnix_cli.steps.ranking.product_facts import ProductFacts

LINES = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(-40, 40)), min_size=1, max_size=30
)


def history(lines: list[tuple[str, str, int]]) -> Baskets:
    return Baskets.of(pl.DataFrame(lines, schema=["customer_id", "product_id", "day"], orient="row"))


@settings(max_examples=60, deadline=None)
@given(LINES, st.integers(-60, 60))
def test_facts_count_what_was_bought_before_the_day(lines: list[tuple[str, str, int]], day: int) -> None:
    baskets = history(lines)
    facts = ProductFacts(baskets).at(np.arange(baskets.products), np.full(baskets.products, day))
    for number, product in enumerate(baskets.product_ids):
        before = sorted({(c, d) for c, p, d in lines if p == product and d < day})
        days = {c: [d for other, d in before if other == c] for c, _ in before}
        assert facts.times[number] == len(before)
        assert facts.buyers[number] == len(days)
        assert facts.exposed_days[number] == pytest.approx(sum(day - min(bought) for bought in days.values()))
        assert facts.log_gaps[number] == pytest.approx(sum(np.log(np.diff(bought)).sum() for bought in days.values()))
        assert facts.intensity[number] == pytest.approx(sum(np.exp(-(day - d) / 60) for _, d in before))
        assert facts.in_7_days[number] == sum(day - 7 <= d for _, d in before)
        assert facts.in_28_days[number] == sum(day - 28 <= d for _, d in before)


def test_best_sellers_are_those_of_28_days_then_those_of_ever() -> None:
    lines = [("a", "x", 0), ("b", "x", 1), ("a", "y", 40), ("b", "z", 40), ("b", "y", 1), ("c", "w", 60)]
    facts = ProductFacts(history(lines))
    assert facts.best_sellers(50, 2).tolist() == [2, 3]  # y, bought more often than z
    assert facts.best_sellers(50, 9).tolist() == [2, 3, 1]  # w comes later


@settings(max_examples=60, deadline=None)
@given(LINES, st.integers(-60, 60))
def test_own_pairs_count_what_the_customer_bought_before_the_day(lines: list[tuple[str, str, int]], day: int) -> None:
    baskets = history(lines)
    asked = np.full(baskets.customers, day)
    pairs = OwnPairs.of(baskets, asked, baskets.count_before(asked), np.arange(baskets.customers))
    found = zip(baskets.customer_ids.gather(pairs.customer), baskets.product_ids.gather(pairs.product), strict=True)
    for number, (customer, product) in enumerate(found):
        trips = sorted({d for c, _, d in lines if c == customer and d < day})
        bought = sorted({d for c, p, d in lines if (c, p) == (customer, product) and d < day})
        back = [len(trips) - 1 - trips.index(d) for d in bought]
        assert (pairs.times[number], pairs.first_day[number], pairs.last_day[number]) == (
            len(bought),
            bought[0],
            bought[-1],
        )
        assert pairs.recent[number] == pytest.approx(sum(0.9**b for b in back))
        assert pairs.baskets_since[number] == min(back)
        assert pairs.decayed[number] == pytest.approx(sum(2 ** (-(day - d) / 90) for d in bought))
    assert len(pairs.customer) == len({(c, p) for c, p, d in lines if d < day})
