from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from omnix_cli.seasons import season_on
from omnix_cli.steps.lists.seasons import season_of
from tests.unit.steps.frames import frame
from tests.unit.steps.lists.shop_history import a_year_of, bought, by_product, run


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
