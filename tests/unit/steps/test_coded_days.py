"""Days of purchases as numbers, beside counting them by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.steps.coded_days import CodedDays, PurchaseKeys, blocks, starts

START = date(2024, 1, 1)
LINES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(-40, 40)), max_size=30)
Lines = list[tuple[str, str, int]]


def days_of(lines: Lines) -> CodedDays:
    rows = [(customer, product, START + timedelta(days=day)) for customer, product, day in lines]
    schema = {"customer_id": pl.String, "product_id": pl.String, "purchase_day": pl.Date}
    return CodedDays.of(pl.LazyFrame(rows, schema=schema, orient="row"))


@settings(max_examples=60, deadline=None)
@given(LINES, st.integers(-50, 50), st.integers(-50, 50))
def test_products_are_counted_by_their_buyers_and_days(lines: Lines, first: int, end: int) -> None:
    days = days_of(lines)
    wanted = days.since(START + timedelta(days=first), START + timedelta(days=end))
    buyers, rows = days.buyers(wanted), days.purchase_days
    newest = days.by_product(np.maximum, days.last_days)
    oldest = days.by_product(np.minimum, days.first_days)
    assert days.product_ids.to_list() == sorted({product for _, product, _ in lines})
    for number, product in enumerate(days.product_ids):
        mine = {(customer, day) for customer, other, day in lines if other == product}
        assert buyers[number] == len({customer for customer, day in mine if first <= day < end})
        assert rows[number] == len(mine)
        bounds = (oldest[number], newest[number])
        assert [(days.first_day - START).days + int(day) for day in bounds] == [
            pick(day for _, day in mine) for pick in (min, max)
        ]


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_days_with_sales_have_each_customer_and_product_once(lines: Lines) -> None:
    expected: dict[date, int] = {}
    for _, _, day in set(lines):
        sold = START + timedelta(days=day)
        expected[sold] = expected.get(sold, 0) + 1
    assert days_of(lines).sold == sorted(expected.items())


def test_pairs_are_found_only_if_they_are_marked() -> None:
    days = days_of([("a", "x", 1), ("b", "x", 9), ("b", "y", 1)])
    asked = pl.DataFrame(
        [("a", "x"), ("b", "x"), ("a", "y"), ("b", "y"), ("zoe", "x"), ("a", "tea")],
        schema=["customer_id", "product_id"],
        orient="row",
    )
    early = days.pairs_on(days.since(START, START + timedelta(days=5)))
    assert days.have(asked, early).to_list() == [True, False, False, True, False, False]


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_keys_give_back_what_was_bought_in_order(lines: Lines) -> None:
    rows = pl.LazyFrame(
        lines, schema={"customer_id": pl.String, "product_id": pl.String, "day": pl.Int64}, orient="row"
    )
    keys = PurchaseKeys.of(rows, "customer_id", "product_id", day="day")
    customer, product, day = keys.codes()
    named = zip(keys.outer_ids.gather(customer), keys.inner_ids.gather(product), day + keys.first, strict=True)
    assert list(named) == sorted(set(lines))


def test_a_start_is_where_any_column_changes() -> None:
    assert starts(np.array([1, 1, 1, 2]), np.array([5, 5, 6, 6])).tolist() == [True, False, True, True]
    assert starts(np.zeros(0, dtype=np.int32)).tolist() == []


def test_blocks_hold_so_much_and_every_item_once() -> None:
    assert list(blocks(np.array([3, 3, 9, 1, 2]), 6)) == [(0, 2), (2, 3), (3, 5)]
    assert list(blocks(np.zeros(0, dtype=np.int64), 6)) == []
