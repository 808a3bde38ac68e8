from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from omnix_cli.settings import PrivacySettings, RecommendSettings
from omnix_cli.steps.lists.popularity import popularity
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, assortment_of, days_ago, frame, interactions, rankings_of
from tests.unit.steps.lists.shop import Line, Shop, shop_of

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking whole shops takes minutes


def test_without_consent_only_what_is_popular_with_everybody_is_shown(ann: Shop) -> None:
    shop = replace(
        ann,
        predictions=ann.predictions.with_columns(urgency=pl.lit("urgent")),
        interactions=interactions(("ann", "nuts", "wishlist", 3)),
        customers=frame(
            "customers",
            {
                "customer_id": "ann",
                "consent_personalisation": False,
                "favorite_categories": ["Household"],
                "budget_max": "1.00",
            },
        ),
    )
    rows = shop.output(count=3).frames["recommendations"]
    assert rows["product_id"].to_list() == ["milk", "tea", "oats"]
    assert rows["shelf"].to_list() == ["fallback"] * 3
    assert rows["tags"].to_list() == [["popular"]] * 3
    assert rows["reason"].to_list() == ["bought by many customers"] * 3
    assert rows["list_id"].unique().to_list() == ["ann#homepage"]


def test_where_a_profile_says_nothing_the_settings_decide_on_consent(ann: Shop) -> None:
    shop = replace(ann, customers=frame("customers", {"customer_id": "ann"}))
    silent = shop.output(privacy=PrivacySettings(consent_personalisation=False)).frames["recommendations"]
    assert silent["shelf"].unique().to_list() == ["fallback"]
    assert shop.homepage() == ann.homepage()


PRODUCTS = [f"p{number}" for number in range(12)]


CUSTOMERS = [f"customer-{letter}-only" for letter in "abcdefg"]


CATEGORIES = ["Dairy", "Snacks", "Tobacco", None]


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """A shop of some histories, profiles and signals; its neighbours are the plain counts of common customers."""
    customer, product = st.sampled_from(CUSTOMERS), st.sampled_from(PRODUCTS)
    lines = draw(st.lists(st.tuples(customer, product, st.integers(1, 200).map(days_ago)), min_size=1, max_size=60))
    signals = draw(
        st.lists(
            st.tuples(
                customer,
                product,
                st.sampled_from(["view", "wishlist", "add_to_cart", "remove_from_cart"]),
                st.integers(0, 99),
            ),
            max_size=8,
        )
    )
    profile = st.fixed_dictionaries(
        {
            "dietary_restrictions": st.sampled_from([[], [], ["vegan"]]),
            "favorite_categories": st.sampled_from([[], ["Dairy"], ["Snacks", "Dairy"]]),
            "brand_preferences": st.sampled_from([[], ["Sun"]]),
            "budget_max": st.sampled_from([None, "3.00", "6.00"]),
            "consent_personalisation": st.sampled_from([None, True, False]),
        }
    )
    profiles = draw(st.dictionaries(customer, profile, max_size=4))
    fact = st.fixed_dictionaries(
        {
            "category": st.sampled_from(CATEGORIES),
            "brand": st.sampled_from([None, "Sun"]),
            "price": st.sampled_from([None, "1.00", "5.00", "9.00"]),
            "stock": st.sampled_from([None, 0, 7]),
            "dietary": st.sampled_from([[], ["vegan"]]),
        }
    )
    bought = purchases(*lines)
    products = frame("products", *({"product_id": name, "name": f"Product {name}", **draw(fact)} for name in PRODUCTS))
    signalled = interactions(*signals)
    return shop_of(
        lines,
        neighbours=common_customers(lines),
        popularity=popularity(
            bought.lazy(),
            signalled,
            products,
            as_of=AS_OF,
            trending_window_days=28,
            hemisphere="northern",
            min_customers=2,
        )
        .frames["popularity"]
        .lazy(),
        customers=frame("customers", *({"customer_id": name, **facts} for name, facts in profiles.items())),
        interactions=signalled,
        products=products,
    )


def common_customers(lines: list[Line]) -> pl.LazyFrame:
    buyers: dict[str, set[str]] = {}
    for customer, product, _ in lines:
        buyers.setdefault(product, set()).add(customer)
    links = []
    for one, other in combinations(sorted(buyers), 2):
        both = len(buyers[one] & buyers[other])
        for source, target in ((one, other), (other, one)):
            share = both / len(buyers[source])
            if both:
                links.append(
                    {
                        "product_id": source,
                        "neighbour_id": target,
                        "score": share,
                        "conditional": share,
                        "customers": both,
                    }
                )
    return frame("neighbours", *links)


RUN: dict[str, Any] = {
    "privacy": PrivacySettings(min_customers=2),
    "count": 4,
    "min_support": 2,
    "excluded_categories": ("Tobacco",),
}


@settings(max_examples=25, deadline=None, phases=PHASES)
@given(shop=shops(), cut=st.sampled_from(CUSTOMERS))
def test_slices_of_customers_give_what_the_whole_gives(shop: Shop, cut: str) -> None:
    parameters = {name: value for name, value in RUN.items() if name != "privacy"}
    rankings = rankings_of(shop.cycles, shop.returned, shop.popularity, shop.neighbours)
    offered = assortment_of(shop.products, shop.cycles, RecommendSettings(**parameters))
    shop = replace(shop, assortment=offered, rankings=rankings)
    whole = shop.output(**RUN)
    parts = []
    for part in (pl.col("customer_id") < cut, pl.col("customer_id") >= cut):
        cuts = {
            name: getattr(shop, name).filter(part)
            for name in ("cycles", "predictions", "rankings", "customers", "interactions")
        }
        parts.append(replace(shop, **cuts).output(**RUN))
    assert pl.concat([part.frames["recommendations"] for part in parts]).equals(whole.frames["recommendations"])
    assert pl.concat([part.frames["unlisted"] for part in parts]).equals(whole.frames["unlisted"])
    sums = {name: sum(int(part.figures.get(name, 0)) for part in parts) for name in whole.figures}
    assert sums == whole.figures


@settings(max_examples=15, deadline=None, phases=PHASES)
@given(shop=shops(), seed=st.integers(0, 9))
def test_the_order_of_the_rows_leaves_no_trace(shop: Shop, seed: int) -> None:
    shuffled = {
        name: getattr(shop, name).collect().sample(fraction=1.0, shuffle=True, seed=seed).lazy()
        for name in Shop.__dataclass_fields__
        if name not in ("assortment", "rankings")
    }
    once, again = (each.output(**RUN).frames["recommendations"] for each in (shop, Shop(**shuffled)))
    assert again.equals(once)


@settings(max_examples=25, deadline=None, phases=PHASES)
@given(shop=shops())
def test_every_list_keeps_the_rules_and_is_as_long_as_it_can_be(shop: Shop) -> None:
    rows = shop.output(**RUN).frames["recommendations"]
    facts = {row["product_id"]: row for row in shop.products.collect().iter_rows(named=True)}
    profiles = {row["customer_id"]: row for row in shop.customers.collect().iter_rows(named=True)}
    lately = set(
        shop.cycles.filter(pl.col("last_day").max() - pl.col("last_day") <= pl.duration(days=90))
        .select("product_id")
        .collect()["product_id"]
    )
    own = set(shop.cycles.select("customer_id", "product_id").collect().iter_rows())
    listed = shop.popularity.filter(pl.col("kind") == "popular").select("product_id", "customers").collect()
    buyers = dict(listed.iter_rows())
    labelled = {fact["category"] for fact in facts.values() if fact["dietary"]}

    def may_have(customer: str, product: str) -> bool:
        fact, profile = facts[product], profiles.get(customer, {})
        personal = profile.get("consent_personalisation") is not False
        diet = profile.get("dietary_restrictions") if personal else None
        budget = profile.get("budget_max") if personal else None
        food = fact["category"] is None or fact["category"] in labelled or not labelled
        known = (buyers.get(product, 0) >= 2 and product in lately) or (personal and (customer, product) in own)
        fits = not diet or not food or set(diet) <= set(fact["dietary"])
        owned = personal and (customer, product) in own
        affordable = budget is None or fact["price"] is None or fact["price"] <= budget or owned
        return known and fits and affordable and fact["stock"] != 0 and fact["category"] != "Tobacco"

    everybody = {
        name
        for part in ("cycles", "customers")
        for name in getattr(shop, part).select("customer_id").collect()["customer_id"]
    }
    for customer in everybody:
        possible = {product for product in PRODUCTS if may_have(customer, product)}
        homepage = rows.filter(pl.col("list_id") == f"{customer}#homepage")
        assert set(homepage["product_id"]) <= possible
        assert homepage["product_id"].is_unique().all()
        assert homepage.height == min(4, len(possible))
        assert homepage["rank"].to_list() == list(range(1, homepage.height + 1))
    for row in rows.iter_rows(named=True):
        quoted = [int(word) for word in row["reason"].split(" customers")[0].split()[-1:] if word.isdigit()]
        assert all(number >= 2 for number in quoted)
        text = f"{row['reason']} {row['tags']} {row['product_name']}"
        assert not any(name in text for name in CUSTOMERS)


def test_nobody_at_all_gives_an_empty_frame() -> None:
    assert Shop().output().frames["recommendations"].is_empty()
