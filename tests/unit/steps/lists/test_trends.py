from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from omnix_cli.days.seasons import season_on
from omnix_cli.steps.lists.trends import season_of, trending
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, days_ago, frame, interactions
from tests.unit.steps.lists.shop_history import a_year_of, bought, by_product, run, steady_shop


def test_a_rise_of_many_customers_beats_a_steeper_one_of_few() -> None:
    lines = [
        *steady_shop(),
        *bought("big", 20, 40),
        *bought("big", 40, 10),
        *bought("small", 1, 40),
        *bought("small", 3, 10),
    ]
    rows = run(lines, kind="trending")
    growth = (100 + 40 + 3) / (100 + 20 + 1)
    assert rows["product_id"].to_list() == ["big", "small"]
    assert rows["score"].to_list() == pytest.approx([(40 - 20 * growth) / 50, (3 - growth) / 13])
    assert rows["customers"].to_list() == [40, 3]


def test_a_product_that_grows_like_the_shop_does_not_trend() -> None:
    lines = [*bought("a", 10, 40), *bought("b", 20, 40), *bought("a", 20, 10), *bought("b", 40, 10)]
    assert run(lines, kind="trending").is_empty()


def test_trends_count_customers_not_purchases() -> None:
    fan = [("customer-000", "fan item", days_ago(day)) for day in range(1, 20)]
    rows = run([*steady_shop(), *fan, *bought("rising", 5, 10)], kind="trending")
    assert by_product(rows, "customers") == {"rising": 5, "fan item": 1}


def test_the_window_is_its_days_before_the_day_of_the_run() -> None:
    lines = [*steady_shop(), *bought("in", 5, 28), *bought("out", 5, 29), *bought("today", 50, 0)]
    rows = run(lines, kind="trending")
    assert rows["product_id"].to_list() == ["in"]
    assert rows["reason"].to_list() == ["bought by 5 customers in the last 28 days, hardly anybody before"]


def test_the_reason_of_a_trend_says_both_counts() -> None:
    lines = [*steady_shop(), *bought("rising", 4, 30), *bought("rising", 9, 2)]
    assert run(lines, kind="trending", min_customers=3)["reason"].to_list() == [
        "bought by 9 customers in the last 28 days, 4 before"
    ]


def test_counts_before_that_rest_on_too_few_customers_are_not_told() -> None:
    lines = [*steady_shop(), *bought("rising", 2, 30), *bought("rising", 9, 2)]
    row = run(lines, kind="trending", min_customers=3).row(0, named=True)
    assert row["customers_before"] is None
    assert row["reason"].endswith("hardly anybody before")


def test_nothing_trends_while_the_window_before_is_empty() -> None:
    assert run(bought("new shop", 50, 10), kind="trending").is_empty()


def test_interest_without_a_purchase_counts_a_quarter() -> None:
    wishes = interactions(*((f"wisher-{n}", "wanted", "wishlist", 3) for n in range(8)))
    lines = [*steady_shop(), *bought("wanted", 4, 3)]
    row = run(lines, kind="trending", interest=wishes).row(0, named=True)
    assert row["interested"] == 8
    assert row["score"] == pytest.approx((4 + 0.25 * 8) / (4 + 0.25 * 8 + 10))


def test_interest_of_buyers_and_removals_from_the_cart_do_not_count() -> None:
    lines = [*steady_shop(), *bought("wanted", 4, 3)]
    signals = interactions(("customer-001", "wanted", "view", 3), ("somebody", "wanted", "remove_from_cart", 3))
    assert run(lines, kind="trending", interest=signals)["score"].to_list() == pytest.approx([4 / 14])


def test_the_score_is_the_share_of_the_demand_above_the_shops_growth() -> None:
    lines = [*bought("up", 4, 40), *bought("up", 12, 10), *bought("down", 20, 40), *bought("down", 12, 10)]
    rows = trending(purchases(*lines).lazy(), frame("interactions"), as_of=AS_OF, window_days=28)
    growth = (12 + 12) / (4 + 20)
    assert growth == 1
    assert rows.select("product_id", "customers", "customers_before").rows() == [("up", 12, 4)]
    assert rows["score"].to_list() == pytest.approx([(12 - 4 * growth) / (12 + 10)])


def test_the_seasonal_index_is_the_smoothed_share_over_the_shops() -> None:
    lines = a_year_of({"ice": {7: 30, 1: 10}, "bread": {7: 29, 10: 30, 1: 30, 4: 30}})
    rows = run(lines, kind="seasonal", scope="summer")
    shop = 60 / 160
    share = (30 + 20 * shop) / (40 + 20)
    index = share / shop
    row = rows.filter(pl.col("product_id") == "ice").row(0, named=True)
    assert row["season_index"] == pytest.approx(index)
    assert row["score"] == pytest.approx((1 - 1 / index) * 30 / 50)
    assert row["customers"] == 30
    assert row["season_days"] == 2
    assert row["reason"] == "sells 1.7 times as well in summer as on average (2 days of summer)"
    assert "bread" not in rows["product_id"].to_list()


def test_the_category_smooths_its_products() -> None:
    lines = a_year_of({"ice": {7: 30, 1: 10}, "sorbet": {7: 1, 1: 1}, "bread": {7: 29, 10: 30, 1: 30, 4: 30}})
    products = frame(
        "products", *({"product_id": name, "name": name, "category": "frozen"} for name in ("ice", "sorbet"))
    )
    shop = 61 / 162
    category = (31 + 20 * shop) / (42 + 20)
    expected = (1 + 20 * category) / (2 + 20) / shop
    rows = run(lines, kind="seasonal", scope="summer", products=products)
    assert by_product(rows, "season_index")["sorbet"] == pytest.approx(expected)


def test_less_than_a_year_of_history_speaks_for_categories_only_and_says_so() -> None:
    lines = [*bought("ice", 30, 200), *bought("ice", 5, 20), *bought("sorbet", 10, 20), *bought("bread", 40, 20)]
    products = frame(
        "products", *({"product_id": name, "name": name, "category": "frozen"} for name in ("ice", "sorbet"))
    )
    rows = run(lines, kind="seasonal", scope="autumn", products=products)
    shop = 30 / 85
    index = (30 + 20 * shop) / (45 + 20) / shop
    assert by_product(rows, "season_index") == {"ice": pytest.approx(index)}
    assert rows["reason"].to_list() == [
        f"category frozen sells {index:.1f} times as well in autumn as on average "
        "(1 days of autumn, less than a year of history)"
    ]


def test_one_season_of_history_makes_nothing_seasonal() -> None:
    assert run([*bought("a", 9, 10), *bought("b", 5, 12)], kind="seasonal").is_empty()


@pytest.mark.parametrize(
    ("day", "northern", "southern"),
    [
        (date(2024, 12, 1), "winter", "summer"),
        (date(2024, 2, 29), "winter", "summer"),
        (date(2024, 3, 1), "spring", "autumn"),
        (date(2024, 6, 1), "summer", "winter"),
        (date(2024, 9, 1), "autumn", "spring"),
        (date(2024, 11, 30), "autumn", "spring"),
    ],
)
def test_seasons_are_meteorological_and_turn_with_the_hemisphere(day: date, northern: str, southern: str) -> None:
    assert (season_on(day, "northern"), season_on(day, "southern")) == (northern, southern)
    days = pl.DataFrame({"day": [day]})
    assert days.select(season_of(pl.col("day"), "northern")).item() == northern
    assert days.select(season_of(pl.col("day"), "southern")).item() == southern


def test_the_hemisphere_renames_the_seasonal_lists() -> None:
    lines = a_year_of({"ice": {7: 30, 1: 10}, "bread": {7: 29, 10: 30, 1: 30, 4: 30}})
    north = run(lines, kind="seasonal", scope="summer")
    south = run(lines, kind="seasonal", scope="winter", hemisphere="southern")
    assert north["product_id"].to_list() == south["product_id"].to_list() == ["ice"]
