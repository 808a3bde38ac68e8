from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from omnix_cli.settings import RecommendSettings
from omnix_cli.steps.lists.assortment import assortment
from omnix_cli.stores.inputs.rule_files import product_rules
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, days_ago, frame

PLAIN = {"name": "Milk", "category": "Dairy", "brand": "Farm", "tags": ["cold"], "stock": 4}


def offered(lines: pl.DataFrame, *products: dict[str, Any], **settings: Any) -> pl.DataFrame:
    known = RecommendSettings(**settings).of_products
    step = assortment(lines.lazy(), frame("products", *products), as_of=AS_OF, rules=product_rules(), **known)
    return step.frames["assortment"]


def sold(*names: str, days: int = 5) -> pl.DataFrame:
    return purchases(*(("ann", name, days_ago(days)) for name in names))


def blocked(*products: dict[str, Any], **settings: Any) -> dict[str, str | None]:
    names = [product["product_id"] for product in products]
    rows = offered(sold(*names, "bread"), *products, {**PLAIN, "product_id": "bread", "name": "Bread"}, **settings)
    found = dict(rows.select("product_id", "blocked").iter_rows())
    assert found.pop("bread") is None
    return found


@pytest.mark.parametrize(
    ("setting", "pattern", "changes"),
    [
        ("excluded_products", "P*", {}),
        ("excluded_names", "*Light*", {"name": "Milk light 1 l"}),
        ("excluded_tags", "FROZEN", {"tags": ["new", "Frozen"]}),
        ("excluded_brands", "acme", {"brand": "ACME"}),
        ("excluded_categories", " Tobacco ", {"category": "TOBACCO"}),
    ],
)
def test_the_settings_exclude_by_id_name_tag_brand_and_category(setting: str, pattern: str, changes: Any) -> None:
    product = PLAIN | {"product_id": "p1"} | changes
    assert blocked(product) == {"p1": None}
    kind = setting.removeprefix("excluded_")
    rule = {"categories": "category"}.get(kind, kind.removesuffix("s"))
    assert blocked(product, **{setting: pattern}) == {"p1": f"excluded_{rule}"}


@pytest.mark.parametrize(("stock", "out"), [(None, False), (1, False), (0, True), (-3, True)])
def test_a_stock_of_nothing_or_less_is_out(stock: int | None, out: bool) -> None:
    product = PLAIN | {"product_id": "p1", "stock": stock}
    assert blocked(product) == {"p1": "out_of_stock" if out else None}
    for ordered in (["dairy"], ["COLD"], ["*"]):
        assert blocked(product, offer_out_of_stock=ordered) == {"p1": None}
    assert blocked(product, offer_out_of_stock=["Frozen"]) == {"p1": "out_of_stock" if out else None}


def test_with_a_catalogue_only_what_is_in_it_is_offered() -> None:
    assert offered(sold("milk", "old"), PLAIN | {"product_id": "milk"})["blocked"].to_list() == [
        None,
        "not_in_catalogue",
    ]
    assert offered(sold("milk", "old"))["blocked"].to_list() == [None, None]
    gone = PLAIN | {"product_id": "milk", "withdrawn": True}
    assert offered(sold("milk"), gone)["blocked"].to_list() == ["withdrawn"]


def test_a_catalogue_with_other_ids_says_nothing_about_what_is_sold() -> None:
    """Its ids are 101, those of the purchases 101.0: nothing would be left. One of ten joins: it is of this shop."""
    names = [f"{number}.0" for number in range(101, 111)]
    other = [PLAIN | {"product_id": name.removesuffix(".0")} for name in names]
    assert offered(sold(*names), *other)["blocked"].null_count() == 20
    joined = offered(sold(*names), *other, PLAIN | {"product_id": names[0]})
    assert joined.filter(blocked="not_in_catalogue")["product_id"].to_list() == names[1:]


def test_what_was_not_sold_lately_is_dormant_and_what_was_never_sold_is_not() -> None:
    lines = pl.concat([sold("new", days=9), sold("old", days=120)])
    rows = offered(lines, *(PLAIN | {"product_id": name} for name in ("fresh", "new", "old")))
    assert rows.filter("dormant")["product_id"].to_list() == ["old"]
    assert not offered(lines, PLAIN | {"product_id": "old"}, recent_days=111)["dormant"].any()


def test_long_after_the_last_sale_it_is_measured_from_that_sale() -> None:
    assert not offered(pl.concat([sold("a", days=400), sold("b", days=450)]))["dormant"].any()


@pytest.mark.parametrize(
    "name",
    [
        *("Versandkosten", "DHL Versand", "Frais de port", "Gift card 25 €", "10 € voucher", "Rabatt 10%", "Discount"),
        *("Adjust bad debt", "Pfand 0,25"),
    ],
)
def test_what_the_rules_name_is_no_product(name: str) -> None:
    assert blocked(PLAIN | {"product_id": "x1", "name": name}) == {"x1": "not_a_product"}


@pytest.mark.parametrize(
    "name", ["Gift card holder", "Postcard", "Tipp-Ex", "Portwein", "Sample knife", "Test cricket bat"]
)
def test_products_with_such_words_in_their_names_are_products(name: str) -> None:
    assert blocked(PLAIN | {"product_id": "x1", "name": name}) == {"x1": None}


def test_a_shop_of_vouchers_sells_vouchers() -> None:
    lines = sold("voucher", "gutschein", "milk")
    assert offered(lines)["blocked"].to_list() == [None] * 3


def test_what_never_cost_anything_is_left_out_unless_it_is_wanted() -> None:
    price = pl.when(pl.col("product_id") == "gift").then(0).otherwise(2).cast(pl.Decimal(18, 2))
    lines = sold("gift", "milk", "tea").with_columns(unit_price=price, total_price=price)
    assert offered(lines)["blocked"].to_list() == ["free", None, None]
    assert offered(lines, offer_free=True)["blocked"].to_list() == [None] * 3
    nothing_costs = lines.with_columns(unit_price=price * 0, total_price=price * 0)
    assert offered(nothing_costs)["blocked"].to_list() == [None] * 3


def test_categories_that_hold_nothing_to_eat_are_known_without_labels() -> None:
    rows = offered(
        sold("a", "b"), *(PLAIN | {"product_id": i, "category": c} for i, c in (("a", "Drogerie"), ("b", "Obst")))
    )
    assert rows["not_food"].to_list() == [True, False]
