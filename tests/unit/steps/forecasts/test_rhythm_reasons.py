from __future__ import annotations

import polars as pl
import pytest

from omnix_cli.steps.forecasts.rhythm_reasons import shared_interval, shared_level


@pytest.mark.parametrize(
    ("product", "category", "expected", "days"),
    [
        ((5, 20), (5, 20), "product", 10.0),
        ((4, 20), (4, 20), "product", 10.0),
        ((3, 20), (9, 20), None, None),
        ((3, 16), (9, 40), "category", 30.0),
        ((2, 5), (9, 40), "category", 30.0),
        ((0, 19), (9, 40), "category", 30.0),
        ((0, 20), (9, 40), None, None),
        ((0, 3), (7, 40), None, None),
        ((0, 3), (None, None), None, None),
    ],
)
def test_who_tells_when_a_product_is_bought_again(
    product: tuple[int, int], category: tuple[int | None, int | None], expected: str | None, days: float | None
) -> None:
    """Customers who bought it again, of how many; of the product, and of its category."""
    row = pl.DataFrame(
        {
            "repeaters_product": [product[0]],
            "customers_product": [product[1]],
            "repeaters_category": [category[0]],
            "customers_category": [category[1]],
            "typical_gap_days_product": [10.0],
            "typical_gap_days_category": [30.0],
        },
        schema_overrides={"repeaters_category": pl.Int32, "customers_category": pl.Int32},
    )
    told = row.with_columns(shared_level=shared_level(3, 0.2))
    assert told["shared_level"].item() == expected
    assert told.select(shared_interval()).item() == days
