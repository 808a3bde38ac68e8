"""What is known and what is asked: nothing of the time that is asked about may be known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.steps.evaluation.splits import (
    Split,
    dated_baskets,
    frequent,
    hashed_order,
    last_baskets,
    next_baskets,
    ordered_baskets,
    sampled,
)
from tests.conftest import purchases

Line = tuple[str, str, int]
END = date(2100, 1, 1)
HISTORY: list[Line] = [
    *[("ann", product, day) for day in (1, 8, 15) for product in ("milk", "bread")],
    ("ann", "tea", 15),
    *[("bob", "milk", day) for day in (2, 30)],
    ("cara", "soap", 5),
]


def baskets(lines: list[Line]) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=["customer_id", "product_id", "day"], orient="row").with_columns(
        pl.col("day").cast(pl.Int32)
    )


def truth_of(split: Split) -> dict[str, set[str]]:
    names = split.customers.gather(split.asked).to_list()
    found: dict[str, set[str]] = {name: set() for name in names}
    for question, product in zip(split.true_question, split.products.gather(split.true_product), strict=True):
        found[names[question]].add(product)
    return found


def test_everybody_with_two_baskets_is_asked_for_the_last_one() -> None:
    split = last_baskets(baskets(HISTORY), is_dated=True)
    assert truth_of(split) == {"ann": {"milk", "bread", "tea"}, "bob": {"milk"}}
    assert split.asked_day.tolist() == [15, 30]
    assert split.baskets().filter(customer_id="ann")["day"].cast(pl.Int32).max() == 8
    assert split.baskets().filter(customer_id="cara").height == 1, "who is not asked stays known"


def test_asked_once_all_questions_are_of_one_day() -> None:
    split = last_baskets(baskets(HISTORY), is_dated=True, asked_on=date(1970, 2, 10))
    assert truth_of(split) == {"ann": {"milk", "bread", "tea"}, "bob": {"milk"}}
    assert split.asked_day.tolist() == [40, 40]


def test_the_history_of_those_who_are_not_test_customers_is_known_whole() -> None:
    split = last_baskets(baskets(HISTORY), is_dated=False, test_customers=["bob", "nobody"])
    assert truth_of(split) == {"bob": {"milk"}}
    assert split.baskets().filter(customer_id="ann")["day"].max() == 15


def test_a_cut_hides_everything_from_that_day_on() -> None:
    split = next_baskets(baskets(HISTORY), cut=date(1970, 1, 9))
    assert truth_of(split) == {"ann": {"milk", "bread"}, "bob": {"milk"}}
    assert split.day.max() < 8


def test_one_basket_earlier_the_last_known_one_is_the_truth() -> None:
    split = last_baskets(baskets(HISTORY), is_dated=True).earlier()
    assert truth_of(split) == {"ann": {"milk", "bread"}}, "bob has one known basket only"
    assert split.asked_day.tolist() == [8]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 20)), min_size=1, max_size=40))
def test_no_split_knows_a_basket_of_the_time_it_asks_about(rows: list[tuple[int, int, int]]) -> None:
    lines = baskets(sorted({(f"c{who}", f"p{what}", day) for who, what, day in rows}))
    for split in (
        last_baskets(lines, is_dated=True),
        last_baskets(lines, is_dated=True).earlier(),
        next_baskets(lines, cut=date(1970, 1, 11)),
    ):
        limit = dict(zip(split.asked.tolist(), split.asked_day.tolist(), strict=True))
        assert all(day < limit.get(who, 99) for who, day in zip(split.who.tolist(), split.day.tolist(), strict=True))
        for questions, known in split.snapshots():
            assert not known.any() or split.day[known].max() < split.asked_day[questions].min()
        asked_truth = np.bincount(split.true_question, minlength=len(split.asked))
        assert (asked_truth > 0).all()


def test_weeks_are_asked_together() -> None:
    split = last_baskets(baskets(HISTORY), is_dated=True)
    groups = [(questions.tolist(), int(known.sum())) for questions, known in split.snapshots()]
    assert groups == [([0], 6), ([1], 6)]
    assert len(list(last_baskets(baskets(HISTORY), is_dated=False).snapshots())) == 1


def test_trips_are_counted_for_each_customer() -> None:
    split = last_baskets(baskets(HISTORY), is_dated=True)
    assert split.trip.tolist() == [0, 0, 1, 1, 0, 0]


def test_a_sample_by_hash_stays_when_others_come() -> None:
    few, many = (pl.Series([f"c{n}" for n in range(count)]) for count in (50, 60))
    kept = hashed_order(few).head(20).to_list()
    later = hashed_order(many).head(25).to_list()
    assert [one for one in kept if one in later] == [one for one in later if one in kept]
    split = last_baskets(baskets(HISTORY), is_dated=True)
    assert len(sampled(split, 1).asked) == 1
    assert sampled(split, 1).who.tolist() == split.who.tolist()
    assert sampled(split, None) is split


def test_products_are_left_out_before_customers_are_counted() -> None:
    lines = baskets([("ann", "milk", 1), ("ann", "milk", 2), ("bob", "rare", 1), ("bob", "milk", 2)])
    assert frequent(lines, min_baskets=2, min_product_baskets=2)["customer_id"].unique().to_list() == ["ann"]
    assert frequent(lines, min_baskets=2, min_product_baskets=1)["customer_id"].n_unique() == 2


def test_baskets_of_purchases() -> None:
    lines = purchases(
        ("ann", "milk", "2024-01-01"),
        ("ann", "milk", "2024-01-01"),
        ("ann", "tea", "2024-03-01"),
        ("anonymous#7", "milk", "2024-01-02"),
    )
    returned = lines.with_columns(kind=pl.lit("return").cast(lines.schema["kind"]), purchase_id=pl.lit("r")).head(1)
    found = dated_baskets(pl.concat([lines, returned]).lazy(), as_of=date(2024, 2, 1))
    assert found.rows() == [("ann", "milk", (date(2024, 1, 1) - date(1970, 1, 1)).days)]


@pytest.mark.parametrize("gap", [1, 400])
def test_the_order_of_baskets_does_not_depend_on_their_days(gap: int) -> None:
    days = [str(date(2024, 1, 1) + timedelta(days=gap * n)) for n in range(3)]
    lines = purchases(*[("ann", f"p{n}", day) for n, day in enumerate(days)], ("bob", "p9", days[2]))
    found = ordered_baskets(lines.lazy(), as_of=date(2030, 1, 1))
    assert found.rows() == [("ann", "p0", 0), ("ann", "p1", 1), ("ann", "p2", 2), ("bob", "p9", 0)]


def test_orders_of_one_time_are_sorted_by_their_number() -> None:
    lines = purchases(*[("ann", f"p{n}", "2024-01-01") for n in (9, 10)]).with_columns(order_id=pl.Series(["9", "10"]))
    found = ordered_baskets(lines.lazy(), as_of=date(2030, 1, 1))
    assert found.select("product_id", "day").rows() == [("p10", 1), ("p9", 0)]
