from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from omnix_cli.protocols.steps import StepOutput, whole
from omnix_cli.settings import RecommendSettings, ShopListSettings
from omnix_cli.steps.lists.shop_lists import shop_lists
from tests.unit.steps.frames import assortment_of, frame

PRODUCTS = frame(
    "products",
    {"product_id": "milk", "name": "Milk", "category": "Dairy", "brand": "Farm"},
    {"product_id": "oats", "name": "Oats", "category": "Cereals", "brand": "Farm"},
    {"product_id": "cream", "name": "Cream", "category": "Dairy", "stock": 0},
    {"product_id": "butter", "name": "Butter", "category": "Dairy", "brand": "Farm"},
    {"product_id": "cigars", "name": "Cigars", "category": "Tobacco"},
)


def run(
    links: pl.LazyFrame | None = None,
    shop: pl.LazyFrame | None = None,
    *,
    min_support: int = 3,
    customers: bool = True,
    **parameters: Any,
) -> StepOutput:
    known = pl.LazyFrame({"customer_id": ["ann"] if customers else []}, schema={"customer_id": pl.String})
    made = shop_lists(
        frame("neighbours") if links is None else links,
        frame("popularity") if shop is None else shop,
        assortment_of(PRODUCTS, frame("cycles"), RecommendSettings(excluded_categories=("Tobacco",))),
        known,
        parameters=ShopListSettings(**parameters),
        min_support=min_support,
        max_share_of_category=0.5,
        max_alike=3,
    )
    return whole(made)


def link(neighbour: str, rank: int, **columns: Any) -> dict[str, Any]:
    return {"product_id": "milk", "neighbour_id": neighbour, "rank": rank, "score": 1 / (rank + 1), **columns}


def ranked(kind: str, *names: str, scope: str = "all", customers: int = 9) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "scope": scope, "rank": rank, "product_id": name, "score": 1 / rank, "customers": customers}
        for rank, name in enumerate(names, 1)
    ]


def lists(output: StepOutput) -> dict[str, list[str]]:
    grouped = output.frames["shop_lists"].group_by("list_id", maintain_order=True).agg("product_id")
    return dict(grouped.iter_rows())


def test_where_nobody_is_known_orders_are_counted() -> None:
    bought = frame("neighbours", link("oats", 1, customers=10, conditional=0.25))
    reasons = [run(bought, customers=known).frames["shop_lists"]["reason"].to_list() for known in (True, False)]
    assert reasons == [["bought together by 10+ customers"], ["bought together in 10+ orders"]]


def test_similar_products_say_what_makes_them_similar() -> None:
    both = link("butter", 1, customers=148, conditional=0.5, same_category=True, same_brand=True, price_similarity=0.9)
    bought = link("oats", 2, customers=10, conditional=0.25, same_category=False, same_brand=True, price_similarity=0.1)
    content = link("unknown", 3, text_similarity=0.7)
    rows = run(frame("neighbours", both, bought, content)).frames["shop_lists"]
    assert rows["list_id"].unique().to_list() == ["similar#milk"]
    assert rows["product_name"].to_list() == ["Butter", "Oats", "unknown"]
    assert rows["score"].to_list() == pytest.approx([1 / 2, 1 / 3, 1 / 4])
    assert rows["reason"].to_list() == [
        "bought together by 100+ customers; same category: Dairy; same brand: Farm; similar price",
        "bought together by 10+ customers; same brand: Farm",
        "similar description",
    ]
    assert rows["tags"].to_list() == [
        ["bought_together", "same_category", "same_brand", "similar_price"],
        ["bought_together", "same_brand"],
        ["similar_text"],
    ]
    assert rows["confidence"].to_list() == pytest.approx([0.5 * 148 / 158, 0.25 * 10 / 20, 0.0])


def test_counts_of_too_few_customers_are_not_told() -> None:
    rows = run(frame("neighbours", link("oats", 1, customers=2, conditional=1.0)), min_support=3).frames["shop_lists"]
    assert rows["reason"].to_list() == ["similar product"]
    assert rows["confidence"].to_list() == [0.0]


def test_similar_lists_skip_what_is_blocked_and_close_the_ranks() -> None:
    links = [link(name, rank) for rank, name in enumerate(("cream", "cigars", "oats", "butter"), 1)]
    rows = run(frame("neighbours", *links), similar_count=2).frames["shop_lists"]
    assert rows["product_id"].to_list() == ["oats", "butter"]
    assert rows["rank"].to_list() == [1, 2]


def test_complements_and_substitutes_are_lists_of_their_own() -> None:
    links = [
        link("butter", 1, relation="substitute", co_purchase=0.3, content=0.6, customers=9, conditional=0.5),
        link("oats", 2, relation="complement", co_purchase=0.1, content=0.0, customers=9, conditional=0.5),
        link("jam", 3, relation="complement", co_purchase=0.2, content=0.0, customers=9, conditional=0.5),
        link("quark", 4, relation="substitute", content=0.9),
        link("salt", 5),
    ]
    rows = run(frame("neighbours", *links), similar_count=2, complement_count=9, substitute_count=9)
    assert lists(rows) == {
        "complements#milk": ["jam", "oats"],
        "similar#milk": ["butter", "oats"],
        "substitutes#milk": ["quark", "butter"],
    }


def test_the_lists_of_the_shop_are_cut_and_keep_their_order() -> None:
    shop = [
        *ranked("trending", "oats", "milk", "butter"),
        *ranked("seasonal", "milk", "oats", scope="summer"),
        *ranked("seasonal", "butter", scope="winter"),
        *ranked("popular", "milk", "oats", "butter"),
    ]
    output = run(shop=frame("popularity", *shop), trending_count=2, seasonal_count=1, popular_count=3)
    assert lists(output) == {
        "popular#all": ["milk", "oats", "butter"],
        "seasonal#summer": ["milk"],
        "seasonal#winter": ["butter"],
        "trending#all": ["oats", "milk"],
    }
    rows = output.frames["shop_lists"]
    assert rows["customer_id"].null_count() == rows["shelf"].null_count() == rows.height
    assert rows["tags"].to_list() == [["popular"]] * 3 + [["seasonal"]] * 2 + [["trending"]] * 2
    none = {"similar": 0, "complements": 0, "substitutes": 0}
    assert output.figures == {**none, "trending": 2, "seasonal": 2, "popular": 3, "removed_blocked": 0}


def test_the_lists_of_the_shop_hold_nothing_blocked_or_of_few_customers() -> None:
    shop = [*ranked("popular", "cigars", "cream", "milk"), *ranked("trending", "oats", customers=2)]
    output = run(shop=frame("popularity", *shop))
    assert lists(output) == {"popular#all": ["milk"]}
    assert output.figures["removed_blocked"] == 2


def test_the_order_of_the_rows_leaves_no_trace() -> None:
    links = frame("neighbours", *(link(name, rank) for rank, name in enumerate(("oats", "butter", "cream"), 1)))
    shop = frame("popularity", *ranked("popular", "milk", "oats", "butter"), *ranked("trending", "oats", "milk"))
    shuffled = [rows.collect().sample(fraction=1.0, shuffle=True, seed=4).lazy() for rows in (links, shop)]
    assert run(*shuffled).frames["shop_lists"].equals(run(links, shop).frames["shop_lists"])


def test_an_empty_shop_has_no_lists() -> None:
    assert run().frames["shop_lists"].is_empty()
