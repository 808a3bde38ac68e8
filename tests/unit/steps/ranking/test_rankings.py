"""Questions about the past: nothing after the question counts, and nothing else than the history does."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from omnix_cli.steps.ranking.rankings import rank
from tests.unit.steps.ranking.shops import START, question, shop


@pytest.mark.parametrize("method", ["formula", "logistic", "boosting"])
def test_nothing_on_or_after_the_day_of_the_question_counts(method: str) -> None:
    rows = shop()
    day = START + timedelta(days=60)
    later = pl.DataFrame({"customer_id": ["c00", "zz"], "product_id": ["aa", "p01"], "day": [day, day]})
    before = rank(rows.filter(pl.col("day") < day), question(rows, day), method=method)
    assert before.height
    assert rank(pl.concat([rows, later]), question(rows, day), method=method).equals(before)


def test_the_order_of_the_rows_does_not_count() -> None:
    rows = shop()
    asked = question(rows, START + timedelta(days=90))
    once = rank(rows, asked, method="boosting")
    assert rank(rows.sample(fraction=1, shuffle=True, seed=5), asked.reverse(), method="boosting", threads=2).equals(
        once
    )


def test_every_own_product_is_ranked_and_no_other_is_called_known() -> None:
    rows = shop()
    ranked = rank(rows, question(rows, START + timedelta(days=90)), method="formula")
    known = ranked.filter("known").select("customer_id", "product_id")
    assert known.sort(pl.all()).equals(rows.select("customer_id", "product_id").unique().sort(pl.all()))
    assert ranked.filter(pl.col("rank") == 1).height == 2 * rows["customer_id"].n_unique()
    assert ranked["score"].is_between(0, 1).all()


def test_baskets_without_dates_are_ranked_by_their_order() -> None:
    rows = shop().with_columns(day=pl.col("day").rank("dense").over("customer_id"))
    asked = rows.group_by("customer_id").agg(pl.col("day").max())
    with_last = rank(rows, asked, dated=False, method="logistic")
    without = rows.join(asked.rename({"day": "last"}), on="customer_id").filter(pl.col("day") < pl.col("last"))
    assert rank(without.drop("last"), asked, dated=False, method="logistic").equals(with_last)


def test_a_customer_without_a_basket_before_gets_nothing() -> None:
    rows = shop()
    asked = pl.DataFrame({"customer_id": ["nobody", "c01"], "day": [START + timedelta(days=30)] * 2})
    assert rank(rows, asked, method="formula")["customer_id"].unique().to_list() == ["c01"]


def test_next_baskets_of_other_customers_are_learned_from() -> None:
    rows = shop(customers=60).with_columns(day=pl.col("day").rank("dense").over("customer_id"))
    last = rows.filter(pl.col("day") == pl.col("day").max().over("customer_id"))
    asked = last.select("customer_id", "day").unique().filter(pl.col("customer_id") < "c30")
    known = rows.join(last, on=["customer_id", "day"], how="anti")
    labels = last.filter(pl.col("customer_id") >= "c30").select("customer_id", "product_id")
    taught = rank(known, asked, dated=False, labels=labels, method="logistic")
    assert set(taught["customer_id"]) == set(asked["customer_id"])
    assert not taught.equals(rank(known, asked, dated=False, method="logistic"))
    # Labels of those who are asked would be the answers: they are not used.
    answers = last.select("customer_id", "product_id")
    assert rank(known, asked, dated=False, labels=answers, method="logistic").equals(taught)
