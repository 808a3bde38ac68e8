"""`omnix evaluate lists`: what customers bought next, beside the lists that a run would have shown them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.services.as_of import parse_day
from omnix_cli.services.evaluation.cut_history import Plan
from omnix_cli.steps.evaluation import basket_baselines as baselines
from omnix_cli.steps.evaluation.bootstrap import of_intervals, of_means, of_statistics
from omnix_cli.steps.evaluation.forecast_metrics import auc_of, brier_of, calibration_of
from omnix_cli.steps.evaluation.judged_lists import Truth, assortment
from omnix_cli.steps.evaluation.list_metrics import rules, values
from omnix_cli.steps.evaluation.ranked_items import NOTHING, PARTS, TIES, Lists, framed
from omnix_cli.steps.evaluation.splits import EPOCH, Split, dated_baskets, hashed_order, next_baskets, sampled
from omnix_cli.steps.evaluation.tables import Rows

FOLLOW_UP_DAYS = 28
WITHIN_DAYS = 14
RESAMPLES = 200
_PAIR = ["customer_id", "product_id"]
_CHANCE_RULES = {
    "auc": "chance that an item bought within 14 days has the higher confidence than one that was not, ties one half",
    "calibration_error": "mean of |confidence - happened| over tenths, weighed by items of all customers; happened: "
    "bought in 14 days",
    "brier": "mean of (confidence - outcome)^2",
}


@dataclass(frozen=True)
class ListQuestions:
    """The day as of which lists are made (by default 28 days before the day of the run, or a quarter of a shorter
    history), the places judged, and how many customers."""

    as_of: str | None = None
    places: int = 10
    customers: int | None = None


def evaluate_lists(
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    customers: pl.LazyFrame,
    interactions: pl.LazyFrame,
    *,
    as_of: date,
    asked: ListQuestions,
    plan: Plan,
    may_go_on: Callable[[], None],
) -> StepOutput:
    """The lists of customers as of the cut, whole and by shelf, judged by the first basket since; and the confidence of
    their items, judged by the purchases of 14 days: those of all customers, for who does not come buys nothing."""
    baskets = dated_baskets(purchases, as_of=as_of)
    rows, figures = Rows(), Figures(intervals=of_intervals(), ties=TIES)
    if baskets.is_empty():
        return StepOutput(rows.frames(), {**figures, "missing": "there are no purchases of known customers"})
    history = (as_of - EPOCH).days - int(baskets["day"].to_numpy().min())
    days = max(min(FOLLOW_UP_DAYS, history // 4), 1)
    cut = parse_day(asked.as_of) if asked.as_of else as_of - timedelta(days=days)
    split = sampled(next_baskets(baskets, cut=cut), asked.customers)
    figures |= {"cut": cut.isoformat(), "asked": len(split.asked)}
    if not len(split.asked):
        return StepOutput(rows.frames(), {**figures, "missing": f"nobody shopped both before and after {cut}"})
    sources = {"purchases": purchases, "products": products, "customers": customers, "interactions": interactions}
    made = plan.compute(["recommend"], sources, as_of=cut)["recommendations"]
    may_go_on()
    lists = {
        "popular": baselines.ranked(split, baselines.popular, places=asked.places),
        "personal frequency, filled": baselines.ranked(split, baselines.frequency, places=asked.places),
    }
    known = list(lists)
    for name, shown in _by_list(made):
        lists[name] = Lists.empty(len(split.asked), asked.places)
        score = framed(shown.select(*_PAIR, score=-pl.col("rank").cast(pl.Float64)), split)
        baselines.fill(lists[name], split, score, np.arange(len(split.asked)))
    _judge(rows, split, lists, known, asked.places)
    if (as_of - cut).days >= WITHIN_DAYS:
        everybody = hashed_order(made["customer_id"].unique().sort())
        chosen = everybody if asked.customers is None else everybody.head(asked.customers)
        _chances(rows, made.filter(pl.col("customer_id").is_in(chosen.implode())), baskets, (cut - EPOCH).days)
    return StepOutput(rows.frames(), figures)


def _by_list(made: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each kind of list, and the homepage's shelves apart."""
    kinds = made.with_columns(context=pl.col("list_id").str.split("#").list.last())
    for context in ("homepage", "usual", "replenishment"):
        rows = kinds.filter(context=context)
        if rows.height:
            yield f"omnix, {context}", rows
    for shelf in kinds["shelf"].drop_nulls().cast(pl.String).unique().sort():
        yield f"omnix, homepage, {shelf}", kinds.filter(context="homepage", shelf=shelf)


def _judge(rows: Rows, split: Split, lists: dict[str, Lists], known: list[str], places: int) -> None:
    truth = Truth.of(split)
    for part in PARTS:
        customers = truth.customers(part)
        if not customers:
            continue
        of_part = {name: made for name, made in lists.items() if (made.items[part] != NOTHING).any()}
        found = {name: values(truth.judged(made, part)) for name, made in of_part.items()}
        for metric, rule in rules(places).items():
            means = of_means({name: value[metric] for name, value in found.items()})
            cases = int(truth.wanted[part].sum())
            named = rule if part == "all" else f"{rule}; {part} products of list and basket only"
            rows.add(part, metric, means, list(of_part), baselines=known, rule=named, customers=customers, cases=cases)
        for name, made in of_part.items():
            shown = assortment(made, split, part)
            asked = len(split.asked)
            for metric, figure, rule in (
                ("assortment", shown.share, "different products shown / products sold before"),
                ("median_popularity", shown.median_baskets, "median number of baskets with a shown product"),
            ):
                rows.plain(part, metric, name, figure, rule=rule, customers=asked, cases=0)


def _chances(rows: Rows, made: pl.DataFrame, baskets: pl.DataFrame, day: int) -> None:
    """What `confidence` said of the items, beside what was bought within 14 days."""
    bought = baskets.filter(pl.col("day") >= day, pl.col("day") < day + WITHIN_DAYS)
    later = bought.select(_PAIR).unique().with_columns(happened=True)
    for name, shown in _by_list(made):
        judged = shown.join(later, on=_PAIR, how="left").sort(*_PAIR)
        said, happened = judged["confidence"].to_numpy(), judged["happened"].fill_null(False).to_numpy()
        who = judged["customer_id"].rank("dense").to_numpy().astype(np.int64)
        for metric, prepared in (("auc", auc_of), ("calibration_error", calibration_of), ("brier", brier_of)):
            drawn = of_statistics({name: prepared(said, happened)}, who, resamples=RESAMPLES)
            value, customers = drawn.interval(name), len(np.unique(who))
            rule = _CHANCE_RULES[metric]
            rows.plain("confidence", metric, name, value, rule=rule, customers=customers, cases=judged.height)
        rows.add_bands("confidence", "confidence", name, said, happened)
