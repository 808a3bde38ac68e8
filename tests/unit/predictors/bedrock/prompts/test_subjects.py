"""Names that are sent."""

from __future__ import annotations

import polars as pl
import pytest

from tests.unit.predictors.bedrock.shops import (
    PRODUCTS,
    ModelShop,
    frames,
)


@pytest.fixture
def shop() -> ModelShop:
    return ModelShop()


def test_personal_data_in_a_product_name_gives_way_to_the_category(shop: ModelShop) -> None:
    products = PRODUCTS.with_columns(
        name=pl.col("product_id").replace(
            {"milk": "Milk for jane@example.com", "tea": "Tea, call +49 30 901820", "soap": "Soap of c0003"}
        )
    )
    output = shop.run(frames(products=products))
    sent = "".join(turn.text for question in shop.asked_now() for turn in question.turns)
    assert output.figures["scrubbed_names"] == 3
    assert "milk|fresh|fresh|" in sent and "tea|product|-|" in sent and "soap|household|household|" in sent
    assert "jane" not in sent and "901820" not in sent and "c0003" not in sent
    assert output.figures["failed"] == 0
