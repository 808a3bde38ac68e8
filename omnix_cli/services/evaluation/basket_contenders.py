"""What omnix itself says of a next basket, through the steps that a run uses."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from omnix_cli.services.evaluation.cut_history import Plan, lines_of
from omnix_cli.steps.evaluation.basket_baselines import fill
from omnix_cli.steps.evaluation.ranked_items import Bools, Lists, framed
from omnix_cli.steps.evaluation.splits import EPOCH, Codes, Split
from omnix_cli.steps.lists.next_basket import CYCLE_COLUMNS, next_basket
from omnix_cli.steps.ranking.rankings import NEW_PRODUCTS, rank

SNAPSHOT_DAYS = 28
DAYS_PER_BASKET = 7
"""What the formula takes the time between two baskets for, where a history has no dates."""
_AS_OF = date(2100, 1, 1)
"""The day that every customer's question is moved to: the formula looks at ages only."""


def formula(split: Split, plan: Plan, *, places: int) -> Lists:
    """The lists of the formula (`steps.lists.next_basket`): own products only. The repeat shares of the shop are those
    of at most 28 days before the question."""
    lists = Lists.empty(len(split.asked), places)
    for questions, known in split.snapshots(SNAPSHOT_DAYS):
        shares = _repeat_shares(split, known, questions, plan)
        cycles = _cycles(split, questions, plan)
        scored = next_basket(cycles, shares, as_of=_AS_OF).rename({"basket_score": "score"})
        fill(lists, split, framed(scored, split), questions)
    return lists


def learned(split: Split, plan: Plan, products: pl.DataFrame, *, places: int) -> Lists:
    """The lists of the ranking that a run uses (`steps.ranking.rankings`), fitted on earlier baskets only. Where test
    customers are given in a history without dates, it also learns from the last baskets of the others."""
    known, labels = _labels(split)
    scored = rank(
        known,
        split.questions(),
        products=products,
        dated=split.is_dated,
        labels=labels,
        method=plan.settings.ranking.method,
        min_label_baskets=plan.settings.ranking.min_label_baskets,
        new_products=max(NEW_PRODUCTS, places),
        threads=plan.resources.threads,
    )
    lists = Lists.empty(len(split.asked), places)
    fill(lists, split, framed(scored, split), np.arange(len(split.asked)))
    return lists


def _labels(split: Split) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The known baskets, and apart the last ones of customers who are not asked and have two or more."""
    baskets = split.baskets()
    if split.is_dated:
        return baskets, None
    others = ~pl.col("customer_id").is_in(split.customers.gather(split.asked).implode())
    last = pl.col("day") == pl.col("day").max().over("customer_id")
    is_label = others & last & (pl.col("day") > pl.col("day").min().over("customer_id"))
    taught = baskets.filter(is_label).select("customer_id", "product_id")
    return (baskets, None) if taught.is_empty() else (baskets.filter(~is_label), taught)


def _repeat_shares(split: Split, known: Bools, questions: Codes, plan: Plan) -> pl.DataFrame:
    """The popular products of the shop as the step `popularity` sees them."""
    first = int(split.asked_day[questions].min())
    day = EPOCH + timedelta(days=first if split.is_dated else (int(split.day.max(initial=0)) + 1))
    sources = plan.sources({"purchases": lines_of(split, known).lazy()})
    shop = plan.compute(["popularity"], sources, as_of=day)["popularity"]
    return shop.filter(pl.col("kind") == "popular").select("product_id", "repeat_share")


def _cycles(split: Split, questions: Codes, plan: Plan) -> pl.DataFrame:
    """The cycles of who is asked, each customer's time moved so that all are asked on one day."""
    place, row = split.own_rows(questions)
    age = (split.asked_day[questions][place] - split.day[row]) * (1 if split.is_dated else DAYS_PER_BASKET)
    days = (_AS_OF - EPOCH).days - np.maximum(age, 1)
    sources = plan.sources({"purchases": lines_of(split, row, days=days).sort("customer_id").lazy()})
    return plan.compute(["cycles"], sources, as_of=_AS_OF)["cycles"].select(CYCLE_COLUMNS)
