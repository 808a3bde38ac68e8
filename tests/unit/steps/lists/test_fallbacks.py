from __future__ import annotations

from dataclasses import replace

import polars as pl

from omnix_cli.steps.lists.fallbacks import FIRST_BLOCK, stages
from tests.unit.steps.frames import frame, interactions
from tests.unit.steps.lists.shop import Shop, popular


def test_the_chain_goes_favourites_trends_season_popular(ann: Shop) -> None:
    trend = {"kind": "trending", "rank": 1, "product_id": "rice", "score": 0.3, "customers": 9, "reason": "rising"}
    season = {"kind": "seasonal", "scope": "summer", "rank": 1, "product_id": "salt", "score": 0.2, "customers": 9}
    winter = {"kind": "seasonal", "scope": "winter", "rank": 1, "product_id": "nuts", "score": 0.2, "customers": 9}
    listed = popular("milk", "tea", "oats", "jam", "nuts", "soap", "rice", "salt", "figs", confidence=0.07)
    shop = replace(
        ann,
        popularity=frame("popularity", *listed, trend, season, winter),
        customers=frame("customers", {"customer_id": "ann", "favorite_categories": ["Household"]}),
    )
    rows = shop.list("ann#homepage", count=9).tail(5)
    assert rows["product_id"].to_list() == ["soap", "rice", "salt", "nuts", "figs"]
    assert rows["shelf"].to_list() == ["fallback"] * 5
    assert [tags[0] for tags in rows["tags"].to_list()] == [
        "favourite_category",
        "trending",
        "seasonal",
        "popular",
        "popular",
    ]
    assert rows["reason"][0] == "in your favourite category Household, bought by many customers"
    assert rows["reason"][1] == "rising"
    assert rows["confidence"][4] == 0.07


def test_preferred_brands_fill_up_after_favourite_categories(ann: Shop) -> None:
    brands = ann.products.with_columns(brand=pl.when(pl.col("product_id").is_in(["rice", "soap"])).then(pl.lit("Sun")))
    profile = {"customer_id": "new", "favorite_categories": ["Snacks"], "brand_preferences": ["Sun", "Moon"]}
    rows = replace(ann, products=brands, customers=frame("customers", profile)).list("new#homepage", count=4)
    assert rows["product_id"].to_list() == ["nuts", "soap", "rice", "milk"]
    assert [tags[0] for tags in rows["tags"]] == ["favourite_category", "preferred_brand", "preferred_brand", "popular"]
    assert rows["reason"][1] == "of Sun, a brand you prefer, bought by many customers"


def test_customers_without_a_history_get_a_full_list(ann: Shop) -> None:
    shop = replace(
        ann,
        customers=frame("customers", {"customer_id": "new"}),
        interactions=interactions(("visitor", "salt", "view", 2)),
    )
    assert shop.homepage("new", count=8) == ["milk", "tea", "oats", "jam", "nuts", "soap", "rice", "salt"]
    assert shop.homepage("visitor", count=2) == ["salt", "milk"]


def test_a_list_is_full_even_when_most_popular_products_break_a_rule() -> None:
    names = [f"p{number:04}" for number in range(1200)]
    products = [{"product_id": name, "name": name, "price": "9.00" if name < "p1190" else "1.00"} for name in names]
    shop = Shop(
        popularity=frame("popularity", *popular(*names)),
        products=frame("products", *products),
        customers=frame("customers", {"customer_id": "ann", "budget_max": "2.00"}),
    )
    assert shop.homepage() == names[1190:]


def test_the_popular_products_come_in_growing_blocks() -> None:
    shop = frame("popularity", *popular(*(f"p{number:03}" for number in range(300)))).collect()
    catalogue = pl.DataFrame(
        {"product_id": [], "category": [], "brand": []},
        schema={"product_id": pl.String, "category": pl.String, "brand": pl.String},
    )
    _, _, _, *blocks = stages(shop, catalogue, season="summer")
    people = pl.DataFrame({"customer_id": ["ann"]})
    assert [block(people).height for block in blocks] == [FIRST_BLOCK, 4 * FIRST_BLOCK, 300 - 5 * FIRST_BLOCK]
    assert blocks[1](people)["product_id"][0] == "p050"
