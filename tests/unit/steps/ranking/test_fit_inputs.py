from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from omnix_cli.steps.ranking.fit_inputs import fit_day, fitted_products, fitted_purchases
from tests.conftest import purchases


@pytest.mark.parametrize("day", [date(2018, 1, 8), date(2018, 1, 10), date(2018, 1, 14)])
def test_a_ranker_serves_from_monday_to_sunday(day: date) -> None:
    assert fit_day(day) == date(2018, 1, 8)


def test_a_fit_uses_the_lines_of_earlier_days_and_the_categories() -> None:
    lines = purchases(("ann", "milk", "2018-01-07"), ("ann", "tea", "2018-01-08"))
    assert fitted_purchases(lines.lazy(), date(2018, 1, 8)).collect()["product_id"].to_list() == ["milk"]
    products = pl.LazyFrame({"product_id": ["milk"], "name": ["Milk"], "category": ["Dairy"]})
    assert fitted_products(products, date(2018, 1, 8)).collect().columns == ["product_id", "category"]
