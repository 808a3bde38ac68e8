"""`omnix evaluate live`: what earlier runs said, beside what was bought since."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from omnix_cli.days.chances import STATED_DAYS
from omnix_cli.errors import ConfigError, CorruptCheckpoint
from omnix_cli.protocols.checkpoints import Checkpoints, Figures, RunRecords, StoredFrame
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.steps.evaluation.bootstrap import of_case_means, of_intervals, of_statistics
from omnix_cli.steps.evaluation.forecast_metrics import auc_of, calibration_of
from omnix_cli.steps.evaluation.splits import EPOCH, Codes, dated_baskets, hashed_order
from omnix_cli.steps.evaluation.tables import Rows

_log = logging.getLogger(__name__)

PREFIX = "predictions "
RESAMPLES = 200
_PAIR = ["customer_id", "product_id"]
_CHANCES = [f"probability_{days}d" for days in STATED_DAYS]
_READ = [*_PAIR, *_CHANCES, "urgency", "predictor"]
GROUPS = 30
_WHOLE = ("everything", "by_predictor", "by_urgency")
_RULES = {
    "said": "mean chance said of a purchase within that time, of predictions whose time has ended",
    "happened": "share of them that was bought within that time",
    "calibration_error": "mean of |said - happened| over tenths of probability, weighed by predictions",
    "brier": "mean of (chance - outcome)^2",
    "date_error": "mean of |expected day - day bought|, of predictions that came true within that time",
    "auc": "chance that a prediction that came true has the higher chance than one that did not, ties one half",
}


def past_predictions(records: RunRecords, checkpoints: Checkpoints) -> dict[str, StoredFrame]:
    """The predictions of earlier runs that are still there, by `predictions DAY`: of each day those of its newest
    run."""
    found: dict[str, StoredFrame] = {}
    for record in records.newest_first():
        step, name = record.step("predict"), f"{PREFIX}{record.as_of}"
        if step is None or step.status not in ("ran", "reused") or name in found:
            continue
        try:
            checkpoint = checkpoints.open(step.key)
        except CorruptCheckpoint:  # pruned
            continue
        made = PastPredictions(checkpoint.frame("predictions"))
        damage = checkpoints.damage(step.key) or made.lacks()
        if damage:
            _log.warning("the predictions of %s are left out: %s", record.as_of, damage)
        else:
            found[name] = made
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class PastPredictions:
    """Predictions of an earlier run, perhaps of another release: only the columns that are read. Implements
    `protocols.StoredFrame`."""

    frame: StoredFrame

    @property
    def name(self) -> str:
        return self.frame.name

    @property
    def key(self) -> str:
        return self.frame.key

    @property
    def rows(self) -> int:
        return self.frame.rows

    def scan(self, *columns: str) -> pl.LazyFrame:
        try:
            rows = self.frame.scan(*_READ, "next_expected_date")
        except ConfigError:  # omnix 0.1 moved the predicted date of what was overdue into the future
            rows = self.frame.scan(*_READ, "predicted_date").rename({"predicted_date": "next_expected_date"})
        return rows.with_columns(pl.col("urgency").cast(pl.String))

    def lacks(self) -> str | None:
        """Why they cannot be read: another release wrote them without a column."""
        try:
            self.scan()
        except ConfigError as error:
            return error.message
        return None


def evaluate_live(
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    *,
    as_of: date,
    customers: int | None,
    min_customers: int,
    may_go_on: Callable[[], None],
    **predictions: pl.LazyFrame,
) -> StepOutput:
    """Joins the chances of past runs with the first purchase since. Only chances whose time has ended before `as_of`
    count; `open_*d` says how many have not. A pair that several runs predicted counts once for each."""
    may_go_on()
    bought = dated_baskets(purchases, as_of=as_of)
    rows = Rows()
    figures: Figures = {"runs": len(predictions), "intervals": of_intervals(RESAMPLES)}
    said = pl.concat([*_with_outcomes(predictions, bought, as_of)]) if predictions else pl.DataFrame()
    if said.is_empty():
        figures["missing"] = (
            "no run has predictions that are still there" if not predictions else "nothing was predicted"
        )
        return StepOutput(rows.frames(), figures)
    if customers is not None:
        chosen = hashed_order(said["customer_id"].unique().sort()).head(customers)
        said = said.filter(pl.col("customer_id").is_in(chosen.implode()))
    category = products.select("product_id", pl.col("category").fill_null("(none)")).collect()
    said = said.join(category, on="product_id", how="left").with_columns(pl.col("category").fill_null("(none)"))
    said = said.sort("as_of", *_PAIR)
    for days in STATED_DAYS:
        closed = said.filter(pl.col("follow_up") >= days)
        figures[f"closed_{days}d"], figures[f"open_{days}d"] = closed.height, said.height - closed.height
        _judge(rows, closed, days, min_customers)
    if not rows.figures:
        figures["missing"] = f"no prediction is {STATED_DAYS[0]} days old: the purchases end on the day before {as_of}"
    return StepOutput(rows.frames(), figures)


def _with_outcomes(
    predictions: Mapping[str, pl.LazyFrame], bought: pl.DataFrame, as_of: date
) -> Iterator[pl.DataFrame]:
    """What each run predicted, with `next`, the days until the pair was bought, and `follow_up`, the days since."""
    for name, frame in predictions.items():
        asked = date.fromisoformat(name.removeprefix(PREFIX))
        day = (asked - EPOCH).days
        later = bought.filter(pl.col("day") >= day).group_by(_PAIR).agg(next=pl.col("day").min().cast(pl.Int64) - day)
        yield (
            frame.select(*_READ, expected=pl.col("next_expected_date").cast(pl.Int32).cast(pl.Int64) - day)
            .collect()
            .join(later, on=_PAIR, how="left")
            .with_columns(as_of=pl.lit(asked), follow_up=pl.lit((as_of - asked).days))
        )


def _judge(rows: Rows, closed: pl.DataFrame, days: int, min_customers: int) -> None:
    """The figures of one time span: of all, by predictor, urgency, band of probability, and category (the 30 with the
    most predictions, of enough customers)."""
    chance = f"probability_{days}d"
    band = (pl.col(chance) * 10).floor().clip(0, 9).cast(pl.Int32)
    labelled = closed.with_columns(
        everything=pl.lit("all predictions"),
        by_predictor="predictor " + pl.col("predictor"),
        by_urgency="urgency " + pl.col("urgency"),
        by_band=pl.format("chance from 0.{}", band),
        by_category="category " + pl.col("category"),
    )
    for grouping in ("everything", "by_predictor", "by_urgency", "by_band", "by_category"):
        groups = sorted(labelled.partition_by(grouping, as_dict=True).items())
        most = sorted((cases.height for _, cases in groups), reverse=True)[:GROUPS]
        for (label,), cases in groups:
            is_shown = grouping != "by_category" or cases["customer_id"].n_unique() >= min_customers
            if cases.height >= most[-1] and is_shown:
                _of_group(rows, f"{label}, {days} days", cases, days, is_whole=grouping in _WHOLE)


def _of_group(rows: Rows, part: str, cases: pl.DataFrame, days: int, *, is_whole: bool) -> None:
    chance = f"probability_{days}d"
    said = cases[chance].to_numpy()
    happened = (cases["next"].fill_null(10**6) < days).to_numpy()
    who: Codes = cases["customer_id"].rank("dense").to_numpy().astype(np.int64)
    means = {"said": said, "happened": happened.astype(np.float64), "brier": (said - happened) ** 2}
    drawn = {metric: of_case_means({metric: values}, who, resamples=RESAMPLES) for metric, values in means.items()}
    came = cases.filter(pl.Series(happened))
    if is_whole and came.height:
        error = (came["expected"] - came["next"]).abs().to_numpy().astype(np.float64)
        drawn["date_error"] = of_case_means(
            {"date_error": error}, came["customer_id"].rank("dense").to_numpy().astype(np.int64), resamples=RESAMPLES
        )
    if is_whole:
        for metric, prepared in (("calibration_error", calibration_of), ("auc", auc_of)):
            drawn[metric] = of_statistics({metric: prepared(said, happened)}, who, resamples=RESAMPLES)
        rows.add_bands(part, chance, "omnix", said, happened)
    for metric, figures in drawn.items():
        value, customers = figures.interval(metric), len(np.unique(who))
        rows.plain(part, metric, "omnix", value, rule=_RULES[metric], customers=customers, cases=len(cases))
