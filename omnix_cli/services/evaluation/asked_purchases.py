"""`omnix evaluate next-purchase`: whether products are bought again when it was said, and as often as it was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from omnix_cli.days.chances import STATED_DAYS, alive_days
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.services.as_of import parse_day
from omnix_cli.services.evaluation.cut_history import Plan
from omnix_cli.steps.evaluation.bootstrap import Statistic, of_intervals, of_statistics
from omnix_cli.steps.evaluation.buying_models import BgNbd, fit_bg_nbd
from omnix_cli.steps.evaluation.forecast_metrics import (
    Bools,
    Floats,
    auc_of,
    brier_of,
    calibration_of,
    mean_of,
    median_of,
)
from omnix_cli.steps.evaluation.gap_baselines import PAIR, decayed_count, gap_rules, purchase_days
from omnix_cli.steps.evaluation.splits import EPOCH, Codes, dated_baskets, hashed_order
from omnix_cli.steps.evaluation.tables import Rows

FOLLOW_UP_DAYS = 92
OWN_RHYTHM = 3
JUDGED_DAYS = 4
RESAMPLES = 200
FITTED_PAIRS = 200_000
TOPS = (20, 100, 500, 1317)
OMNIX = "omnix"
_RULES = {
    "auc": "chance that a pair bought in time has the higher score than one that was not, ties one half",
    "calibration_error": "mean of |said - happened| over tenths of probability, weighed by pairs",
    "brier": "mean of (probability - outcome)^2",
    "mean_error": "mean of |predicted - true gap| in days, of the last gap, which nobody saw",
    "median_error": "median of |predicted - true gap| in days",
    "within_7_days": "share of |predicted - true gap| of at most 7 days",
    "window_held": "share of the purchases within the time of alive (four intervals, at least 28 days) that fall into "
    "date_p10..date_p90, of pairs whose time ends within the purchases",
    "date_error": "mean of |predicted - true day|, of pairs bought within the follow-up",
    "said": "mean chance said",
    "happened": "share that was bought within that time",
}


@dataclass(frozen=True)
class PurchaseQuestions:
    """When the chances are asked (by default 92 days before the day of the run, or a quarter of a shorter history), and
    of how many customers."""

    as_of: str | None = None
    customers: int | None = None


def evaluate_next_purchase(
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    customers: pl.LazyFrame,
    interactions: pl.LazyFrame,
    *,
    as_of: date,
    asked: PurchaseQuestions,
    plan: Plan,
    may_go_on: Callable[[], None],
) -> StepOutput:
    """Chances as of one day, judged by what came; dates by the last gap of each pair, left out. The purchases of all
    customers are known, those of the chosen ones are judged."""
    everything = dated_baskets(purchases, as_of=as_of)
    if everything.is_empty():
        return StepOutput(Rows().frames(), {"missing": "there are no purchases of known customers"})
    first = EPOCH + timedelta(days=int(everything["day"].to_numpy().min()))
    cut = parse_day(asked.as_of) if asked.as_of else as_of - timedelta(days=follow_up((as_of - first).days))
    sources = {"products": products, "customers": customers, "interactions": interactions}
    chosen = _chosen(everything, asked.customers)
    rows = Rows()
    figures: Figures = {"asked_on": cut.isoformat(), "follow_up_days": (as_of - cut).days}
    figures["intervals"] = of_intervals(RESAMPLES)
    figures |= _chances(rows, everything, purchases, sources, plan, cut=cut, end=as_of, chosen=chosen)
    may_go_on()
    figures |= _dates(rows, everything, purchases, sources, plan, as_of=as_of, chosen=chosen)
    if not rows.figures:
        figures["missing"] = f"no pair of customer and product before {cut} can be judged by what came until {as_of}"
    return StepOutput(rows.frames(), figures)


def follow_up(history_days: int) -> int:
    """How long before the end of a history the chances are asked."""
    return max(min(FOLLOW_UP_DAYS, -(-history_days // 4)), 1)


def _chances(
    rows: Rows,
    everything: pl.DataFrame,
    purchases: pl.LazyFrame,
    sources: Mapping[str, pl.LazyFrame],
    plan: Plan,
    *,
    cut: date,
    end: date,
    chosen: pl.Series,
) -> Figures:
    day = (cut - EPOCH).days
    known = purchase_days(everything.filter(pl.col("day") < day))
    if known.is_empty():
        return {"pairs": 0}
    made = plan.compute(["predict"], {**sources, "purchases": purchases}, as_of=cut)["predictions"]
    model = _fitted(known, day)
    judged = _judged(known, made, everything, day).filter(pl.col("customer_id").is_in(chosen.implode()))
    who = judged["customer_id"].rank("dense").to_numpy().astype(np.int64)
    closed = [days for days in STATED_DAYS if days <= (end - cut).days]
    own = judged["purchase_days"].to_numpy() >= OWN_RHYTHM
    for part, keep in ((f"pairs of {OWN_RHYTHM}+ purchase days", own), ("all pairs", np.ones_like(own))):
        for days in closed if keep.any() else ():
            _chances_within(rows, f"{part}, {days} days", judged.filter(pl.Series(keep)), who[keep], days, model, cut)
    _said_and_happened(rows, judged, who, closed)
    _windows(rows, judged, who, (end - cut).days)
    return {"pairs": judged.height, "predicted": judged["probability_14d"].count(), "bg_nbd": _text(model)}


def _judged(known: pl.DataFrame, made: pl.DataFrame, everything: pl.DataFrame, day: int) -> pl.DataFrame:
    """The pairs with what was predicted, and `next`: the days until they were bought (null: not in the history)."""
    columns = [*PAIR, "interval_days", "urgency", *(f"probability_{days}d" for days in STATED_DAYS)]
    dates = [name for name in ("predicted_date", "next_expected_date", "date_p10", "date_p90") if name in made.columns]
    later = everything.filter(pl.col("day") >= day).group_by(PAIR).agg(next=pl.col("day").min() - day)
    ahead = [(pl.col(name).cast(pl.Int32) - day).alias(name) for name in dates]
    return known.join(made.select(*columns, *ahead), on=PAIR, how="left").join(later, on=PAIR, how="left").sort(PAIR)


def _chances_within(rows: Rows, part: str, pairs: pl.DataFrame, who: Codes, days: int, model: BgNbd, cut: date) -> None:
    happened = (pairs["next"].fill_null(10**6) < days).to_numpy()
    said = pairs[f"probability_{days}d"].fill_null(0.0).to_numpy()
    repeats, recency, age = _buyers(pairs, (cut - EPOCH).days)
    chances = {"BG/NBD": model.within(days, repeats, recency, age), OMNIX: said}
    scores = {"count x exp(-elapsed / 60)": decayed_count(pairs, cut), **chances}
    _add(rows, part, "auc", {name: auc_of(score, happened) for name, score in scores.items()}, who)
    for metric, prepared in (("calibration_error", calibration_of), ("brier", brier_of)):
        figures = {name: prepared(chance, happened) for name, chance in chances.items()}
        _add(rows, part, metric, figures, who, less_is_better=True)
    for name, chance in chances.items():
        rows.add_bands(part, f"probability_{days}d", name, chance, happened)


def _said_and_happened(rows: Rows, judged: pl.DataFrame, who: Codes, closed: list[int]) -> None:
    """What was said of each urgency and of the surest pairs, beside what happened."""
    predicted = judged["urgency"].is_not_null().to_numpy()
    groups: list[tuple[str, Bools]] = [
        (f"urgency {urgency}", (judged["urgency"] == urgency).fill_null(False).to_numpy())
        for urgency in judged["urgency"].drop_nulls().cast(pl.String).unique().sort()
    ]
    order = judged.with_row_index().filter(pl.Series(predicted)).sort(
        "probability_7d", *PAIR, descending=[True, False, False]
    )["index"].to_numpy()  # fmt: skip
    for top in TOPS:
        first = np.zeros(judged.height, dtype=bool)
        first[order[:top]] = True
        groups += [(f"top {top:,} by chance within 7 days", first)] if len(order) >= top else []
    for part, chosen in groups:
        for days in closed:
            said = judged[f"probability_{days}d"].to_numpy()[chosen]
            happened = (judged["next"].fill_null(10**6) < days).to_numpy()[chosen]
            for metric, values in (("said", said), ("happened", happened.astype(np.float64))):
                _add(rows, part, f"{metric}_{days}d", {OMNIX: mean_of(values)}, who[chosen])


def _windows(rows: Rows, judged: pl.DataFrame, who: Codes, follow_up_days: int) -> None:
    """How many of the purchases to come fall into their window, of pairs whose time has ended: of the others, the late
    purchases would be missing, and those are the ones outside."""
    horizon = alive_days(pl.col("interval_days"))
    ended = judged.with_columns(who=pl.Series(who)).filter(horizon <= follow_up_days, pl.col("next") < horizon)
    if ended.is_empty():
        return
    inside = ended.select(pl.col("next").is_between("date_p10", "date_p90"))["next"].to_numpy()
    _add(rows, "all pairs", "window_held", {OMNIX: mean_of(inside)}, ended["who"].to_numpy())
    expected = "next_expected_date" if "next_expected_date" in ended.columns else "predicted_date"
    error = (ended[expected] - ended["next"]).abs().to_numpy().astype(np.float64)
    _add(rows, "all pairs", "date_error", {OMNIX: mean_of(error)}, ended["who"].to_numpy(), less_is_better=True)


def _dates(
    rows: Rows,
    everything: pl.DataFrame,
    purchases: pl.LazyFrame,
    sources: Mapping[str, pl.LazyFrame],
    plan: Plan,
    *,
    as_of: date,
    chosen: pl.Series,
) -> Figures:
    """The last gap of each pair of at least four purchase days, from the purchases before it."""
    last = everything.group_by(PAIR).agg(last=pl.col("day").max(), count=pl.len())
    kept = everything.join(last, on=PAIR).filter(pl.col("day") < pl.col("last")).select(everything.columns)
    known = purchase_days(kept)
    judged = (
        known.join(last.filter(pl.col("count") >= JUDGED_DAYS).select(*PAIR, end="last"), on=PAIR)
        .filter(pl.col("customer_id").is_in(chosen.implode()))
        .sort(PAIR)
    )
    if judged.is_empty():
        return {"gaps": 0}
    day = pl.col("purchase_day").cast(pl.Int32)
    left_out = last.select(*PAIR, last="last").lazy()
    seen = purchases.join(left_out, on=PAIR, how="left").filter(day < pl.col("last")).drop("last")
    made = plan.compute(["predict"], {**sources, "purchases": seen}, as_of=as_of)["predictions"]
    judged = judged.join(made.select(*PAIR, "interval_days"), on=PAIR, how="left", maintain_order="left")
    gaps = kept.sort(*PAIR, "day").select(gap=pl.col("day").diff().over(PAIR)).drop_nulls()["gap"]
    predicted = gap_rules(judged, float(np.median(gaps.to_numpy())), _fitted(known, None))
    predicted[OMNIX] = judged["interval_days"].to_numpy()
    true = (judged["end"] - judged["last"]).to_numpy().astype(np.float64)
    constant = predicted["constant gap"]
    errors = {name: np.abs(np.where(np.isfinite(gap), gap, constant) - true) for name, gap in predicted.items()}
    who = judged["customer_id"].rank("dense").to_numpy().astype(np.int64)
    part = f"last gap of pairs of {JUDGED_DAYS}+ purchase days"
    for metric, prepared, is_error in (
        ("mean_error", mean_of, True),
        ("median_error", median_of, True),
        ("within_7_days", lambda error: mean_of(error <= 7), False),
    ):
        figures = {name: prepared(error) for name, error in errors.items()}
        _add(rows, part, metric, figures, who, less_is_better=is_error)
    return {"gaps": judged.height, "gaps_without_prediction": judged["interval_days"].null_count()}


def _add(
    rows: Rows,
    part: str,
    metric: str,
    statistics: Mapping[str, Statistic],
    who: Codes,
    *,
    less_is_better: bool = False,
) -> None:
    figures = of_statistics(statistics, who, resamples=RESAMPLES)
    name = metric if metric in _RULES else metric.rpartition("_")[0]
    rows.add(
        part,
        metric,
        figures,
        list(statistics),
        baselines=[method for method in statistics if method != OMNIX],
        rule=_RULES[name],
        customers=len(np.unique(who)),
        cases=len(who),
        less_is_better=less_is_better,
    )


def _chosen(everything: pl.DataFrame, customers: int | None) -> pl.Series:
    ids = everything["customer_id"].unique().sort()
    return ids if customers is None else hashed_order(ids).head(customers)


def _buyers(pairs: pl.DataFrame, day: int) -> tuple[Floats, Floats, Floats]:
    """Repeat purchases, the time of the last one and the time observed, since the first purchase."""
    repeats = pairs["purchase_days"].to_numpy() - 1.0
    first, last = (pairs[name].to_numpy().astype(np.float64) for name in ("first", "last"))
    return repeats, last - first, day - first


def _fitted(pairs: pl.DataFrame, day: int | None) -> BgNbd:
    """BG/NBD of all pairs, or of as many as are enough; seen until the day, by default until the newest purchase."""
    some = pairs.sort(pl.concat_str(PAIR, separator="\0").hash(seed=0)).head(FITTED_PAIRS)
    until = int(pairs["last"].to_numpy().max()) + 1 if day is None else day
    return fit_bg_nbd(*_buyers(some, until))


def _text(model: BgNbd) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in model._asdict().items())
