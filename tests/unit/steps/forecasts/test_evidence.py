from __future__ import annotations

from datetime import date
from math import log

import polars as pl
import pytest

from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.forecasts.evidence import evidence, shared_rhythms
from tests.conftest import purchases

AS_OF = date(2024, 3, 1)
PRODUCTS = pl.LazyFrame({"product_id": ["oats", "rye"], "category": ["grain", "grain"]})
LINES = purchases(
    ("ann", "oats", "2024-01-01"),
    ("ann", "oats", "2024-01-09"),
    ("ann", "oats", "2024-02-10"),
    ("bob", "oats", "2024-02-20"),
    ("bob", "rye", "2024-02-25"),
)


def told(pairs: pl.DataFrame, rhythms: pl.DataFrame) -> dict[tuple[str, str], dict[str, object]]:
    frame = evidence(pairs.lazy(), rhythms.lazy(), PRODUCTS, as_of=AS_OF, personal_purchases=3).collect()
    return {(row["customer_id"], row["product_id"]): row for row in frame.to_dicts()}


@pytest.fixture
def pairs() -> pl.DataFrame:
    return cycles(LINES.lazy(), as_of=AS_OF).frames["cycles"]


@pytest.fixture
def rhythms(pairs: pl.DataFrame) -> pl.DataFrame:
    return shared_rhythms(pairs.lazy(), PRODUCTS, as_of=AS_OF)


def test_a_personal_rhythm_leans_on_the_product_s(pairs: pl.DataFrame, rhythms: pl.DataFrame) -> None:
    product = rhythms.filter(level="product", key="oats").to_dicts()[0]
    ann = told(pairs, rhythms)["ann", "oats"]
    assert ann["own_gaps"] == 2
    assert ann["product_log_gap"] == product["mean_log_gap"]
    assert ann["own_log_gap"] == pytest.approx((log(8) + log(32) + 3 * product["mean_log_gap"]) / 5, abs=1e-5)
    variance = ((log(32) - log(8)) / 2) ** 2
    assert ann["own_spread"] == pytest.approx((2 * variance + 3 * 1) / 5, abs=1e-5)
    assert ann["base_rate"] == pytest.approx((2 + 2) / (60 + 2 / product["daily_rate"]))
    assert (ann["elapsed_days"], ann["visit_days"], ann["history_days"], ann["sold_days"]) == (20, 20, 60, 10)


def test_below_three_purchases_the_product_s_rhythm_stands_alone(pairs: pl.DataFrame, rhythms: pl.DataFrame) -> None:
    bob = told(pairs, rhythms)["bob", "oats"]
    assert bob["own_gaps"] == 0
    assert (bob["own_log_gap"], bob["own_spread"]) == (bob["product_log_gap"], 1.0)


def test_a_product_without_a_rhythm_takes_its_category_s(pairs: pl.DataFrame, rhythms: pl.DataFrame) -> None:
    known = rhythms.filter(pl.col("key") != "rye")
    category = rhythms.filter(level="category").to_dicts()[0]
    rye = told(pairs, known)["bob", "rye"]
    assert rye["product_log_gap"] == category["mean_log_gap"]
    assert rye["sold_days"] == 5


def test_without_category_the_rhythm_of_everything_is_left(pairs: pl.DataFrame, rhythms: pl.DataFrame) -> None:
    everything = rhythms.filter(level="global")
    assert told(pairs, everything)["bob", "rye"]["product_log_gap"] == everything["mean_log_gap"].item()
