from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from omnix_cli.steps.lists.tastes import tastes_met
from tests.unit.steps.frames import frame
from tests.unit.steps.lists.shop import Shop, neighbours


@pytest.mark.parametrize(
    ("profile", "words", "tag"),
    [
        ({"brand_preferences": ["Sun"]}, "of Sun, a brand you prefer", "preferred_brand"),
        ({"favorite_categories": ["Spreads"]}, "in your favourite category Spreads", "favourite_category"),
    ],
)
def test_a_taste_settles_what_is_nearly_equally_new(
    ann: Shop, profile: dict[str, list[str]], words: str, tag: str
) -> None:
    near = [{**row, "score": score} for row, score in zip(neighbours("milk", "oats", "jam"), [0.50, 0.48], strict=True)]
    shop = replace(
        ann,
        neighbours=frame("neighbours", *near),
        products=ann.products.with_columns(brand=pl.when(pl.col("product_id") == "jam").then(pl.lit("Sun"))),
    )
    assert shop.homepage(count=2, due_share=0.0) == ["oats", "jam"]
    fond = replace(shop, customers=frame("customers", {"customer_id": "ann", **profile}))
    assert fond.homepage(count=2, due_share=0.0) == ["jam", "oats"]
    item = fond.item("jam", count=2, due_share=0.0)
    assert item["reason"] == f"bought together with Milk by 20 customers, {words}"
    assert item["tags"] == ["bought_together", tag]
    silent = replace(fond, customers=fond.customers.with_columns(consent_personalisation=False))
    assert not silent.output().frames["recommendations"]["reason"].str.contains(words).any()


def test_the_first_taste_that_is_met_is_said() -> None:
    offers = pl.DataFrame({"customer_id": ["ann"] * 3, "product_id": ["jam", "nuts", "soap"]})
    people = pl.DataFrame(
        {"customer_id": ["ann"], "favorite_categories": [["Spreads"]], "brand_preferences": [["Sun", "Moon"]]}
    )
    catalogue = pl.DataFrame(
        {"product_id": ["jam", "nuts", "soap"], "category": ["Spreads", "Snacks", None], "brand": ["Sun", "Moon", None]}
    )
    assert tastes_met(offers, people, catalogue).select("product_id", "taste", "taste_tag").rows() == [
        ("jam", "in your favourite category Spreads", "favourite_category"),
        ("nuts", "of Moon, a brand you prefer", "preferred_brand"),
    ]
