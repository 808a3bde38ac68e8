from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from omnix_cli.steps.lists.popularity import popularity
from tests.conftest import purchases
from tests.unit.steps.frames import AS_OF, days_ago, frame, interactions
from tests.unit.steps.lists.shop_history import a_year_of, bought, by_product, run, steady_shop


def test_popularity_halves_a_customer_for_every_90_days() -> None:
    lines = [*bought("lately", 4, 90), *bought("long ago", 10, 270), ("customer-000", "lately", days_ago(270))]
    rows = run(lines, kind="popular")
    assert rows["product_id"].to_list() == ["lately", "long ago"]
    assert rows["score"].to_list() == pytest.approx([1.0, (10 / 8) / (4 / 2)], abs=1e-5)
    assert rows["customers"].to_list() == [4, 10]
    assert rows["reason"].to_list() == ["bought by 3+ customers", "bought by 10+ customers"]


def test_the_repeat_share_is_that_of_repeated_purchase_days() -> None:
    milk = [(customer, "milk", days_ago(day)) for customer in ("a", "b") for day in (3, 9, 12)]
    rows = run([*milk, *bought("card", 3, 5)], kind="popular")
    assert by_product(rows, "repeat_share") == pytest.approx({"milk": (4 + 1) / (6 + 4), "card": 1 / 7})


def test_confidence_is_the_share_of_present_customers_brought_to_14_days() -> None:
    rows = run([*bought("milk", 4, 3), *bought("tea", 1, 3), *bought("old", 9, 60)], kind="popular")
    nobody_lately = 1 / (1 + 1 / (9 * 28 / 60))  # 9 buyers in 60 days
    shares = {"milk": 1.0, "tea": 1 / 4, "old": nobody_lately / 4}
    expected = {name: 1 - (1 - share) ** 0.5 for name, share in shares.items()}
    assert by_product(rows, "confidence") == pytest.approx(expected)


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


def test_a_stray_line_of_1990_is_no_history() -> None:
    lines = [*bought("milk", 70, 30), *bought("milk", 70, 3)]
    figures = [
        popularity(
            purchases(*lines, *extra).lazy(),
            frame("interactions"),
            frame("products"),
            as_of=AS_OF,
            trending_window_days=28,
            hemisphere="northern",
            min_customers=2,
        ).figures["history_days"]
        for extra in ([], [("customer-000", "milk", "1990-01-02")])
    ]
    assert figures == [30, 30]
