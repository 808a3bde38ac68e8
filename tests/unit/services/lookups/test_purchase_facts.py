from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.schemas import FRAMES
from omnix_cli.services.lookups.purchase_facts import PurchaseFacts
from omnix_cli.steps.history import seen
from tests.conftest import purchases

AS_OF = date(2020, 3, 1)
NAMES = {"p": "purchase", "r": "return", "c": "cancelled"}


def facts(lines: pl.DataFrame) -> PurchaseFacts:
    return PurchaseFacts(lines.lazy(), FRAMES["products"].empty().lazy(), AS_OF)


LINES = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["milk", "tea"]),
        st.integers(1, 28),
        st.sampled_from([1, 2, 0.5]),
    ),
    min_size=1,
    max_size=20,
)


@settings(deadline=None)
@given(LINES, st.lists(st.sampled_from("pppprc"), min_size=20, max_size=20))
def test_the_days_are_those_that_the_steps_see(lines: list[tuple[str, str, int, float]], kinds: list[str]) -> None:
    """Two implementations, one answer: days with something left after returns and cancellations."""
    rows = purchases(*((who, what, f"2020-02-{day:02}", units) for who, what, day, units in lines)).sort("purchase_id")
    kind = pl.Series("kind", [NAMES[kind] for kind in kinds[: rows.height]]).cast(rows.schema["kind"])
    rows = rows.with_columns(kind)
    columns = ["customer_id", "product_id", "purchase_day"]
    expected = seen(rows.lazy(), as_of=AS_OF).select(columns).unique().sort(columns).collect()
    assert facts(rows).days.sort(pl.all()).rows() == expected.rows()


def test_pairs_and_buyers_are_counted_by_days() -> None:
    rows = purchases(("ann", "tea", "2020-02-01"), ("ann", "tea", "2020-02-11"), ("bob", "tea", "2020-02-01"))
    known = facts(pl.concat([rows, rows]))
    assert known.pairs.sort("customer_id").rows() == [
        ("ann", "tea", 2, date(2020, 2, 11), [10]),
        ("bob", "tea", 1, date(2020, 2, 1), []),
    ]
    assert known.buyers.rows() == [("tea", 2)]
    assert known.bought_again(of_category=False).rows() == [("tea", 2, 1, pytest.approx(10))]


def test_days_of_one_burst_are_one_occasion() -> None:
    """A mean gap of (36 - 1) / 5 = 7: days at most 1 apart are one occasion; left are gaps of 15 and 17 days."""
    days = [date(2020, 1, 1) + timedelta(days=days) for days in (0, 1, 2, 17, 18, 35)]
    known = facts(purchases(*(("ann", "paint", str(day)) for day in days)))
    assert known.rhythms["between"].to_list() == [[15.0, 17.0]]
    assert known.bought_again(of_category=False)["usual"].item() == pytest.approx((15 * 17) ** 0.5)


def test_excluded_accounts_do_not_count_for_the_shop() -> None:
    rows = purchases(("ann", "tea", "2020-02-01"), ("Staff-1", "tea", "2020-02-01"), ("bob", "tea", "2020-02-01"))
    known = PurchaseFacts(rows.lazy(), FRAMES["products"].empty().lazy(), AS_OF, excluded=("staff-*", "b?b"))
    assert known.buyers.rows() == [("tea", 1)]
    assert known.pairs.height == 3


def test_together_is_by_customer_or_by_basket() -> None:
    rows = purchases(
        ("ann", "tea", "2020-02-01"),
        ("ann", "milk", "2020-02-01"),
        ("bob", "tea", "2020-02-01"),
        ("bob", "milk", "2020-02-02"),
    )
    pairs = pl.DataFrame({"one": ["tea", "tea"], "other": ["milk", "salt"]})
    for baskets, counts in ((False, [2, 0]), (True, [1, 0])):
        assert facts(rows).together(pairs, baskets=baskets).sort("other")["customers"].to_list() == counts


def test_a_season_is_an_index_above_the_shop() -> None:
    """Half of what the shop sells is sold in winter; all 20 sales of coal. Smoothed by 20: (20 + 20 / 2) / 40 = .75."""
    coal = [(f"c{number}", "coal", "2020-01-10") for number in range(20)]
    others = [(f"c{number}", "ice", "2019-07-10") for number in range(20)]
    known = facts(purchases(*coal, *others))
    index = {
        (product, season): round(value, 3) for product, season, value in known.season_index(of_category=False).rows()
    }
    assert index == {("coal", "winter"): 1.5, ("ice", "summer"): 1.5}
    assert dict(known.season_days.rows()) == {"winter": 1, "summer": 1}


def test_recent_customers_are_counted_by_window() -> None:
    rows = purchases(("ann", "tea", "2020-02-29"), ("ann", "tea", "2020-02-28"), ("bob", "tea", "2020-02-27"))
    assert facts(rows).customers_between(1, 2).rows() == [("tea", 1)]
    assert facts(rows).customers_between(3, 4).rows() == [("tea", 1)]
