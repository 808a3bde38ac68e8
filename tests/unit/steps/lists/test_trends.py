from __future__ import annotations

import random
from datetime import date

import polars as pl
import pytest

from omnix_cli.days.seasons import season_on
from omnix_cli.steps.coded_days import CodedDays
from omnix_cli.steps.lists.trends import Windows, season_of, trending
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, days_ago, frame, interactions
from tests.unit.steps.lists.shop_history import bought, by_product, open_shop, popularity_of, run, steady_shop, years_of


def test_a_rise_of_many_customers_beats_a_steeper_one_of_few() -> None:
    lines = [
        *steady_shop(),
        *bought("big", 20, 40),
        *bought("big", 40, 10),
        *bought("small", 1, 40),
        *bought("small", 3, 10),
    ]
    rows = run(lines, kind="trending")
    growth = (101 + 40 + 3) / (101 + 20 + 1)
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


@pytest.mark.parametrize("days", [29, 30, 40, 48])
def test_nothing_trends_until_the_window_before_is_covered(days: int) -> None:
    """A shop that opened within the 56 days; every product seems to rise."""
    lines = [*open_shop(days, every=1), *bought("milk", 20, days), *bought("milk", 30, 5), *bought("tea", 30, 5)]
    output = popularity_of(lines)
    assert output.frames["popularity"].filter(kind="trending").is_empty()
    assert output.figures["trending_needs"] == "56 days of history"


def test_a_shop_that_was_closed_for_weeks_has_no_trends() -> None:
    open_before = [line for line in open_shop(200, every=1) if not days_ago(54) <= line[2] <= days_ago(32)]
    lines = [*open_before, *bought("tea", 2, 55), *bought("tea", 30, 5)]
    assert popularity_of(lines).frames["popularity"].filter(kind="trending").is_empty()


def test_days_on_which_the_shop_was_closed_are_evened_out_and_told() -> None:
    """Open on 14 of the 28 days before: everything was bought half as often."""
    before = [line for line in open_shop(200, every=1) if not days_ago(42) <= line[2] <= days_ago(29)]
    steady = [*bought("milk", 20, 50), *bought("milk", 40, 5), *bought("oats", 20, 50), *bought("oats", 40, 5)]
    rows = run([*before, *steady, *bought("tea", 10, 50), *bought("tea", 60, 5)], kind="trending")
    assert rows["product_id"].to_list() == ["tea"]
    assert rows["reason"].item().endswith("10 before (open on 28 days, before on 14)")


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
    windows = Windows(AS_OF, 28, open_days=1, open_before=1, has_begun=True)
    rows = trending(CodedDays.of(purchases(*lines).lazy()), frame("interactions"), windows=windows)
    growth = (12 + 12) / (4 + 20)
    assert growth == 1
    assert rows.select("product_id", "customers", "customers_before").rows() == [("up", 12, 4)]
    assert rows["score"].to_list() == pytest.approx([(12 - 4 * growth) / (12 + 10)])


ICE = {"ice": {7: 30, 1: 10}, "bread": {7: 29, 10: 30, 1: 30, 4: 30}}


def test_the_seasonal_index_is_the_smoothed_share_over_the_shops() -> None:
    rows = run(years_of(ICE), kind="seasonal", scope="summer")
    shop = (60 + 58 + 2) / (80 + 238 + 8)
    index = (60 + 20 * shop) / (80 + 20) / shop
    row = rows.row(0, named=True)
    assert rows["product_id"].to_list() == ["ice"]
    assert row["season_index"] == pytest.approx(index)
    assert row["score"] == pytest.approx((1 - 1 / index) * 60 / 80)
    assert row["customers"] == 60
    expected = f"sells {index:.1f} times as well in summer as on average ({row['season_days']} days of summer)"
    assert row["reason"] == expected


def test_the_category_smooths_its_products() -> None:
    lines = years_of(ICE | {"sorbet": {7: 12, 1: 1}})
    products = frame(
        "products", *({"product_id": name, "name": name, "category": "frozen"} for name in ("ice", "sorbet"))
    )
    shop = (60 + 24 + 58 + 2) / (80 + 26 + 238 + 8)
    category = (84 + 20 * shop) / (106 + 20)
    expected = (24 + 20 * category) / (26 + 20) / shop
    rows = run(lines, kind="seasonal", scope="summer", products=products)
    assert by_product(rows, "season_index")["sorbet"] == pytest.approx(expected)


def test_less_than_thirteen_months_of_history_speak_for_categories_only_and_say_so() -> None:
    products = frame(
        "products", *({"product_id": name, "name": name, "category": "frozen"} for name in ("ice", "sorbet"))
    )
    few = {"ice": {7: 30, 10: 3}, "sorbet": {7: 1, 10: 1}, "bread": {10: 40, 7: 10}}
    for days, said in ((340, "less than a year"), (366, "hardly more than a year")):
        lines = [line for line in years_of(few, years=1) if line[2] >= days_ago(days)]
        output = popularity_of(lines, products=products)
        rows = output.frames["popularity"].filter(kind="seasonal", scope="summer")
        assert set(rows["product_id"]) == {"ice", "sorbet"}
        assert rows["season_index"].n_unique() == 1
        assert all(reason.startswith("category frozen sells ") for reason in rows["reason"])
        assert all(reason.endswith(f"{said} of history)") for reason in rows["reason"])
        assert output.figures["seasonal_by"] == "category only, with less than 395 days of history"


def test_one_year_of_a_season_is_no_season_of_a_product_while_the_shop_has_seen_two() -> None:
    """An offer of one January; a shop that saw one summer only says so."""
    twice = [*years_of({"soup": {1: 30, 7: 2}, "bread": {1: 30, 4: 30, 7: 30, 10: 30}}), *bought("offer", 40, 130)]
    assert run(twice, kind="seasonal", scope="winter")["product_id"].to_list() == ["soup"]
    once = [line for line in years_of(ICE) if line[2] >= days_ago(420)]
    (reason,) = run(once, kind="seasonal", scope="summer")["reason"]
    assert reason.endswith("days of summer, one year only)")


def test_flat_demand_has_no_season() -> None:
    """What a few customers more or less make of flat demand is chance, and so is a month at an end of the history."""
    chance = random.Random(7)
    flat = {f"p{n:02}": {month: chance.randint(4, 12) for month in range(1, 13)} for n in range(40)}
    for years in (1, 2):
        assert run(years_of(flat, years=years), kind="seasonal").is_empty()


def test_one_month_of_a_season_is_no_season() -> None:
    """The history ends with January; nothing else is known of the winter."""
    lines = [*bought("tea", 40, 130), *bought("tea", 3, 200), *bought("bread", 30, 200), *open_shop(300)]
    products = frame("products", {"product_id": "tea", "name": "Tea", "category": "hot"})
    kept = [line for line in lines if line[2] >= "2023-06-01" and not "2023-12-01" <= line[2] < "2024-01-01"]
    rows = run([line for line in kept if line[2] < "2024-02-01"], kind="seasonal", scope="winter", products=products)
    assert rows.is_empty()


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
    lines = years_of(ICE)
    north = run(lines, kind="seasonal", scope="summer")
    south = run(lines, kind="seasonal", scope="winter", hemisphere="southern")
    assert north["product_id"].to_list() == south["product_id"].to_list() == ["ice"]
