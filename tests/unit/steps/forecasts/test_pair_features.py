from __future__ import annotations

from math import exp, log

import polars as pl
import pytest

from omnix_cli.steps.forecasts.evidence import evidence, shared_rhythms
from omnix_cli.steps.forecasts.pair_features import CHANCE, columns_of, with_customer_habits, with_latest_purchases
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, cycles_of, days_ago

PRODUCTS = pl.LazyFrame({"product_id": ["milk", "oats", "soap"], "category": ["food", "food", None]})


@pytest.fixture
def pairs() -> pl.DataFrame:
    lines = [("ann", "milk", days_ago(number)) for number in (3, 13, 33, 100)]
    lines += [("ann", "oats", days_ago(5)), ("ann", "soap", days_ago(1)), ("bob", "milk", days_ago(2))]
    cycles = cycles_of(purchases(*lines))
    habits = with_customer_habits(cycles, cycles, PRODUCTS)
    shared = shared_rhythms(cycles, PRODUCTS, as_of=AS_OF).lazy()
    known = evidence(habits, shared, PRODUCTS, as_of=AS_OF, personal_purchases=3)
    return with_latest_purchases(known, as_of=AS_OF)


def test_latest_purchases_are_counted_and_decayed(pairs: pl.DataFrame) -> None:
    milk = pairs.row(by_predicate=(pl.col("customer_id") == "ann") & (pl.col("product_id") == "milk"), named=True)
    assert milk["decayed_10d"] == pytest.approx(sum(exp(-age / 10) for age in (3, 13, 33, 100)), abs=1e-5)
    assert (milk["last_log_gap"], milk["log_gap_before"]) == pytest.approx((log(10), log(20)))
    assert milk["longest_log_gap"] == pytest.approx(log(67))


def test_habits_are_those_of_the_customer_in_the_category(pairs: pl.DataFrame) -> None:
    known = pairs.select("customer_id", "product_id", "category_purchase_days", "category_days")
    assert known.sort("customer_id", "product_id").rows() == [
        ("ann", "milk", 5, 3),
        ("ann", "oats", 5, 3),
        ("ann", "soap", 1, 1),
        ("bob", "milk", 1, 2),
    ]


def test_all_features_are_numbers_or_missing(pairs: pl.DataFrame) -> None:
    columns = columns_of(pairs, CHANCE)
    assert set(columns) == set(CHANCE)
    assert {values.dtype.name for values in columns.values()} == {"float64"}
