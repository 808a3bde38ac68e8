"""The chance of new products, learned from what came of the best new products of two weeks ago."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.ranking.baskets import Baskets
from omnix_cli.steps.ranking.formula_ranking import first_chances
from omnix_cli.steps.ranking.new_chances import NewChances
from omnix_cli.steps.ranking.rankings import shop_of
from omnix_cli.steps.ranking.training import fit
from tests.conftest import purchases
from tests.unit.steps.frames import frame
from tests.unit.steps.lists.shop import popular
from tests.unit.steps.ranking.shops import START, shop
from tests.unit.steps.ranking.test_nightly import lines, night

WEEKS = 6
AS_OF = START + timedelta(days=7 * WEEKS)
PAIR = ["customer_id", "product_id"]
ROWS = shop(150, WEEKS + 2)
GONE = pl.col("customer_id").str.ends_with("7")
"""They stop shopping in the third week."""


def learned(rows: pl.DataFrame, as_of: date = AS_OF) -> NewChances | None:
    bought = rows.filter(pl.col("day") < as_of)
    made = shop_of(Baskets.of(bought), None, barred=None, threads=1)
    before = (as_of - date(1970, 1, 1)).days
    days = np.full(made.baskets.customers, before)
    return NewChances.learned(made, fit(made, days, method="logistic", min_label_baskets=2), before)


def test_new_products_are_bought_as_often_as_their_chance_says() -> None:
    rows = ROWS.filter(~GONE | (pl.col("day") < START + timedelta(days=15)))
    ranked = night(lines(rows), method="logistic", as_of=AS_OF).frames["rankings"]
    assert ranked.filter("known")["chance"].null_count() == ranked["known"].sum()
    later = rows.filter(pl.col("day") >= AS_OF).select(PAIR).unique().with_columns(happened=True)
    best = ranked.filter(~pl.col("known"), pl.col("rank") <= 10).join(later, on=PAIR, how="left")
    happened = pl.col("happened").fill_null(False).mean()
    said = dict(best.group_by(GONE).agg(pl.struct(pl.col("chance").mean(), happened)).iter_rows())
    assert said[False]["chance"] == pytest.approx(said[False]["happened"], rel=0.25)
    assert said[True]["chance"] < said[False]["chance"] / 2


def test_the_numbers_come_back_from_the_frame() -> None:
    chances = NewChances(-1.5, 0.75, 0.5)
    assert NewChances.of_frame(chances.frame()) == chances
    assert NewChances.of_frame(frame("ranker").collect()) is None


def test_a_likelier_product_and_a_more_frequent_visitor_have_the_higher_chance() -> None:
    chances = learned(ROWS)
    assert chances is not None
    found = chances.of(np.array([-30.0, -4.0, -3.0, -3.0, 30.0]), np.array([3, 3, 3, 6, 6]))
    assert (np.diff(found) > 0).all()
    assert 0 <= found[0] < found[-1] <= 1


def test_without_anybody_two_weeks_ago_nothing_is_learned() -> None:
    assert learned(ROWS, START + timedelta(days=10)) is None


def test_without_a_model_who_comes_twice_as_often_is_about_twice_as_likely() -> None:
    bought = purchases(*(("ann", "tea", f"2024-01-{day:02}") for day in (3, 10, 17)), ("bob", "tea", "2024-01-05"))
    rhythm = cycles(bought.lazy(), as_of=date(2024, 1, 20)).frames["cycles"].lazy()
    (row,) = popular("jam", confidence=0.1, repeat_share=0.5)
    pairs = pl.DataFrame({"customer_id": ["ann", "bob"], "product_id": ["jam", "jam"]})
    found = first_chances(pairs, rhythm, frame("popularity", row))["chance"].to_list()
    assert found == pytest.approx([1 - 0.95 ** (3.5 / 2.5), 1 - 0.95 ** (1.5 / 2.5)])
