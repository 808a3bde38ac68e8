"""Metrics of lists beside an independent calculation, and the published conventions."""

from __future__ import annotations

from math import log2

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.steps.evaluation.judged_lists import Truth, assortment
from omnix_cli.steps.evaluation.list_metrics import CONVENTIONS, Judged, rules, values
from omnix_cli.steps.evaluation.ranked_items import NOTHING, Lists
from omnix_cli.steps.evaluation.splits import last_baskets
from tests.unit.steps.evaluation.test_splits import baskets


def by_hand(hits: list[int], wanted: int, k: int, convention: str) -> dict[str, float]:
    """Plain Python: `hits` are the places, from 1, that hit."""
    gain = (lambda place: 1 / max(1, log2(place))) if convention == "lenskit" else (lambda place: 1 / log2(place + 1))
    best = {"rectools": k, "reality-check": wanted}.get(convention, min(wanted, k))
    return {
        f"recall@{k}": len(hits) / (min(wanted, k) if convention == "lenskit" else wanted),
        f"ndcg@{k}": sum(map(gain, hits)) / sum(gain(place) for place in range(1, best + 1)),
        f"precision@{k}": len(hits) / k,
        f"hit_rate@{k}": float(bool(hits)),
        f"mrr@{k}": 1 / hits[0] if hits else 0.0,
    }


@pytest.mark.parametrize("convention", CONVENTIONS)
@given(hits=st.lists(st.integers(1, 6), unique=True, max_size=6).map(sorted), more=st.integers(0, 9), k=st.just(6))
def test_values_are_those_of_an_independent_calculation(convention: str, hits: list[int], more: int, k: int) -> None:
    wanted = max(len(hits) + more, 1)
    table = np.zeros((1, k), dtype=bool)
    table[0, [place - 1 for place in hits]] = True
    found = values(Judged(table, np.array([wanted])), convention)
    assert {name: value.item() for name, value in found.items()} == pytest.approx(by_hand(hits, wanted, k, convention))
    assert list(rules(k, convention)) == list(found)


def test_one_hit_at_place_two_of_three_has_three_ndcgs() -> None:
    judged = Judged(np.array([[False, True, False]]), np.array([1]))
    found = {name: values(judged, name)["ndcg@3"].item() for name in CONVENTIONS}
    assert found == pytest.approx(
        {"omnix": 0.6309, "reality-check": 0.6309, "rectools": 0.2961, "lenskit": 1.0}, abs=1e-4
    )


def test_who_has_no_list_counts_nothing_and_who_has_no_truth_is_left_out() -> None:
    lines = [("ann", "milk", 1), ("ann", "milk", 2), ("bob", "milk", 1), ("bob", "tea", 2)]
    split = last_baskets(baskets(lines), is_dated=True)
    lists = Lists.empty(2, 3)
    milk = split.products.to_list().index("milk")
    lists.items["repeat"][0, 0] = milk
    truth = Truth.of(split)
    assert [truth.customers(part) for part in ("all", "repeat", "new")] == [2, 1, 1]
    assert values(truth.judged(lists, "all"))["recall@3"].tolist() == [0, 0], "no list of all products"
    assert values(truth.judged(lists, "repeat"))["recall@3"].tolist() == [1], "bob's truth is new only"
    assert assortment(lists, split, "repeat").share == 1
    assert np.isnan(assortment(lists, split, "new").median_baskets)


def test_recall_of_a_whole_list_is_split_by_the_convention_of_the_reality_check() -> None:
    lines = [("ann", "milk", 1), ("ann", "milk", 2), ("ann", "tea", 2)]
    split = last_baskets(baskets(lines), is_dated=True)
    lists = Lists.empty(1, 2)
    codes = dict(zip(split.products.to_list(), range(2), strict=True))
    lists.items["all"][0] = [codes["milk"], NOTHING]
    truth = Truth.of(split)
    assert values(truth.judged(lists, "repeat", whole=True))["recall@2"].tolist() == [1]
    assert values(truth.judged(lists, "new", whole=True))["recall@2"].tolist() == [0]
    assert isinstance(split.products, pl.Series)
