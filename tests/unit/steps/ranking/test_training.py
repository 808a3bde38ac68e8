"""What a ranker is fitted to, and when the formula stays."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from omnix_cli.steps.ranking.baskets import NEVER, Baskets
from omnix_cli.steps.ranking.companions import matrix_of
from omnix_cli.steps.ranking.moments import Moment, Shop
from omnix_cli.steps.ranking.questions import Questions, Rows
from omnix_cli.steps.ranking.ranker import Ranker
from omnix_cli.steps.ranking.rankings import shop_of
from omnix_cli.steps.ranking.training import Labels, Sample, fit, ndcg
from tests.unit.steps.ranking.shops import shop


def opened(rows: pl.DataFrame) -> Shop:
    return shop_of(Baskets.of(rows.with_columns(pl.col("day").to_physical())), None, barred=None, threads=1)


def end_of(made: Shop) -> np.ndarray:
    return np.full(made.baskets.customers, int(made.baskets.day.max()) + 1)


def test_the_label_is_the_last_basket_of_those_who_had_one_before() -> None:
    rows = pl.DataFrame(
        [("a", "x", 1), ("a", "y", 5), ("a", "z", 9), ("b", "x", 4)],
        schema=["customer_id", "product_id", "day"],
        orient="row",
    )
    made = opened(rows)
    assert Labels.last_baskets(made, np.full(2, 9)).day.tolist() == [5, 4]
    assert Labels.last_baskets(made, np.full(2, 9)).customers.tolist() == [0]
    assert Labels.last_baskets(made, np.full(2, 1)).day.tolist() == [NEVER, NEVER]


def test_a_sample_has_everything_bought_and_a_share_of_the_rest() -> None:
    made = opened(shop())
    labels = Labels.last_baskets(made, end_of(made))
    moment = Moment(made, labels.day)
    few, many = (Sample.of(made, moment, labels, most=most) for most in (300, 10**9))
    assert few.bought.sum() == many.bought.sum() > 0
    assert few.kept_share < many.kept_share == 0.3
    assert (~few.bought).sum() < (~many.bought).sum()


def test_joined_samples_know_which_share_of_the_rest_they_have() -> None:
    made = opened(shop())
    labels = Labels.last_baskets(made, end_of(made))
    few, many = (Sample.of(made, Moment(made, labels.day), labels, most=most) for most in (300, 10**9))
    both = few.joined(many)
    assert len(both.features) == len(both.weight) == len(few.known) + len(many.known)
    left = [(~one.bought).sum() for one in (few, many)]
    assert sum(left) / both.kept_share == pytest.approx(left[0] / few.kept_share + left[1] / many.kept_share)
    assert few.joined(None) is few


def test_few_label_baskets_leave_the_formula() -> None:
    made = opened(shop(customers=20))
    ranker = fit(made, end_of(made), min_label_baskets=21)
    assert (ranker.kind("known"), ranker.kind("new")) == ("formula", "formula")
    assert ranker.figures["known"] == {"label_baskets": 20.0}


def test_a_model_that_is_not_better_leaves_the_formula() -> None:
    """Everybody buys anything, so nothing can be learned."""
    random = np.random.default_rng(7)
    lines = [(f"c{c:03}", f"p{p:02}", 7 * w) for c in range(80) for w in range(5) for p in random.choice(40, 3, False)]
    made = opened(pl.DataFrame(lines, schema=["customer_id", "product_id", "day"], orient="row"))
    ranker = fit(made, end_of(made), min_label_baskets=10)
    assert ranker.kind("known") == "formula"
    assert ranker.figures["known"]["logistic_gain"] <= ranker.figures["known"]["logistic_error"]


def test_a_ranker_read_back_from_its_frame_scores_the_same() -> None:
    made = opened(shop())
    end = end_of(made)
    ranker = fit(made, end, method="boosting", min_label_baskets=2)
    again = Ranker.of(ranker.frame())
    assert again.kind("known") == "boosting"
    for chunk in Questions(made, Moment(made, end), end, np.arange(made.baskets.customers)).chunks():
        rows = chunk.rows()
        assert np.array_equal(ranker.scores(chunk, rows)[0], again.scores(chunk, rows)[0])


def test_ndcg_cuts_the_ideal_list_and_breaks_ties_by_product() -> None:
    row, product = np.repeat(np.arange(3), 3), np.tile(np.arange(3), 3)
    rows = Rows(row, row, product, np.ones(9, dtype=np.bool_))
    truth = matrix_of(np.array([0, 1, 1]), np.array([1, 0, 2]), np.ones(3), (3, 3))
    found = ndcg(rows, np.array([3.0, 2.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), truth)
    assert found[:2] == pytest.approx([1 / np.log2(3), (1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3))])
    assert np.isnan(found[2])
