"""The gate before a publish: quality measured on the shop's own purchases, beside the floors of the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import polars as pl

from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.services.evaluation import basket_contenders as contenders
from omnix_cli.services.evaluation.cut_history import Plan
from omnix_cli.services.evaluation.evaluations import evaluation_step
from omnix_cli.services.runs.runner import Gate
from omnix_cli.settings import QualitySettings
from omnix_cli.steps.evaluation.bootstrap import of_intervals, of_means, of_statistics
from omnix_cli.steps.evaluation.forecast_metrics import calibration_of
from omnix_cli.steps.evaluation.judged_lists import Truth
from omnix_cli.steps.evaluation.list_metrics import rules, values
from omnix_cli.steps.evaluation.splits import EPOCH, dated_baskets, hashed_order, next_baskets, sampled
from omnix_cli.steps.evaluation.tables import Rows

NAME = "quality"
PLACES = 10
WITHIN_DAYS = 14
_PAIR = ["customer_id", "product_id"]
_INPUTS = ("purchases", "products", "customers", "interactions")


def gate(quality: QualitySettings, open_plan: Callable[[], Plan], may_go_on: Callable[[], None]) -> Gate | None:
    """The gate that the settings ask for; None without a floor."""
    if not quality.has_floor:
        return None
    plan = open_plan()
    with_chances = quality.max_calibration_error is not None
    measured = partial(measure, plan=plan, most=quality.customers, with_chances=with_chances, may_go_on=may_go_on)
    options = {"customers": quality.customers, "with_chances": with_chances}
    return Gate(evaluation_step(NAME, measured, _INPUTS, plan, options), partial(objection, floors=quality))


def objection(figures: Figures, *, floors: QualitySettings) -> str | None:
    """What is below a floor, in words. Without enough history to measure, nothing is."""
    wanted = (
        ("recall_at_10", "below", "min_recall_at_10", floors.min_recall_at_10),
        ("ndcg_at_10", "below", "min_ndcg_at_10", floors.min_ndcg_at_10),
        ("calibration_error", "above", "max_calibration_error", floors.max_calibration_error),
    )
    found = []
    for figure, side, setting, limit in wanted:
        value = figures.get(figure)
        if limit is None or not isinstance(value, float):
            continue
        if value < limit if side == "below" else value > limit:
            found.append(f"{figure} {value:.4f} is {side} quality.{setting} {limit:g}")
    return "; ".join(found) or None


def measure(
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    customers: pl.LazyFrame,
    interactions: pl.LazyFrame,
    *,
    as_of: date,
    plan: Plan,
    most: int,
    with_chances: bool,
    may_go_on: Callable[[], None],
) -> StepOutput:
    """What omnix would have said 14 days ago (a quarter of a shorter history), of a sample of customers: recall and
    NDCG of their first basket since, and how far the chances of a purchase within that time were off."""
    rows, figures = Rows(), Figures(intervals=of_intervals())
    baskets = dated_baskets(purchases, as_of=as_of)
    if baskets.is_empty():
        return StepOutput(rows.frames(), {**figures, "missing": "there are no purchases of known customers"})
    history = (as_of - EPOCH).days - int(baskets["day"].to_numpy().min())
    cut = as_of - timedelta(days=max(min(WITHIN_DAYS, history // 4), 1))
    figures["cut"] = cut.isoformat()
    split = sampled(next_baskets(baskets, cut=cut), most)
    if len(split.asked):
        catalogue = products.select("product_id", "category").collect()
        lists = contenders.learned(split, plan, catalogue, places=PLACES)
        found = values(Truth.of(split).judged(lists, "all"))
        means, rule = of_means(found), rules(PLACES)
        for metric in (f"recall@{PLACES}", f"ndcg@{PLACES}"):
            figures[metric.replace("@", "_at_")] = round(means.interval(metric).value, 6)
            asked = len(split.asked)
            rows.plain("all", metric, "omnix", means.interval(metric), rule=rule[metric], customers=asked, cases=asked)
    else:
        figures["missing"] = f"nobody shopped both before and after {cut}"
    may_go_on()
    if with_chances and as_of - cut == timedelta(days=WITHIN_DAYS):
        sources = {"purchases": purchases, "products": products, "customers": customers, "interactions": interactions}
        made = plan.compute(["predict"], sources, as_of=cut)["predictions"]
        _chances(rows, figures, made, baskets.filter(pl.col("day") >= (cut - EPOCH).days), most)
    return StepOutput(rows.frames(), figures)


def _chances(rows: Rows, figures: Figures, made: pl.DataFrame, since: pl.DataFrame, most: int) -> None:
    chosen = hashed_order(made["customer_id"].unique().sort()).head(most)
    later = since.select(_PAIR).unique().with_columns(happened=True)
    judged = (
        made.filter(pl.col("customer_id").is_in(chosen.implode()))
        .select(*_PAIR, "probability_14d")
        .join(later, on=_PAIR, how="left")
        .sort(_PAIR)
    )
    if judged.is_empty():
        return
    said, happened = judged["probability_14d"].to_numpy(), judged["happened"].fill_null(False).to_numpy()
    who = judged["customer_id"].rank("dense").to_numpy()
    drawn = of_statistics({"calibration_error": calibration_of(said, happened)}, who, resamples=200)
    value = drawn.interval("calibration_error")
    figures["calibration_error"] = round(value.value, 6)
    rule = f"mean of |said - happened| of the chances of {WITHIN_DAYS} days ago over tenths of probability"
    rows.plain("all", "calibration_error", "omnix", value, rule=rule, customers=len(chosen), cases=judged.height)
    rows.add_bands("all", "probability_14d", "omnix", said, happened)
