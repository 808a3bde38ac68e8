"""The features of one customer's products, computed by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from omnix_cli.steps.lists.next_basket import next_basket
from omnix_cli.steps.ranking.baskets import Baskets
from omnix_cli.steps.ranking.features import NAMES, features, formula
from omnix_cli.steps.ranking.moments import Moment
from omnix_cli.steps.ranking.questions import Chunk, Questions, Rows
from omnix_cli.steps.ranking.rankings import shop_of
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, cycles_of, days_ago

LINES = (
    *(("ann", "milk", age) for age in (3, 10, 24)),
    *(("ann", "tea", age) for age in (10, 60)),
    *(("bob", "milk", age) for age in (5, 40)),
    ("bob", "oats", 5),
)


def chunk() -> Chunk:
    rows = pl.DataFrame(LINES, schema=["customer_id", "product_id", "day"], orient="row").with_columns(
        day=-pl.col("day")
    )
    categories = pl.DataFrame({"product_id": ["milk", "oats"], "category": ["Dairy", "Cereals"]})
    made = shop_of(Baskets.of(rows), categories, barred=None, threads=1)
    asked = np.zeros(2, dtype=np.int64)
    return next(Questions(made, Moment(made, asked), asked, np.arange(2)).chunks())


def test_all_own_products_and_popular_ones_are_in_question() -> None:
    rows = chunk().rows()
    assert list(zip(rows.customer, rows.product, rows.known, strict=True)) == [
        (0, 0, True),  # milk
        (0, 1, False),  # oats
        (0, 2, True),  # tea
        (1, 0, True),
        (1, 1, True),  # bob did not buy tea, and neither did anybody within 28 days but ann
        (1, 2, False),
    ]


def test_the_features_of_a_pair_are_what_they_say() -> None:
    asked = chunk()
    rows: Rows = asked.rows()
    found = dict(zip(NAMES, features(asked, rows).T, strict=True))
    milk = 0  # ann's baskets: 60, 24, 10 and 3 days ago
    assert found["since_first"][milk] == pytest.approx(np.log1p(24))
    assert found["since_last"][milk] == pytest.approx(np.log1p(3))
    assert found["recent"][milk] == pytest.approx(np.log(1 + 0.9 + 0.81 + 0.01))
    assert found["share_of_baskets"][milk] == pytest.approx(np.log(3.3 / 5))
    assert found["buyers_7d"][milk] == pytest.approx(np.log(2.5))
    assert found["visits_28d"][milk] == pytest.approx(np.log(3.5))
    assert found["basket_size"][milk] == pytest.approx(np.log(5 / 4 + 0.1))
    assert found["kept_share"][milk] == pytest.approx(np.log(2.5 / 7))  # in the last baskets of both buyers
    tea = 2
    assert found["baskets_since"][tea] == pytest.approx(np.log1p(1))
    assert found["visits_since"][tea] == pytest.approx(np.log1p(7))
    assert found["category"][tea] == pytest.approx(np.log(1e-3))  # tea has none


def test_the_formula_is_that_of_the_lists() -> None:
    asked = chunk()
    rows = asked.rows()
    cycles = cycles_of(purchases(*((customer, product, days_ago(age)) for customer, product, age in LINES))).collect()
    shares = pl.DataFrame({"product_id": ["milk", "oats", "tea"], "repeat_share": [4 / 9, 1 / 5, 2 / 6]})
    theirs = next_basket(cycles, shares, as_of=AS_OF)["basket_score"]
    assert formula(features(asked, rows), rows.known)[rows.known] == pytest.approx(theirs.to_numpy(), rel=1e-4)
