from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from omnix_cli.seasons import season_on
from omnix_cli.steps.lists.popularity import popularity
from omnix_cli.steps.lists.seasons import season_of
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, days_ago, frame, interactions

Line = tuple[str, str, str]


def run(
    lines: list[Line] | pl.DataFrame,
    *,
    kind: str | None = None,
    scope: str | None = None,
    as_of: date = AS_OF,
    interest: pl.LazyFrame | None = None,
    products: pl.LazyFrame | None = None,
    min_customers: int = 1,
    **settings: Any,
) -> pl.DataFrame:
    output = popularity(
        lines.lazy() if isinstance(lines, pl.DataFrame) else purchases(*lines).lazy(),
        frame("interactions") if interest is None else interest,
        frame("products") if products is None else products,
        as_of=as_of,
        min_customers=min_customers,
        **{"trending_window_days": 28, "hemisphere": "northern", **settings},
    ).frames["popularity"]
    wanted = output.filter(pl.col("kind") == kind) if kind else output
    return wanted.filter(pl.col("scope") == scope) if scope else wanted


def bought(product: str, customers: int, day: int) -> list[Line]:
    return [(f"customer-{number:03}", product, days_ago(day)) for number in range(customers)]


def by_product(rows: pl.DataFrame, column: str) -> dict[str, Any]:
    return dict(rows.select("product_id", column).iter_rows())


# Trending


def steady_shop() -> list[Line]:
    return [*bought("steady", 100, 10), *bought("steady", 100, 40)]


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


# Seasons


def year(product: str, by_month: dict[int, int], *, first_year: int = 2023) -> list[Line]:
    """So many customers a month, each once, on the 15th, in the year before `AS_OF`."""
    days = {month: date(first_year if month >= 6 else first_year + 1, month, 15) for month in range(1, 13)}
    return [
        (f"{product}-{month}-{number}", product, days[month].isoformat())
        for month, customers in by_month.items()
        for number in range(customers)
    ]


def a_year_of(products: dict[str, dict[int, int]]) -> list[Line]:
    first_day = [("first", "bread", (AS_OF - timedelta(days=365)).isoformat())]
    return first_day + [line for product, months in products.items() for line in year(product, months)]


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


# Popular


def test_popularity_halves_a_customer_for_every_90_days() -> None:
    lines = [*bought("lately", 4, 90), *bought("long ago", 10, 270), ("customer-000", "lately", days_ago(270))]
    rows = run(lines, kind="popular")
    assert rows["product_id"].to_list() == ["lately", "long ago"]
    assert rows["score"].to_list() == pytest.approx([1.0, (10 / 8) / (4 / 2)], abs=1e-5)
    assert rows["customers"].to_list() == [4, 10]
    assert rows["reason"].to_list() == ["bought by 4 customers", "bought by 10 customers"]


def test_the_repeat_share_is_that_of_repeated_purchase_days() -> None:
    milk = [(customer, "milk", days_ago(day)) for customer in ("a", "b") for day in (3, 9, 12)]
    rows = run([*milk, *bought("card", 3, 5)], kind="popular")
    assert by_product(rows, "repeat_share") == pytest.approx({"milk": (4 + 1) / (6 + 4), "card": 1 / 7})


def test_confidence_is_the_share_of_present_customers_brought_to_14_days() -> None:
    rows = run([*bought("milk", 4, 3), *bought("tea", 1, 3), *bought("old", 9, 60)], kind="popular")
    assert by_product(rows, "confidence") == pytest.approx({"milk": 1.0, "tea": 1 - (1 - 1 / 4) ** 0.5, "old": 0.0})


def test_ties_go_by_product_id() -> None:
    assert run([*bought("b", 3, 5), *bought("a", 3, 5), *bought("c", 3, 5)], kind="popular")[
        "product_id"
    ].to_list() == [
        "a",
        "b",
        "c",
    ]


def test_long_after_the_last_purchase_the_order_is_the_same() -> None:
    lines = bought("milk", 5, 10) + bought("tea", 4, 3) + bought("jam", 1, 1)
    now, much_later = run(lines, kind="popular"), run(lines, kind="popular", as_of=date(2200, 1, 1))
    assert much_later["product_id"].to_list() == now["product_id"].to_list()
    assert much_later["score"].to_list() == now["score"].to_list()


def test_nothing_rests_on_fewer_customers_than_the_floor() -> None:
    lines = a_year_of({"ice": {7: 30, 1: 2}, "bread": {7: 29, 10: 30, 1: 30, 4: 30}}) + bought("rare", 2, 5)
    output = popularity(
        purchases(*lines).lazy(),
        frame("interactions"),
        frame("products"),
        as_of=AS_OF,
        trending_window_days=28,
        hemisphere="northern",
        min_customers=3,
    )
    assert all(customers >= 3 for customers in output.frames["popularity"]["customers"])
    assert "rare" not in output.frames["popularity"]["product_id"].to_list()
    assert output.figures["suppressed"] >= 1


# The whole


def test_what_was_brought_back_was_not_bought() -> None:
    lines = purchases(("a", "milk", days_ago(9)), ("b", "milk", days_ago(9)), ("b", "milk", days_ago(8)))
    kinds = pl.Series(["purchase", "purchase", "return"])
    returned = lines.with_columns(kind=kinds.cast(lines.schema["kind"]))
    assert run(returned, kind="popular")["customers"].to_list() == [1]


def test_a_run_sees_nothing_of_its_own_day_or_later() -> None:
    lines = [*steady_shop(), *bought("rising", 9, 2)]
    later = [*bought("rising", 50, 0), *bought("steady", 3, -5)]
    signals = interactions(*((f"c{n}", "rising", "view", -n) for n in range(9)))
    assert_frame_equal(run(lines), run([*lines, *later], interest=signals))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_the_rows_leaves_no_trace(seed: int) -> None:
    lines = purchases(*a_year_of({"ice": {7: 30, 1: 10}, "bread": {7: 29, 10: 30, 1: 30, 4: 30}}), *steady_shop())
    shuffled = lines.sample(fraction=1.0, shuffle=True, seed=seed)
    assert run(lines).equals(run(shuffled))


def test_an_empty_history_gives_an_empty_frame() -> None:
    assert run([]).is_empty()
