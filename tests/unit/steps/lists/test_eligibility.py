from __future__ import annotations

from dataclasses import replace

import polars as pl

from omnix_cli.steps.lists.eligibility import Rules
from tests.unit.steps.frames import frame
from tests.unit.steps.lists.shop import Shop, popular


def test_excluded_categories_are_offered_to_nobody(ann: Shop) -> None:
    output = ann.output(excluded_categories=("DAIRY", "Snacks"))
    assert not {"milk", "nuts"} & set(output.frames["recommendations"]["product_id"])
    assert output.figures["removed_excluded_category"] == 4  # milk as due and as usual, both as fall-backs


def test_what_is_out_of_stock_is_not_offered(ann: Shop) -> None:
    gone = ann.products.with_columns(stock=pl.when(pl.col("product_id") == "oats").then(0).otherwise(pl.lit(5)))
    output = replace(ann, products=gone).output()
    assert "oats" not in output.frames["recommendations"]["product_id"].to_list()
    assert output.figures["removed_out_of_stock"] == 2  # as a neighbour, and again as a fall-back


def test_what_few_customers_bought_is_offered_only_to_those_who_did(ann: Shop) -> None:
    rare = frame("popularity", *popular("milk", "jam", customers=2), *popular("nuts"))
    output = replace(ann, popularity=rare).output(count=5, usual_count=0)
    assert output.frames["recommendations"]["product_id"].to_list() == ["milk", "tea", "nuts"]
    assert output.figures["removed_min_support"] == 3  # oats and jam as neighbours, jam as a fall-back


def test_prices_outside_of_the_budget_are_not_offered(ann: Shop) -> None:
    prices = {"milk": "0.99", "oats": "3.00", "jam": "3.01"}
    price = pl.col("product_id").replace_strict(prices, default="2.00").cast(pl.Decimal(18, 2))
    shop = replace(
        ann,
        products=ann.products.with_columns(price=price),
        customers=frame("customers", {"customer_id": "ann", "budget_min": "1.00", "budget_max": "3.00"}),
    )
    output = shop.output(count=4)
    offered = output.frames["recommendations"]["product_id"].to_list()
    assert {"oats", "milk"} <= set(offered)  # ann buys milk anyway
    assert "jam" not in offered


def test_an_unknown_price_passes_the_budget(ann: Shop) -> None:
    shop = replace(
        ann,
        products=ann.products.with_columns(price=pl.lit(None, pl.Decimal(18, 2))),
        customers=frame("customers", {"customer_id": "ann", "budget_max": "1.00"}),
    )
    assert shop.homepage() == ann.homepage()


def test_a_diet_must_be_covered_and_unknown_food_is_no_risk_to_take(ann: Shop) -> None:
    labels = {"milk": ["vegan", "gluten-free"], "oats": ["Vegan"], "jam": ["gluten-free"], "nuts": []}
    facts = [
        {"product_id": "milk", "category": "Dairy"},
        {"product_id": "oats", "category": "Cereals"},
        {"product_id": "rice", "category": "Cereals"},
        {"product_id": "jam", "category": "Spreads"},
        {"product_id": "soap", "category": "Household"},
        {"product_id": "nuts", "category": None},
    ]
    rows = [{**fact, "name": fact["product_id"], "dietary": labels.get(str(fact["product_id"]), [])} for fact in facts]
    shop = replace(
        ann,
        products=frame("products", *rows),
        customers=frame("customers", {"customer_id": "ann", "dietary_restrictions": ["vegan"]}),
    )
    assert set(shop.homepage()) == {"milk", "oats", "soap"}


def test_a_catalogue_without_any_dietary_label_has_nothing_for_a_diet(ann: Shop) -> None:
    vegan = frame("customers", {"customer_id": "ann", "dietary_restrictions": ["vegan"]})
    assert replace(ann, customers=vegan).homepage() == []


def test_rules_hold_for_replenishment_too(ann: Shop) -> None:
    due = replace(ann, predictions=ann.predictions.with_columns(urgency=pl.lit("urgent")))
    assert due.list("ann#replenishment", excluded_categories=("Dairy",))["product_id"].to_list() == ["tea"]


def test_an_offer_is_counted_at_the_first_rule_it_breaks() -> None:
    facts = [
        {"product_id": "cigars", "blocked": "excluded_category", "price": "9.00"},
        {"product_id": "ham", "blocked": "out_of_stock", "price": "9.00"},
        {"product_id": "wine", "price": "9.00"},
        {"product_id": "rum", "price": "9.00", "dormant": True},
    ]
    plain = {"not_food": False, "dormant": False, "never_named": False}
    offered = frame("assortment", *(plain | fact for fact in facts)).with_columns(customers=pl.lit(9)).collect()
    people = frame("customers", {"customer_id": "ann", "budget_max": "5.00"}).collect()
    bought = pl.DataFrame({"customer_id": ["ann"] * 2, "product_id": ["beer", "toy"], "returned": [False, True]})
    rules = Rules(offered, people, bought, min_support=3)
    names = ["cigars", "ham", "wine", "rum", "unknown", "beer", "toy"]
    offers = pl.DataFrame(
        {"customer_id": ["ann"] * 7, "product_id": names, "shelf": ["new_for_you"] * 7, "tags": [["later"]] * 7}
    )
    assert rules(offers)["product_id"].to_list() == ["beer"]
    broken = {rule.removeprefix("removed_") for rule, offers in rules.removed.items() if offers}
    assert broken == {"excluded_category", "out_of_stock", "budget", "dormant", "min_support", "returned"}
    in_season = offers.filter(pl.col("product_id") == "rum").with_columns(tags=pl.lit(["seasonal"]))
    assert rules(in_season).is_empty()
    assert rules.removed["removed_budget"] == 2


def test_who_gets_no_list_is_told_with_the_rule_that_took_most() -> None:
    offered = frame("assortment", *({"product_id": name, "price": "9.00", **_OPEN} for name in "abc"))
    people = frame(
        "customers",
        {"customer_id": "ann", "budget_max": "5.00"},
        {"customer_id": "bob", "dietary_restrictions": ["vegan"]},
        {"customer_id": "cat"},
    ).collect()
    nothing = pl.DataFrame(schema={"customer_id": pl.String, "product_id": pl.String, "returned": pl.Boolean})
    rules = Rules(offered.with_columns(customers=pl.lit(9)).collect(), people, nothing, min_support=3)
    offers = people.select("customer_id").join(pl.DataFrame({"product_id": list("abc")}), how="cross")
    kept = rules(offers.with_columns(shelf=pl.lit("fallback"), tags=pl.lit(["popular"])))
    assert set(kept["customer_id"]) == {"cat"}
    assert rules.unlisted(people, kept).rows() == [("ann", "budget"), ("bob", "dietary")]


_OPEN = {"not_food": False, "dormant": False, "never_named": False}
