"""In which segment a customer is, and the sentence that says why."""

from __future__ import annotations

import re
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.engines.polars_engine import PolarsEngine
from omnix_cli.frames.shopping import SEGMENTS
from omnix_cli.protocols.steps import Engine
from omnix_cli.steps.customers import placed_orders
from omnix_cli.steps.customers import segments as segmenting
from tests.spec.orders import lines_of, segments
from tests.spec.shop import expect
from tests.unit.steps.frames import AS_OF


def orders(customer: str, *days_ago: int, total: str | None = "10.00") -> list[dict[str, object]]:
    days = [AS_OF - timedelta(days=ago) for ago in days_ago]
    return [{"customer_id": customer, "purchase_day": day, "total_price": total} for day in days]


def weekly(customer: str, weeks: int, *, until: int = 1, total: str | None = "10.00") -> list[dict[str, object]]:
    return orders(customer, *(until + 7 * week for week in range(weeks)), total=total)


def test_recency_goes_by_the_own_rhythm(engine: Engine) -> None:
    """Ann orders every week, Bob every ten weeks. Three weeks of silence say something of Ann and nothing of Bob."""
    lines = [*weekly("ann", 9, until=21), *orders("bob", 21, 91, 161, 231)]
    found = segments(engine, lines_of(lines))
    expect(
        found,
        """
        customer | segment         | gap_days | late | at risk | lapsed
        ---------|-----------------|----------|------|---------|-------
        ann      | needs_attention | 7        | 14   | 35      | 56
        bob      | promising       | 70       | 140  | 253     | 365
        """,
    )
    assert found["reason"].to_list() == [
        "9 orders in the last 365 days worth 90.00, shopping every 7.0 days, the last one 21 days ago"
        "; late after 14 days, at risk after 35, lapsed after 56",
        "4 orders in the last 365 days worth 40.00, shopping every 70.0 days, the last one 21 days ago; on time",
    ]


@pytest.mark.parametrize(
    ("silent", "segment"),
    [(1, "loyal"), (14, "loyal"), (15, "needs_attention"), (36, "at_risk"), (57, "lapsed"), (400, "lapsed")],
)
def test_a_weekly_customer_who_stays_away(engine: Engine, silent: int, segment: str) -> None:
    found = segments(engine, lines_of([*weekly("ann", 10, until=silent)]))
    assert found["segment"].to_list() == [segment]


def test_a_wholesaler_who_orders_in_bursts_is_not_late_between_them(engine: Engine) -> None:
    """Three days in a row every four weeks are one occasion each; the mean gap of all days, 9 days, says nothing."""
    lines = orders("ann", *(20 + 28 * month + day for month in range(6) for day in range(3)))
    (found,) = segments(engine, lines_of(lines)).iter_rows(named=True)
    assert (found["gap_days"], found["late"], found["segment"]) == (26.0, 52, "loyal")


def test_nobody_is_new_when_the_history_begins(engine: Engine) -> None:
    """Of a history of three weeks nobody knows what was before. Of a longer one, newcomers are known."""
    short = segments(engine, lines_of([*orders("ann", 20), *orders("bob", 5)]))
    assert short["segment"].to_list() == ["promising", "promising"]
    long = segments(
        engine, lines_of([*weekly("old", 20), *orders("bob", 5), *orders("cat", 90), *orders("dan", 3, 10)])
    )
    assert dict(long.select("customer", "segment").iter_rows()) == {
        "old": "loyal",
        "bob": "new",
        "cat": "one_time",
        "dan": "new",
    }


def crowd(count: int, **options: str | None) -> list[dict[str, object]]:
    """Customers with 3, 4, 5 ... orders, a week apart."""
    return [line for number in range(count) for line in weekly(f"c{number:02}", 3 + number % 8, **options)]  # type: ignore[arg-type]


def test_champions_order_and_spend_more_than_most(engine: Engine) -> None:
    """Rich and poor order as often; but the poor one spends little."""
    lines = [*crowd(40), *weekly("rich", 20, total="99.00"), *weekly("poor", 20, total="0.50")]
    found = segments(engine, lines_of(lines))
    by_name = {row["customer"]: row for row in found.iter_rows(named=True)}
    assert (by_name["rich"]["segment"], by_name["poor"]["segment"]) == ("champions", "loyal")
    assert by_name["rich"]["reason"].endswith(
        "; three quarters of the 42 customers who came back have at most 9, and spent at most 90"
    )
    assert by_name["c00"]["segment"] == "promising"


def test_without_prices_orders_decide_alone(engine: Engine) -> None:
    found = segments(engine, lines_of([*crowd(40, total=None), *weekly("ann", 20, total=None)]))
    ann = found.row(by_predicate=pl.col("customer") == "ann", named=True)
    assert ann["segment"] == "champions"
    assert "worth" not in ann["reason"] and "spent" not in ann["reason"]


def test_where_all_are_alike_nobody_is_a_champion(engine: Engine) -> None:
    lines = [line for number in range(30) for line in weekly(f"c{number:02}", 8)]
    assert set(segments(engine, lines_of(lines))["segment"]) == {"loyal"}


def test_a_small_shop_has_no_ranks(engine: Engine) -> None:
    """Four customers are no crowd to be the best of: five orders make a loyal customer."""
    found = segments(engine, lines_of([*weekly("ann", 30), *weekly("bob", 5), *weekly("cat", 4), *orders("dan", 50)]))
    expect(
        found.select("customer", "segment", "late"),
        """
        customer | segment   | late
        ---------|-----------|-----
        ann      | loyal     | 14
        bob      | loyal     | 14
        cat      | promising | 14
        dan      | promising | 60
        """,
    )


def test_orders_with_and_without_prices_are_told_apart(engine: Engine) -> None:
    lines = [*weekly("ann", 4), *orders("ann", 40, total=None)]
    (reason,) = segments(engine, lines_of(lines))["reason"]
    assert reason.startswith("5 orders in the last 365 days, those with prices worth 40.00, ")


def test_what_was_longer_ago_than_a_year_is_said_so(engine: Engine) -> None:
    (reason,) = segments(engine, lines_of(orders("ann", 500)))["reason"]
    assert reason == "1 order, 500 days ago; late after 60 days, at risk after 150, lapsed after 240"


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([f"c{number}" for number in range(30)]),
        st.lists(st.integers(1, 500), min_size=1, max_size=12, unique=True),
        min_size=1,
    )
)
def test_every_customer_has_one_segment_and_the_numbers_in_the_reason_are_true(shop: dict[str, list[int]]) -> None:
    engine = PolarsEngine(slice_rows=1_000)
    found = segments(engine, lines_of(line for name, days in shop.items() for line in orders(name, *days)))
    assert sorted(found["customer"]) == sorted(shop)
    for row in found.iter_rows(named=True):
        days = shop[row["customer"]]
        recent = [ago for ago in days if ago <= 365]
        assert row["segment"] in SEGMENTS
        counted = re.match(r"(\d+) orders?( in the last 365 days)?", row["reason"])
        assert counted and int(counted[1]) == (len(recent) if counted[2] else len(days))
        last = "yesterday" if min(days) == 1 else f"{min(days)} days ago"
        assert last in row["reason"]
        assert ("late after" in row["reason"]) == (row["segment"] in LATE) == (min(days) > row["late"])
        others = [len([ago for ago in of if ago <= 365]) for of in shop.values() if len(of) > 1]
        ranked = re.search(
            r"; (half|three quarters) of the (\d+) customers who came back have at most (\d+)", row["reason"]
        )
        if ranked:
            share = {"half": 0.5, "three quarters": 0.75}[ranked[1]]
            assert len(others) == int(ranked[2]) >= segmenting.LEAST_RANKED
            assert sum(count <= int(ranked[3]) for count in others) >= share * len(others)
            assert len(recent) >= int(ranked[3])


LATE = {"needs_attention", "at_risk", "lapsed", "one_time"}


def test_a_shop_without_orders_has_no_segments(engine: Engine) -> None:
    nobody = lines_of(orders("anonymous#1", 5))
    assert segments(engine, nobody).is_empty()
    assert placed_orders.placed_orders(nobody, as_of=AS_OF, timezone="UTC").collect().is_empty()
