"""How a customer shops: an order's worth, the rhythm, the times of the week, the seasons."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.engines.polars_engine import PolarsEngine
from omnix_cli.protocols.steps import Engine
from omnix_cli.steps.customers import shopping_patterns
from tests.spec.orders import lines_of, order_lines, patterns
from tests.spec.shop import expect
from tests.unit.steps.frames import AS_OF


def test_an_order_is_worth_what_its_lines_cost_together(engine: Engine) -> None:
    """Ann's two orders on one day are two; Bob's lines without an order id are one order a day. The average is exact,
    half a cent goes up. A line without a price hides what its order cost."""
    found = patterns(
        engine,
        order_lines(
            """
            customer | day        | order | total
            ---------|------------|-------|-------
            ann      | 2024-05-01 | R1    | 10.00
            ann      | 2024-05-01 | R1    | 0.05
            ann      | 2024-05-01 | R2    | 5.00
            bob      | 2024-05-01 |       | 1.00
            bob      | 2024-05-01 |       | 2.00
            bob      | 2024-05-02 |       | 4.00
            cat      | 2024-05-03 | R3    |
            cat      | 2024-05-03 | R3    | 9.00
            """
        ),
    )
    expect(
        found,
        """
        customer | orders | shopping_days | priced_orders | average
        ---------|--------|---------------|---------------|--------
        ann      | 2      | 1             | 2             | 7.53
        bob      | 2      | 2             | 2             | 3.5
        cat      | 1      | 1             | 0             |
        """,
    )


def test_what_went_back_is_no_order(engine: Engine) -> None:
    """A return is no order, an order that went back whole is none either, nor is a cancelled one. Orders of
    nobody known belong to nobody."""
    found = patterns(
        engine,
        order_lines(
            """
            customer     | day        | order | product | total | kind
            -------------|------------|-------|---------|-------|----------
            ann          | 2024-05-01 | R1    | milk    | 2.00  |
            ann          | 2024-05-02 | R2    | tea     | 9.00  |
            ann          | 2024-05-09 | R3    | tea     | 9.00  | return
            ann          | 2024-05-10 | R4    | milk    | 2.00  | cancelled
            anonymous#R9 | 2024-05-01 | R9    | milk    | 2.00  |
            """
        ),
    )
    expect(
        found,
        """
        customer | orders | last_day   | average
        ---------|--------|------------|--------
        ann      | 1      | 2024-05-01 | 2
        """,
    )


def test_without_consent_there_are_no_patterns(engine: Engine) -> None:
    """Those of the others are as if everybody had agreed."""
    lines = order_lines(
        """
        customer | day
        ---------|-----------
        ann      | 2024-05-01
        bob      | 2024-05-01
        cat      | 2024-05-01
        """
    )
    people = [
        {"customer_id": "ann", "consent_personalisation": False},
        {"customer_id": "bob", "consent_personalisation": True},
    ]
    assert patterns(engine, lines, *people)["customer"].to_list() == ["bob", "cat"]
    assert patterns(engine, lines, *people, consent=False)["customer"].to_list() == ["bob"]


@pytest.mark.parametrize(
    ("days_ago", "frequency"),
    [
        ((5, 4, 3, 2, 1), "daily"),
        ((11, 10, 9, 8, 7, 4, 3, 2, 1), "daily"),  # closed on Saturdays and Sundays
        ((22, 15, 8, 1), "weekly"),
        ((43, 29, 15, 1), "biweekly"),
        ((92, 61, 31, 1), "monthly"),
        ((200, 130, 60, 1), "occasional"),
        ((15, 8), None),  # one gap is no rhythm
        ((10,), None),
        ((303, 302, 301, 300), "occasional"),  # every day, but only at first
        ((90, 89, 88, 60, 59, 58, 30, 29, 28), "monthly"),  # three days in a row, month by month
    ],
)
def test_the_frequency_is_the_nearest_rhythm(engine: Engine, days_ago: tuple[int, ...], frequency: str | None) -> None:
    lines = lines_of({"customer_id": "ann", "purchase_day": AS_OF - timedelta(days=ago)} for ago in days_ago)
    assert patterns(engine, lines)["frequency"].to_list() == [frequency]


def test_many_lines_and_orders_of_a_day_make_no_rhythm(engine: Engine) -> None:
    """A week has seven days however much is bought on one of them."""
    lines = lines_of(
        {"customer_id": "ann", "purchase_day": AS_OF - timedelta(days=ago), "order_id": f"R{ago}-{number % 3}"}
        for ago in (22, 15, 8, 1)
        for number in range(9)
    )
    assert patterns(engine, lines).select("orders", "shopping_days", "frequency").row(0) == (12, 4, "weekly")


def _week(customer: str, weeks: int, weekday: int, time: str | None) -> list[dict[str, object]]:
    """An order a week on one weekday (0 is Monday) at one time."""
    monday = date(2024, 1, 1)
    days = [monday + timedelta(days=7 * week + weekday) for week in range(weeks)]
    return [{"customer_id": customer, "purchase_day": day, "time": time} for day in days]


def test_preferred_times_are_above_chance(engine: Engine) -> None:
    """The shop sells from 8 to 19 o'clock, every day. Ann comes on Saturday mornings, Bob in the evenings of weekdays,
    Cat at all hours, Dan too seldom to say, Eve without a time. Fay ordered once at night, which is no habit; Gus
    always does."""
    hours = [f"{hour:02}:30" for hour in range(8, 20)]
    lines = [
        *(line for day in range(7) for hour in hours for line in _week("cat", 4, day, hour)),
        *_week("ann", 8, 5, "09:15"),
        *(line for day in (0, 2, 4) for line in _week("bob", 4, day, "18:10")),
        *_week("dan", 3, 5, "09:15"),
        *_week("eve", 8, 5, None),
        *(line for day, hour in enumerate(hours[::2]) for line in _week("fay", 2, day, hour)),
        *_week("fay", 1, 3, "00:40"),
        *(line for hour in (22, 23, 1, 2, 3, 4, 5) for line in _week("gus", 1, 1, f"{hour:02}:50")),
    ]
    numbered = [line | {"order_id": f"R{number}"} for number, line in enumerate(lines)]
    found = patterns(engine, lines_of(numbered))
    times = dict(found.select("customer", "times").iter_rows())
    assert times == {
        **{"ann": ["weekend_morning"], "bob": ["weekday_evening"], "cat": [], "dan": [], "eve": [], "fay": []},
        "gus": ["weekday_night"],
    }
    assert dict(found.select("customer", "timed_orders").iter_rows())["eve"] == 0


def test_times_are_those_of_the_shop(engine: Engine) -> None:
    """A quarter to midnight in UTC is a morning in Tokyo; midnight in Tokyo is no time."""
    ann = _week("ann", 8, 0, "23:45")
    other = [
        line | {"order_id": f"R{number}"}
        for number, line in enumerate(
            line for day in range(7) for hour in range(24) for line in _week("bob", 1, day, f"{hour:02}:30")
        )
    ]
    shifted = [line | {"purchase_day": line["purchase_day"] + timedelta(days=1)} for line in ann]
    lines = lines_of([*shifted, *other]).with_columns(
        purchased_at=pl.when(pl.col("customer_id") == "ann")
        .then(pl.col("purchased_at").dt.offset_by("-1d"))
        .otherwise("purchased_at")
    )
    assert patterns(engine, lines, timezone="Asia/Tokyo")["times"].to_list()[0] == ["weekday_morning"]
    midnights = lines_of(_week("ann", 8, 0, "15:00"))
    assert patterns(engine, midnights, timezone="Asia/Tokyo")["timed_orders"].to_list() == [0]


def _year(
    customer: str, *, months: tuple[int, ...] = tuple(range(1, 13)), since: date = date(2023, 5, 1)
) -> list[dict[str, object]]:
    days = [since + timedelta(days=ago) for ago in range((AS_OF - since).days)]
    chosen = [day for day in days if day.month in months]
    return [{"customer_id": customer, "purchase_day": day} for day in chosen]


def test_seasons_are_compared_with_the_shop(engine: Engine) -> None:
    """Ann orders in winter only, Bob and the shop all year round."""
    others = [line for name in ("bob", "cat", "dan", "eve") for line in _year(name)]
    found = patterns(engine, lines_of([*_year("ann", months=(12, 1, 2)), *others]))
    ann, bob = (found.filter(customer=name)["seasons"].item() for name in ("ann", "bob"))
    # Ann's window begins on the first of December: before, she was no customer.
    assert ann is None
    assert {row["season"]: row["compared"] for row in bob} == dict.fromkeys(
        ("autumn", "spring", "summer", "winter"), "usual"
    )
    early = patterns(
        engine,
        lines_of(
            [{"customer_id": "ann", "purchase_day": date(2023, 5, 1)}, *_year("ann", months=(12, 1, 2)), *_year("bob")]
        ),
    )
    by_season = {row["season"]: row for row in early.filter(customer="ann")["seasons"].item()}
    assert {season: row["compared"] for season, row in by_season.items()} == {
        "autumn": "less",
        "spring": "less",
        "summer": "less",
        "winter": "more",
    }
    assert by_season["winter"]["orders"] == 91
    assert sum(row["share"] for row in by_season.values()) == pytest.approx(1)
    assert sum(row["shop_share"] for row in by_season.values()) == pytest.approx(1)


def test_the_south_has_its_summer_in_january(engine: Engine) -> None:
    lines = lines_of(
        [{"customer_id": "ann", "purchase_day": date(2023, 5, 1)}, *_year("ann", months=(12, 1, 2)), *_year("bob")]
    )
    found = patterns(engine, lines, hemisphere="southern").filter(customer="ann")["seasons"].item()
    assert {row["season"] for row in found if row["compared"] == "more"} == {"summer"}


def test_a_short_history_has_no_seasons(engine: Engine) -> None:
    found = patterns(engine, lines_of(_year("ann", since=date(2024, 3, 1))))
    assert found["seasons"].to_list() == [None]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(1, 90), st.integers(0, 2), st.integers(0, 9_999)),
        min_size=1,
        max_size=40,
    ),
    st.randoms(),
)
def test_the_order_of_the_rows_does_not_matter(sales: list[tuple[str, int, int, int]], random: object) -> None:
    """And what all orders cost is their number times the average, to half a cent an order."""
    engine = PolarsEngine(slice_rows=2)
    lines = lines_of(
        {
            "customer_id": who,
            "purchase_day": AS_OF - timedelta(days=ago),
            "order_id": f"{ago}-{order}",
            "total_price": f"{cents / 100:.2f}",
        }
        for who, ago, order, cents in sales
    ).collect()
    found = patterns(engine, lines.lazy())
    shuffled = lines.sample(fraction=1, shuffle=True, seed=random.randrange(10**6)).sort(
        "customer_id", maintain_order=True
    )  # type: ignore[attr-defined]
    assert patterns(engine, shuffled.lazy()).equals(found)
    for row in found.iter_rows(named=True):
        total = sum(cents for who, *_, cents in sales if who == row["customer"])
        assert abs(row["average"] * row["orders"] * 100 - total) <= row["orders"] / 2


def test_the_limits_between_rhythms_are_geometric_means() -> None:
    """sqrt(1 * 7) = 2.6, sqrt(7 * 14) = 9.9, sqrt(14 * 30) = 20.5, sqrt(30 * 60) = 42.4."""
    gaps = pl.DataFrame({"gap": [2.6, 2.7, 9.8, 9.9, 20.4, 20.5, 42.4, 42.5]})
    named = gaps.select(shopping_patterns._frequency(pl.col("gap"))).to_series().to_list()
    assert named == ["daily", "weekly", "weekly", "biweekly", "biweekly", "monthly", "monthly", "occasional"]
