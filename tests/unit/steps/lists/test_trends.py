from __future__ import annotations

import pytest

from omnix_cli.steps.lists.trends import trending
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, days_ago, frame, interactions
from tests.unit.steps.lists.shop_history import bought, by_product, run, steady_shop


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
