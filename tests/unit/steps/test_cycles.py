from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import exp, log
from statistics import mean, median, stdev

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.steps.cycles import cycles
from tests.conftest import purchases

AS_OF = date(2024, 3, 1)


def test_one_pair_by_hand() -> None:
    lines = purchases(
        ("ann", "milk", "2024-01-01", 2),
        ("ann", "milk", "2024-01-11", 1),
        ("ann", "milk", "2024-01-11", 3),
        ("ann", "milk", "2024-02-10", 1),
        ("ann", "rice", "2024-02-20"),
    )
    row = cycles(lines.lazy(), as_of=AS_OF).frames["cycles"].filter(product_id="milk").to_dicts()[0]
    gaps = [10, 30]
    ages = [(AS_OF - day).days for day in (date(2024, 1, 1), date(2024, 1, 11), date(2024, 2, 10))]
    assert row["purchase_days"] == 3
    assert (row["first_day"], row["last_day"]) == (date(2024, 1, 1), date(2024, 2, 10))
    assert row["gap_days"] == gaps
    assert row["mean_gap_days"] == mean(gaps)
    assert row["median_gap_days"] == median(gaps)
    assert row["mean_log_gap"] == pytest.approx(mean(map(log, gaps)), abs=1e-5)
    assert row["std_log_gap"] == pytest.approx(stdev(map(log, gaps)), abs=1e-4)
    assert (row["typical_quantity"], row["last_quantity"]) == (2, 1)
    assert row["spend"] == Decimal("8.00")
    assert row["recency_weight"] == pytest.approx(sum(exp(-age / 60) for age in ages), abs=1e-5)
    assert (row["customer_shopping_days"], row["customer_recent_shopping_days"]) == (4, 2)
    assert (row["customer_products"], row["customer_purchase_days"]) == (2, 4)
    assert row["customer_mean_log_gap"] == pytest.approx(mean(map(log, gaps)), abs=1e-5)
    assert (row["customer_first_day"], row["customer_last_day"]) == (date(2024, 1, 1), date(2024, 2, 20))


def test_a_product_bought_once_has_no_rhythm() -> None:
    frame = cycles(purchases(("ann", "milk", "2024-01-01")).lazy(), as_of=AS_OF).frames["cycles"]
    row = frame.to_dicts()[0]
    assert row["gap_days"] == []
    for statistic in ("mean_gap_days", "median_gap_days", "mean_log_gap", "std_log_gap", "customer_mean_log_gap"):
        assert row[statistic] is None


def test_a_day_of_which_everything_came_back_is_no_purchase_day() -> None:
    lines = purchases(
        ("ann", "milk", "2024-01-01"), ("ann", "milk", "2024-01-05"), ("ann", "milk", "2024-01-09")
    ).with_columns(
        kind=pl.Series(["purchase", "purchase", "return"]).cast(pl.Enum(["purchase", "return", "cancelled"]))
    )
    row = cycles(lines.lazy(), as_of=AS_OF).frames["cycles"].to_dicts()[0]
    assert (row["purchase_days"], row["last_day"]) == (1, date(2024, 1, 1))


def test_the_statistics_use_all_gaps_but_only_the_latest_24_are_kept() -> None:
    days = [date(2023, 1, 1 + number) for number in range(28)] + [date(2023, 3, 1)]
    lines = purchases(*(("ann", "milk", str(day)) for day in days))
    row = cycles(lines.lazy(), as_of=AS_OF).frames["cycles"].to_dicts()[0]
    assert row["gap_days"] == [1] * 23 + [(date(2023, 3, 1) - date(2023, 1, 28)).days]
    assert row["mean_gap_days"] == pytest.approx((days[-1] - days[0]).days / 28)


def test_an_unpriced_purchase_has_no_spend() -> None:
    lines = purchases(("ann", "milk", "2024-01-01"), total_price=pl.lit(None))
    assert cycles(lines.lazy(), as_of=AS_OF).frames["cycles"]["spend"].to_list() == [None]


def test_nothing_bought_gives_no_rows() -> None:
    assert cycles(purchases(("ann", "milk", "2024-03-01")).lazy(), as_of=AS_OF).frames["cycles"].is_empty()


histories = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.dates(date(2024, 1, 1), date(2024, 3, 20))),
    min_size=1,
    max_size=40,
)


@settings(max_examples=25, deadline=None)
@given(histories)
def test_slices_and_row_order_leave_no_trace(history: list[tuple[str, str, date]]) -> None:
    lines = purchases(*((customer, product, str(day), 1.1) for customer, product, day in history))
    whole = cycles(lines.lazy(), as_of=AS_OF).frames["cycles"]
    shuffled = lines.sample(fraction=1, shuffle=True, seed=len(history))
    slices = [
        cycles(shuffled.filter(customer_id=customer).lazy(), as_of=AS_OF).frames["cycles"]
        for customer in sorted({customer for customer, _, _ in history})
    ]
    assert whole.equals(pl.concat(slices))
    later = lines.filter(pl.col("purchase_day") < AS_OF)
    assert whole.equals(cycles(later.lazy(), as_of=AS_OF).frames["cycles"])


def test_the_largest_amounts_and_quantities_of_a_pair_can_be_summed() -> None:
    lines = purchases(*[("ann", "milk", "2024-01-01", 1_000_000)] * 20).with_columns(
        total_price=pl.lit(Decimal("999999999999999.99")).cast(pl.Decimal(18, 2))
    )
    row = cycles(lines.lazy(), as_of=AS_OF).frames["cycles"].to_dicts()[0]
    assert (row["last_quantity"], row["spend"]) == (20_000_000, Decimal("9999999999999999.99"))


def test_quantities_by_weight_are_summed_by_day() -> None:
    lines = purchases(*[("ann", "ham", "2024-01-01", kilos) for kilos in (0.345, 0.105)])
    assert cycles(lines.lazy(), as_of=AS_OF).frames["cycles"]["last_quantity"][0] == pytest.approx(0.45, abs=1e-6)
