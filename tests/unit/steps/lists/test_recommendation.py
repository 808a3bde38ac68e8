from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import combinations
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from omnix_cli.protocols.steps import StepOutput
from omnix_cli.settings import PrivacySettings, RecommendSettings
from omnix_cli.steps.lists.popularity import popularity
from omnix_cli.steps.lists.recommendation import recommend
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, cycles_of, days_ago, frame, interactions, predictions_of

Line = tuple[str, str, str]
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking whole shops takes minutes


@dataclass(frozen=True)
class Shop:
    """Everything that `recommend` reads, and a way to run it."""

    cycles: pl.LazyFrame = field(default_factory=lambda: frame("cycles"))
    predictions: pl.LazyFrame = field(default_factory=lambda: frame("predictions"))
    neighbours: pl.LazyFrame = field(default_factory=lambda: frame("neighbours"))
    popularity: pl.LazyFrame = field(default_factory=lambda: frame("popularity"))
    customers: pl.LazyFrame = field(default_factory=lambda: frame("customers"))
    interactions: pl.LazyFrame = field(default_factory=lambda: frame("interactions"))
    products: pl.LazyFrame = field(default_factory=lambda: frame("products"))

    def output(self, *, privacy: PrivacySettings | None = None, **parameters: Any) -> StepOutput:
        inputs = {name: getattr(self, name) for name in Shop.__dataclass_fields__}
        return recommend(
            **inputs, as_of=AS_OF, parameters=RecommendSettings(**parameters), privacy=privacy or PrivacySettings()
        )

    def list(self, list_id: str, **parameters: Any) -> pl.DataFrame:
        return self.output(**parameters).frames["recommendations"].filter(pl.col("list_id") == list_id)

    def homepage(self, customer: str = "ann", **parameters: Any) -> list[str]:
        return self.list(f"{customer}#homepage", **parameters)["product_id"].to_list()

    def item(self, product: str, *, customer: str = "ann", **parameters: Any) -> dict[str, Any]:
        rows = self.list(f"{customer}#homepage", **parameters)
        return rows.filter(pl.col("product_id") == product).row(0, named=True)


def every(days: int, *, times: int, last: int, product: str, customer: str = "ann") -> list[Line]:
    return [(customer, product, days_ago(last + days * number)) for number in range(times)]


def popular(*names: str, customers: int = 10, **columns: Any) -> list[dict[str, Any]]:
    return [
        {"kind": "popular", "rank": rank, "product_id": name, "score": 1 / rank, "customers": customers, **columns}
        for rank, name in enumerate(names, 1)
    ]


def neighbours(product: str, *names: str, **columns: Any) -> list[dict[str, Any]]:
    plain = {"customers": 20, "support": 20, "conditional": 0.5, "co_purchase": 0.5}
    return [
        {"product_id": product, "neighbour_id": name, "rank": rank, "score": 1 / (rank + 1), **plain, **columns}
        for rank, name in enumerate(names, 1)
    ]


def shop_of(lines: list[Line], **frames: pl.LazyFrame) -> Shop:
    rhythm = cycles_of(purchases(*lines))
    return replace(Shop(cycles=rhythm, predictions=predictions_of(rhythm)), **frames)


@pytest.fixture
def ann() -> Shop:
    """Ann buys milk weekly and tea seldom; milk goes with oats and jam, and the shop sells much else."""
    lines = every(7, times=8, last=3, product="milk") + every(40, times=2, last=10, product="tea")
    names = ("milk", "tea", "oats", "jam", "nuts", "soap", "rice", "salt")
    facts = {"milk": "Dairy", "oats": "Cereals", "jam": "Spreads", "nuts": "Snacks", "soap": "Household"}
    return shop_of(
        lines,
        neighbours=frame("neighbours", *neighbours("milk", "oats", "jam", "tea")),
        popularity=frame("popularity", *popular(*names)),
        products=frame(
            "products",
            *({"product_id": n, "name": n.title(), "category": facts.get(n), "price": "2.00"} for n in names),
        ),
    )


# The two shelves


def test_the_homepage_blends_what_is_due_with_what_is_new(ann: Shop) -> None:
    rows = ann.list("ann#homepage", count=4, due_share=0.5)
    assert rows["product_id"].to_list() == ["milk", "oats", "tea", "jam"]
    assert rows["shelf"].to_list() == ["due_again", "new_for_you", "due_again", "new_for_you"]
    assert rows["rank"].to_list() == [1, 2, 3, 4]
    assert rows["product_name"].to_list() == ["Milk", "Oats", "Tea", "Jam"]
    assert rows["customer_id"].unique().to_list() == ["ann"]


@pytest.mark.parametrize(("share", "shelves"), [(1.0, ["due_again"] * 2), (0.0, ["new_for_you"] * 2)])
def test_the_share_may_give_all_places_to_one_shelf(ann: Shop, share: float, shelves: list[str]) -> None:
    assert ann.list("ann#homepage", count=2, due_share=share)["shelf"].to_list() == shelves


def test_what_is_due_scores_by_shopping_days_and_repeat_share(ann: Shop) -> None:
    shop = replace(
        ann, popularity=frame("popularity", *popular("milk", repeat_share=0.8), *popular("tea", repeat_share=0.3))
    )
    weight = lambda age: 2 ** (-age / 90)  # noqa: E731
    milk = sum(weight(3 + 7 * n) for n in range(8))
    tea = weight(10) + weight(50)
    # Ann's shopping days are those of milk and day 50; on day 10 she bought both.
    trips = milk + weight(50)
    rows = shop.list("ann#homepage", count=2, due_share=1.0)
    assert rows["score"].to_list() == pytest.approx([milk / trips * 0.8, tea / trips * 0.3], abs=1e-5)


def test_the_confidence_of_what_is_due_is_its_chance_within_14_days(ann: Shop) -> None:
    sure = replace(ann, predictions=ann.predictions.with_columns(probability_14d=pl.lit(0.83)))
    item = sure.item("milk")
    assert item["confidence"] == 0.83
    assert item["reason"] == "you buy this about every 10 days"
    assert item["predicted_date"] == AS_OF
    assert item["tags"] == ["later"]


def test_new_products_score_by_the_weight_of_what_they_go_with(ann: Shop) -> None:
    weight = lambda age: 2 ** (-age / 90)  # noqa: E731
    milk = sum(weight(3 + 7 * n) for n in range(8))
    tea = weight(10) + weight(50)
    both = frame("neighbours", *neighbours("milk", "oats"), *neighbours("tea", "jam", "oats"))
    rows = replace(ann, neighbours=both).list("ann#homepage", count=2, due_share=0.0)
    oats, jam = (milk / 2 + tea / 3) / (milk + tea), (tea / 2) / (milk + tea)
    assert rows["product_id"].to_list() == ["oats", "jam"]
    assert rows["score"].to_list() == pytest.approx([oats, jam], abs=1e-6)


def test_the_confidence_of_what_is_new_is_the_chance_of_a_first_purchase_times_the_lift(ann: Shop) -> None:
    shop = replace(
        ann,
        neighbours=frame("neighbours", *neighbours("milk", "oats", lift=3.0)),
        popularity=frame("popularity", *popular("oats", confidence=0.06, repeat_share=0.4)),
    )
    item = shop.item("oats")
    assert item["confidence"] == pytest.approx(0.06 * (1 - 0.4) * (1 + (3 - 1) * 20 / 30))
    assert item["reason"] == "bought together with Milk by 20 customers"
    assert item["tags"] == ["bought_together"]


def test_a_link_of_too_few_customers_is_not_told(ann: Shop) -> None:
    few = frame("neighbours", *neighbours("milk", "oats", customers=2, lift=9.0, same_category=True))
    lonely = replace(
        ann,
        neighbours=few,
        popularity=frame("popularity", *popular("oats", confidence=0.06, repeat_share=0.5)),
        products=ann.products.with_columns(category=pl.lit("Breakfast")),
    )
    item = lonely.item("oats")
    assert item["reason"] == "same category as Milk: Breakfast"
    assert item["tags"] == ["same_category"]
    assert item["confidence"] == pytest.approx(0.03)


def test_a_neighbour_by_content_alone_is_called_similar(ann: Shop) -> None:
    alike = frame("neighbours", *neighbours("milk", "oats", customers=None, conditional=None, co_purchase=None))
    assert replace(ann, neighbours=alike).item("oats")["reason"] == "similar to Milk, which you buy"


def test_a_checkerboard_is_completed() -> None:
    """Even customers buy all even products but their own, odd ones the odd: what is missing is what is new."""
    size = 8
    board = [(c, p) for c in range(size) for p in range(size) if (c + p) % 2 == 0 and c != p]
    lines = [(f"c{c}", f"p{p}", days_ago(5)) for c, p in board]
    links = [
        row
        for p in range(size)
        for row in neighbours(f"p{p}", *(f"p{other}" for other in range(size) if other != p and (other + p) % 2 == 0))
    ]
    shop = shop_of(
        lines,
        neighbours=frame("neighbours", *links),
        popularity=frame("popularity", *popular(*(f"p{p}" for p in range(size)))),
    )
    rows = shop.output(count=1, due_share=0.0).frames["recommendations"]
    assert dict(rows.select("customer_id", "product_id").iter_rows()) == {f"c{c}": f"p{c}" for c in range(size)}


def test_ties_go_by_product_id(ann: Shop) -> None:
    tied = frame("neighbours", *({**row, "score": 0.5} for row in neighbours("milk", "salt", "nuts", "rice")))
    assert replace(ann, neighbours=tied).homepage(count=2, due_share=0.0) == ["nuts", "rice"]


# Interest


def test_a_wish_makes_a_product_an_offer(ann: Shop) -> None:
    item = replace(ann, interactions=interactions(("ann", "nuts", "wishlist", 3))).item("nuts")
    assert item["shelf"] == "new_for_you"
    assert item["score"] == pytest.approx(0.4 * 2 ** (-3 / 30))
    assert item["reason"] == "you wished for this 3 days ago"
    assert item["tags"] == ["wishlist"]


def test_a_view_moves_a_neighbour_up_but_keeps_its_reason(ann: Shop) -> None:
    viewed = replace(ann, interactions=interactions(("ann", "jam", "view", 1)))
    item = viewed.item("jam")
    assert item["score"] == pytest.approx(1 / 3 + (1 - 1 / 3) * 0.1 * 2 ** (-1 / 30), rel=0.2)
    assert item["score"] > ann.item("jam")["score"]
    assert item["reason"] == "bought together with Milk by 20 customers"
    assert item["tags"] == ["bought_together", "view"]


def test_taking_a_product_out_of_the_cart_speaks_against_it(ann: Shop) -> None:
    cart = interactions(("ann", "oats", "add_to_cart", 1), ("ann", "oats", "remove_from_cart", 1))
    assert replace(ann, interactions=cart).homepage(count=2, due_share=0.0) == ["jam", "oats"]


def test_what_was_bought_after_the_signal_is_no_abandoned_cart(ann: Shop) -> None:
    carts = interactions(("ann", "tea", "add_to_cart", 10), ("ann", "milk", "add_to_cart", 5))
    before, after = ann.list("ann#homepage"), replace(ann, interactions=carts).list("ann#homepage")
    assert after.equals(before)


def test_signals_of_the_day_of_the_run_or_long_ago_say_nothing(ann: Shop) -> None:
    signals = interactions(("ann", "nuts", "wishlist", 0), ("ann", "nuts", "wishlist", 91))
    assert replace(ann, interactions=signals).list("ann#homepage").equals(ann.list("ann#homepage"))


# Rules


def test_excluded_categories_are_offered_to_nobody(ann: Shop) -> None:
    output = ann.output(excluded_categories=("DAIRY", "Snacks"))
    assert not {"milk", "nuts"} & set(output.frames["recommendations"]["product_id"])
    assert output.figures["removed_excluded_category"] == 3  # milk as due, both as fall-backs


def test_what_is_out_of_stock_is_not_offered(ann: Shop) -> None:
    gone = ann.products.with_columns(stock=pl.when(pl.col("product_id") == "oats").then(0).otherwise(pl.lit(5)))
    output = replace(ann, products=gone).output()
    assert "oats" not in output.frames["recommendations"]["product_id"].to_list()
    assert output.figures["removed_out_of_stock"] == 2  # as a neighbour, and again as a fall-back


def test_what_few_customers_bought_is_offered_only_to_those_who_did(ann: Shop) -> None:
    rare = frame("popularity", *popular("milk", "jam", customers=2), *popular("nuts"))
    output = replace(ann, popularity=rare).output(count=5)
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
    assert "oats" in offered
    assert not {"milk", "jam"} & set(offered)


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


# Consent


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


# Fall-backs


def test_the_other_shelf_fills_up_first_and_says_so(ann: Shop) -> None:
    rows = ann.list("ann#homepage", count=4, due_share=0.75)
    assert rows["product_id"].to_list() == ["milk", "tea", "oats", "jam"]
    assert [("fills_up" in tags) for tags in rows["tags"].to_list()] == [False, False, False, True]


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


# Replenishment


def test_replenishment_takes_the_most_probable_and_orders_by_date() -> None:
    lines = [line for product in "abcde" for line in every(9, times=4, last=8, product=product)]
    shop = shop_of(lines)
    by_product: Mapping[str, tuple[str, float, int]] = {
        "a": ("overdue", 0.5, -2),
        "b": ("urgent", 0.9, 1),
        "c": ("upcoming", 0.2, 0),
        "d": ("later", 0.95, 9),
        "e": ("upcoming", 0.5, -2),
    }
    columns = {
        name: pl.col("product_id").replace_strict({key: value[place] for key, value in by_product.items()})
        for place, name in enumerate(("urgency", "probability_7d", "in_days"))
    }
    predictions = shop.predictions.with_columns(**columns).with_columns(
        predicted_date=pl.lit(AS_OF) + pl.duration(days="in_days")
    )
    rows = replace(shop, predictions=predictions).list("ann#replenishment", replenishment_count=3)
    assert rows["product_id"].to_list() == ["a", "e", "b"]
    assert rows["urgency"].to_list() == ["overdue", "upcoming", "urgent"]
    assert rows["predicted_date"].to_list() == [AS_OF + timedelta(days=days) for days in (-2, -2, 1)]
    assert rows["score"].to_list() == [0.5, 0.5, 0.9]
    assert rows["confidence"].to_list() == [0.4] * 3
    assert rows["kind"].unique().to_list() == ["replenishment"]


def test_what_is_overdue_is_due_now_and_what_has_lapsed_is_not_due(ann: Shop) -> None:
    urgency = pl.col("product_id").replace_strict({"milk": "overdue", "tea": "lapsed"})
    weeks_away = pl.lit(AS_OF + timedelta(days=20))
    shop = replace(ann, predictions=ann.predictions.with_columns(urgency=urgency, predicted_date=weeks_away))
    due = shop.list("ann#replenishment")
    assert due.select("product_id", "urgency", "predicted_date").rows() == [("milk", "overdue", AS_OF)]
    homepage = shop.list("ann#homepage", count=8)
    again = homepage.filter(pl.col("shelf") == "due_again")
    assert again.select("product_id", "urgency", "predicted_date").rows() == [
        ("milk", "overdue", AS_OF),
        ("tea", "lapsed", None),
    ]


# Any shop

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
    whole = shop.output(**RUN)
    parts = []
    for part in (pl.col("customer_id") < cut, pl.col("customer_id") >= cut):
        cuts = {
            name: getattr(shop, name).filter(part) for name in ("cycles", "predictions", "customers", "interactions")
        }
        parts.append(replace(shop, **cuts).output(**RUN))
    assert pl.concat([part.frames["recommendations"] for part in parts]).equals(whole.frames["recommendations"])
    sums = {name: sum(int(part.figures[name]) for part in parts) for name in whole.figures}
    assert sums == whole.figures


@settings(max_examples=15, deadline=None, phases=PHASES)
@given(shop=shops(), seed=st.integers(0, 9))
def test_the_order_of_the_rows_leaves_no_trace(shop: Shop, seed: int) -> None:
    shuffled = {
        name: getattr(shop, name).collect().sample(fraction=1.0, shuffle=True, seed=seed).lazy()
        for name in Shop.__dataclass_fields__
    }
    once, again = (each.output(**RUN).frames["recommendations"] for each in (shop, Shop(**shuffled)))
    assert again.equals(once)


@settings(max_examples=25, deadline=None, phases=PHASES)
@given(shop=shops())
def test_every_list_keeps_the_rules_and_is_as_long_as_it_can_be(shop: Shop) -> None:
    rows = shop.output(**RUN).frames["recommendations"]
    facts = {row["product_id"]: row for row in shop.products.collect().iter_rows(named=True)}
    profiles = {row["customer_id"]: row for row in shop.customers.collect().iter_rows(named=True)}
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
        known = buyers.get(product, 0) >= 2 or (personal and (customer, product) in own)
        fits = not diet or not food or set(diet) <= set(fact["dietary"])
        affordable = budget is None or fact["price"] is None or fact["price"] <= budget
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
