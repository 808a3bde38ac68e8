from __future__ import annotations

import math

import pytest

from omnix_cli.kernels.blend import blended, co_purchase_score
from omnix_cli.kernels.measures import MEASURES, SUPPORT_SHIFT, Rule

RULE = Rule(MEASURES["conditional"], 5, min_support=2, min_customers=3, shrink=10.0)


def counts(support: int, customers: int) -> int:
    return (support << SUPPORT_SHIFT) | customers


def test_the_measure_is_shrunk_by_its_support() -> None:
    assert co_purchase_score(RULE, 0.0, counts(6, 3), 12.0, 99.0, 99.0) == pytest.approx(6 / 12 * 6 / 16)


@pytest.mark.parametrize(("support", "customers"), [(1, 3), (6, 2)])
def test_too_little_support_or_too_few_customers_give_no_score(support: int, customers: int) -> None:
    assert math.isnan(co_purchase_score(RULE, 0.0, counts(support, customers), 12.0, 99.0, 99.0))


def test_an_absent_part_counts_as_zero() -> None:
    assert blended(0.5, 0.3, 0.7) == pytest.approx(0.7 * 0.5 + 0.3 * 0.3)
    assert blended(math.nan, 0.3, 0.7) == pytest.approx(0.3 * 0.3)
    assert blended(0.5, math.nan, 0.7) == pytest.approx(0.7 * 0.5)
    assert blended(math.nan, math.nan, 0.7) == 0.0
