from __future__ import annotations

import math

import numpy as np
import pytest

from omnix_cli.kernels.blend import blended, co_purchase_score, expected_score
from omnix_cli.kernels.measures import MEASURES, SUPPORT_SHIFT, Rule

RULE = Rule(MEASURES["conditional"], 5, min_support=2, min_customers=3, shrink=10.0)


def counts(support: int, customers: int) -> int:
    return (support << SUPPORT_SHIFT) | customers


def test_the_measure_is_shrunk_by_its_support() -> None:
    assert co_purchase_score(RULE, 0.0, 6.0, counts(6, 3), 12.0, 20.0, 99.0) == pytest.approx(6 / 12 * 6 / 16)


def test_a_pair_of_large_groups_weighs_less() -> None:
    assert co_purchase_score(RULE, 0.0, 2.0, counts(6, 3), 12.0, 20.0, 99.0) == pytest.approx(6 / 12 * 2 / 12)
    at_least = RULE._replace(min_weight=3.0)
    assert math.isnan(co_purchase_score(at_least, 0.0, 2.0, counts(6, 3), 12.0, 20.0, 99.0))


def test_what_everybody_buys_is_bought_with_nothing() -> None:
    assert math.isnan(co_purchase_score(RULE, 0.0, 12.0, counts(12, 12), 12.0, 99.0, 99.0))


@pytest.mark.parametrize(("support", "customers"), [(1, 3), (6, 2)])
def test_too_little_support_or_too_few_customers_give_no_score(support: int, customers: int) -> None:
    assert math.isnan(co_purchase_score(RULE, 0.0, 6.0, counts(support, customers), 12.0, 20.0, 99.0))


def test_content_counts_as_far_as_the_purchases_do_not_know() -> None:
    assert blended(0.5, 0.3, 0.8, 0.5) == pytest.approx(0.5 + 0.2 * 0.3)
    assert blended(math.nan, 0.3, 0.0, 0.5) == pytest.approx(0.3)
    assert blended(0.5, math.nan, 0.8, 0.5) == pytest.approx(0.5)
    assert blended(math.nan, math.nan, 0.0, 0.5) == 0.0


def test_the_weight_leans_to_one_side() -> None:
    assert blended(0.5, 0.3, 0.8, 1.0) == pytest.approx(0.5)
    assert blended(0.5, 0.3, 0.8, 0.0) == pytest.approx(0.2 * 0.3)
    assert blended(0.5, 0.3, 0.8, 0.75) == pytest.approx(0.5 + 0.5 * 0.2 * 0.3)


def test_the_expected_score_lies_between_two_steps() -> None:
    expected = np.array([0.0, 0.1, 0.5])
    assert [expected_score(content, expected) for content in (0.0, 0.25, 0.75, 1.0)] == pytest.approx(
        [0.0, 0.05, 0.3, 0.5]
    )
