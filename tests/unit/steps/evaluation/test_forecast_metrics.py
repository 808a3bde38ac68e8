from __future__ import annotations

from math import log, log2

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from omnix_cli.steps.evaluation.forecast_metrics import (
    area_under_curve,
    auc_of,
    brier_of,
    brier_score,
    calibration_error,
    calibration_of,
    coverage,
    date_errors,
    log_loss,
    mean_of,
    median_of,
    reliability,
)
from tests.measures import ndcg_at_k, recall_at_k

PROBABILITY = np.array([0.1, 0.4, 0.4, 0.8, 0.95, 0.2])
HAPPENED = np.array([False, False, True, True, True, False])


def test_date_errors_by_hand() -> None:
    errors = date_errors(np.array([3.0, 10.0, 20.0, 8.0]), np.array([3.0, 9.0, 13.0, 30.0]))
    assert (errors.mean, errors.median) == ((0 + 1 + 7 + 22) / 4, 4.0)
    assert (errors.within_1_day, errors.within_7_days) == (0.5, 0.75)


def test_scores_agree_with_scikit_learn() -> None:
    assert area_under_curve(PROBABILITY, HAPPENED) == pytest.approx(roc_auc_score(HAPPENED, PROBABILITY))
    assert brier_score(PROBABILITY, HAPPENED) == pytest.approx(brier_score_loss(HAPPENED, PROBABILITY))
    assert log_loss(PROBABILITY, HAPPENED) == pytest.approx(sklearn_log_loss(HAPPENED, PROBABILITY))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_auc_is_the_share_of_pairs_in_the_right_order(cases: list[tuple[int, bool]]) -> None:
    yes, no = ([score for score, happened in cases if happened is kind] for kind in (True, False))
    score, happened = (np.array(column) for column in zip(*cases, strict=True))
    found = area_under_curve(score.astype(float), happened)
    if not yes or not no:
        assert np.isnan(found)
    else:
        right = sum((high > low) + 0.5 * (high == low) for high in yes for low in no)
        assert found == pytest.approx(right / (len(yes) * len(no)))


def test_a_certain_mistake_costs_much_but_not_infinity() -> None:
    assert log_loss(np.array([1.0]), np.array([False])) == pytest.approx(-log(1e-9), rel=1e-6)


def test_reliability_table_by_hand() -> None:
    table = reliability(PROBABILITY, HAPPENED, bins=5)
    assert table["from"].to_list() == [0.0, 0.2, 0.4, 0.8]
    assert table["cases"].to_list() == [1, 1, 2, 2]
    assert table["predicted"].to_list() == pytest.approx([0.1, 0.2, 0.4, 0.875])
    assert table["happened"].to_list() == [0.0, 0.0, 0.5, 1.0]
    assert calibration_error(table) == pytest.approx((0.1 + 0.2 + 2 * 0.1 + 2 * 0.125) / 6)


def test_a_probability_of_one_is_in_the_last_bin() -> None:
    assert reliability(np.array([1.0]), np.array([True]))["from"].to_list() == [0.9]


def test_coverage_counts_both_ends() -> None:
    days = np.array([1.0, 2.0, 5.0, 6.0])
    assert coverage(np.full(4, 2.0), np.full(4, 5.0), days) == 0.5


RECOMMENDED = pl.DataFrame(
    {"customer_id": ["a", "a", "a", "b", "b"], "product_id": ["x", "y", "z", "x", "w"], "rank": [1, 2, 3, 1, 2]}
)
TRUTH = pl.DataFrame({"customer_id": ["a", "a", "b", "c"], "product_id": ["y", "z", "q", "x"]})


def test_recall_and_ndcg_by_hand() -> None:
    assert recall_at_k(RECOMMENDED, TRUTH, 2) == pytest.approx((1 / 2 + 0 + 0) / 3)
    assert recall_at_k(RECOMMENDED, TRUTH, 3) == pytest.approx((2 / 2 + 0 + 0) / 3)
    ideal = 1 / log2(2) + 1 / log2(3)
    assert ndcg_at_k(RECOMMENDED, TRUTH, 2) == pytest.approx(1 / log2(3) / ideal / 3)
    assert ndcg_at_k(RECOMMENDED, TRUTH, 3) == pytest.approx((1 / log2(3) + 1 / log2(4)) / ideal / 3)


def test_the_ideal_list_is_no_longer_than_the_list() -> None:
    one = RECOMMENDED.filter(customer_id="a", rank=2)
    assert ndcg_at_k(one.with_columns(rank=pl.lit(1)), TRUTH.filter(customer_id="a"), 1) == 1.0


def test_nobody_to_judge_gives_no_number() -> None:
    assert np.isnan(recall_at_k(RECOMMENDED, TRUTH.clear(), 3))


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 3)), min_size=1, max_size=25))
def test_a_weight_of_n_is_the_case_n_times(cases: list[tuple[int, bool, int]]) -> None:
    probability, happened, weight = (np.array(column) for column in zip(*cases, strict=True))
    probability = probability / 10
    repeated = probability.repeat(weight), happened.repeat(weight)
    for prepared in (auc_of, brier_of, calibration_of):
        weighted = prepared(probability, happened)(weight.astype(float))
        assert weighted == pytest.approx(prepared(*repeated)(np.ones(weight.sum())), nan_ok=True)
    assert mean_of(probability)(weight.astype(float)) == pytest.approx(
        repeated[0].mean() if len(repeated[0]) else np.nan, nan_ok=True
    )
    assert median_of(probability)(weight.astype(float)) == pytest.approx(
        np.median(repeated[0]) if len(repeated[0]) else np.nan, nan_ok=True
    )


def test_the_calibration_error_of_cases_is_that_of_the_table() -> None:
    alike = calibration_of(PROBABILITY, HAPPENED)(np.ones(len(HAPPENED)))
    assert alike == pytest.approx(calibration_error(reliability(PROBABILITY, HAPPENED)))
