"""The statistical predictor: fitted rates turned into dates, windows, probabilities, states and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli import schemas
from omnix_cli.days.chances import STATED_DAYS, alive_days
from omnix_cli.days.trading_days import Calendar
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.settings import PredictionSettings, dump
from omnix_cli.steps.forecasts.boosting import tree_interval, with_tree_chance
from omnix_cli.steps.forecasts.evidence import evidence, shrunk
from omnix_cli.steps.forecasts.hazard import (
    CURVE_DAYS,
    HORIZON_DAYS,
    columns,
    cumulative_rate,
    day_of_chance,
    probability_within,
)
from omnix_cli.steps.forecasts.intervals import log_interval
from omnix_cli.steps.forecasts.pair_features import with_customer_habits, with_latest_purchases
from omnix_cli.steps.forecasts.renewal import DAYS as RENEWAL_DAYS
from omnix_cli.steps.forecasts.renewal import deviation, is_long, is_steady, renewal_curve
from omnix_cli.steps.forecasts.rhythm_reasons import (
    SHARED_FACTS,
    most_likely,
    own_reasons,
    shared_interval,
    shared_level,
    shared_reasons,
)
from omnix_cli.steps.forecasts.rhythms import CHANCE_TREES, CLOSED, INTERVAL_TREES, PERSONAL, SHARED, model_parts
from omnix_cli.steps.forecasts.trees import Trees
from omnix_cli.steps.forecasts.urgency import silence, urgency

PRIOR_PURCHASES = 2.0
UNUSUALLY_LONG = 1.2816
"""Nine of ten gaps are shorter than the log-normal gap so many standard deviations above the mean."""
LONGEST_INTERVAL_DAYS = 1_000.0
ROWS_AT_A_TIME = 131_072
RENEWAL_ROWS_AT_A_TIME = 8_192

_SHARED_READ = (
    *("customer_id", "product_id", "purchase_days", "last_day", "typical_quantity", "product_quantity", "own_gaps"),
    *("recency_weight", "base_rate", "history_days", "elapsed_days", "visit_days", "sold_days", "product_recency"),
    *("customer_shopping_days", "customer_recent_shopping_days", "customer_purchase_days", "customer_products"),
    *("buyers_7d_product", "buyers_28d_product", "own_log_gap", "quantity_shift"),
    *("shared_level", "interval_days", "longest_usual_days", *SHARED_FACTS),
)
"""What is read of pairs without a rhythm of their own: they are many."""

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]
_Frame = TypeVar("_Frame", pl.DataFrame, pl.LazyFrame)


class Models(NamedTuple):
    """The parts of the frame `forecast_model`; trees only where they won."""

    parts: Mapping[str, Mapping[str, float]]
    interval_trees: Trees | None
    chance_trees: Trees | None

    @classmethod
    def of(cls, forecast_model: pl.DataFrame) -> Models:
        parts = model_parts(forecast_model)
        trees = (Trees.of(parts[name]) if name in parts else None for name in (INTERVAL_TREES, CHANCE_TREES))
        return cls(parts, *trees)


class StatisticalPredictor:
    """Forecasts from the customer's own rhythm, shrunk to the product's, the category's and everyone's.

    One curve a pair gives the chance of a purchase within any number of days, and all that follows from it:

    - The curve is that of `steps.forecasts.hazard`, fitted on earlier days of the same history; for pairs with a rhythm
      of their own, scaled to the chance of `steps.forecasts.boosting` where that wins; for a long and steady rhythm
      that of `steps.forecasts.renewal`.
    - `interval_days` of a pair with a rhythm of its own is the median gap of the trees (loss: absolute error), else
      the likeliest gap of `steps.forecasts.intervals`; where three or more gaps are about the same, their mean. Others
      have the typical gap of those who bought the product, or one of its kind, again, and none if too few did. It is
      longer or shorter by the quantity bought last (`evidence.quantity_shift`).
    - `alive` is the chance of a purchase within `chances.alive_days`; pairs below `min_alive` get no prediction.
    - `urgency` is that of `steps.forecasts.urgency`.
    - `date_p10`..`date_p90` bound the middle 80 % of the days of a purchase within that time. `next_expected_date` is
      the last purchase plus the interval, moved into the window; once that day has passed, or without an interval, the
      median day of what can still come. It is never before `as_of`.
    - `predicted_date` is the same. For what is overdue it is the day the product was due: the last purchase plus the
      interval. The window begins on that day and ends with the first 80 % of the purchases that can still come.
    - All dates are days on which the shop trades (`days.trading_days`).

    The reasons. D is the day of the last purchase (21 December 2017). Gaps are between occasions: purchase days of one
    burst are one occasion (`steps.cycles.burst_days`). N is `interval_days`, rounded, unless the table says another
    thing.

    | sentence | when | its numbers |
    |---|---|---|
    | you buy this about every N days (M gaps), last on D | a rhythm of its own; N lies within the middle half of
      the gaps | M: the customer's gaps |
    | you bought this G times, half of the M gaps were A to B days, last on D; expected after about N days | a
      rhythm of its own, N outside | G = M + 1 occasions; A, B: lower and upper quartile of the gaps |
    | customers who bought it again did so after about N days (about P % did); ... | no rhythm of its own; M is at least
      the privacy floor and `min_repeat_share` of K | K: customers who bought the product; M: those who did on two
      occasions; P: M of K, rounded; N: geometric mean of their gaps |
    | customers who bought a product of this kind again did ... | fewer than 20 customers bought the product, and the
      last rule holds for its category | the same, for the category |
    | ..., by the quantity expected after about N days; ... | the quantity bought last moves the interval | - |
    | few customers buy this again (about P % did); ... | at least 20 customers bought it, and too few again | as above;
      left out if M is below the privacy floor |
    | it is not known how often customers buy this again; ... | otherwise | - |
    | ...; you bought it once, on D (twice, last ...; on L days, last ...) | no rhythm of its own | L: purchase
      days |
    """

    name = "statistical"
    version = "5"
    inputs: tuple[str, ...] = ("cycles", "rhythms", "forecast_model", "products")
    outputs: tuple[str, ...] = ("predictions",)
    by_customer: tuple[str, ...] = ("cycles",)

    def __init__(self, parameters: PredictionSettings, *, min_customers: int = 3) -> None:
        self._parameters = parameters
        self._min_customers = min_customers

    def stand_in(self) -> None:
        """It needs no service."""

    def parameters(self) -> Mapping[str, Any]:
        """The settings it reads, and the number of customers that a shared rhythm needs to be named in a reason."""
        others = {"predictor", "gate", "compare_days", "compare_customers"}
        read = {name: value for name, value in dump(self._parameters).items() if name not in others}
        return {**read, "min_customers": self._min_customers}

    def predict(
        self,
        cycles: pl.LazyFrame,
        rhythms: pl.LazyFrame,
        forecast_model: pl.LazyFrame,
        products: pl.LazyFrame,
        *,
        as_of: date,
    ) -> StepOutput:
        """The frame `predictions`, and the number of pairs without one because they were not bought for too long."""
        spec = schemas.FRAMES["predictions"]
        models = Models.of(forecast_model.collect())
        if not models.parts:
            return StepOutput({"predictions": spec.empty()}, {"silent_pairs": 0})
        calendar = Calendar.of(models.parts.get(CLOSED, {}), as_of)
        pairs = self.pairs(cycles, rhythms, products, models, as_of=as_of)
        rows = {"steady": RENEWAL_ROWS_AT_A_TIME, "personal": ROWS_AT_A_TIME, "shared": ROWS_AT_A_TIME}
        pieces = [(kind, piece) for kind, count in rows.items() for piece in pairs[kind].iter_slices(count)]
        described = [
            self._describe(kind, _forecast(piece, *_curve(kind, piece, models)), calendar, as_of).select(
                spec.schema.column_names()
            )
            for kind, piece in pieces
        ]
        predictions = pl.concat(described).sort(spec.sort) if described else spec.empty()
        silent = sum(kind.height for kind in pairs.values()) - predictions.height
        return StepOutput({"predictions": spec.conform(predictions)}, {"silent_pairs": silent})

    def pairs(
        self, cycles: pl.LazyFrame, rhythms: pl.LazyFrame, products: pl.LazyFrame, models: Models, *, as_of: date
    ) -> dict[str, pl.DataFrame]:
        """The evidence by the kind of rhythm: `steady` (long, see `renewal`), `personal`, `shared`. With
        `interval_days`, the `shared_level` that it comes from, and `longest_usual_days`."""
        own = self._parameters.personal_purchases
        is_own = pl.col("occasions") >= own
        habits = with_customer_habits(cycles.filter(is_own), cycles, products)
        known = evidence(habits, rhythms, products, as_of=as_of, personal_purchases=own)
        personal = with_latest_purchases(known, as_of=as_of)
        is_renewal = is_steady(2) & is_long()
        steady, others = personal.filter(is_renewal), personal.filter(~is_renewal)
        gap = pl.lit(_median_log_gap(others, models))
        level = shared_level(self._min_customers, self._parameters.min_repeat_share)
        mean = pl.col("mean_log_gap")
        nothing = pl.lit(None, pl.String)
        shared = evidence(cycles.filter(~is_own), rhythms, products, as_of=as_of, personal_purchases=own)
        return {
            "steady": steady.pipe(_rhythm, nothing, mean, (mean + UNUSUALLY_LONG * deviation()).exp()),
            "personal": others.pipe(_rhythm, nothing, pl.when(is_steady(3)).then(mean).otherwise(gap), _longest()),
            "shared": shared.pipe(_rhythm, level, shared_interval().log(), _longest()).select(_SHARED_READ).collect(),
        }

    def _describe(self, kind: str, forecasts: pl.DataFrame, calendar: Calendar, as_of: date) -> pl.DataFrame:
        """The pairs still alive, with dates, expected quantity, state, reason, and this predictor's name."""
        quantity = shrunk(
            pl.col("typical_quantity"), pl.col("purchase_days"), pl.col("product_quantity"), PRIOR_PURCHASES
        )
        described = forecasts.filter(pl.col("alive") >= self._parameters.min_alive).with_columns(
            quantity.round(3).alias("expected_quantity"),
            urgency(self._parameters, silence(self._parameters)).alias("urgency"),
            pl.lit(self.name).alias("predictor"),
            pl.lit(self.version).alias("predictor_version"),
            pl.lit(False).alias("fallback"),
        )
        days = _dates(described, calendar)
        reasons = own_reasons(described) if kind != "shared" else shared_reasons(described, self._min_customers)
        return described.with_columns(reasons.alias("reason")).with_columns(
            (pl.lit(as_of) + pl.duration(days=pl.lit(pl.Series(values)))).alias(name) for name, values in days.items()
        )


def _median_log_gap(pairs: pl.DataFrame, models: Models) -> pl.Series:
    if models.interval_trees and pairs.height:
        return pl.Series(tree_interval(models.interval_trees, pairs))
    return pairs.select(log_interval(models.parts["interval"])).to_series()


def _rhythm(pairs: _Frame, level: pl.Expr, log_gap: pl.Expr, longest: pl.Expr) -> _Frame:
    """The pairs with `shared_level`, `interval_days` (the log gap, moved by the quantity) and `longest_usual_days`."""
    interval = (log_gap + pl.col("quantity_shift")).exp().clip(1.0, LONGEST_INTERVAL_DAYS).round(3)
    return pairs.with_columns(shared_level=level).with_columns(interval_days=interval, longest_usual_days=longest)


def _longest() -> pl.Expr:
    """The gap that nine of ten are shorter than."""
    return (pl.col("own_log_gap") + UNUSUALLY_LONG * pl.col("own_spread").sqrt()).exp()


def _curve(kind: str, pairs: pl.DataFrame, models: Models) -> tuple[Floats, Floats]:
    """The cumulative rates, and the days ahead at which they are known."""
    total = cumulative_rate(columns(pairs.lazy()), models.parts[SHARED if kind == "shared" else PERSONAL])
    if kind == "steady":
        ended = np.column_stack([probability_within(total, days) for days in RENEWAL_DAYS.tolist()])
        return renewal_curve(pairs, ended), RENEWAL_DAYS
    if kind == "personal" and models.chance_trees:
        total = with_tree_chance(total, models.chance_trees, pairs)
    if kind == "shared":
        total = _limited(total, pairs.select(most_likely()).to_series().to_numpy())
    return total, CURVE_DAYS


def _limited(total: Floats, most: Floats) -> Floats:
    """The cumulative rates with each row's rates lowered so that a purchase within 182 days has at most this chance."""
    limit = -np.log1p(-np.clip(most, 0.0, 1 - 1e-9))
    learnt = total[:, CURVE_DAYS.tolist().index(HORIZON_DAYS)]
    return total * np.minimum(1.0, limit / np.maximum(learnt, 1e-9))[:, None]


def _forecast(pairs: pl.DataFrame, total: Floats, edges: Floats) -> pl.DataFrame:
    """The pairs with their probabilities, and the days ahead by which a tenth, half, 80 % and 90 % of the purchases
    within the time of `alive` have happened: `days_10` to `days_90`, to the nearest whole day."""
    time = pairs.select(alive_days(pl.col("interval_days"))).to_series().to_numpy()
    alive = probability_within(total, time, edges)
    figures = {f"probability_{days}d": probability_within(total, float(days), edges) for days in STATED_DAYS}
    return pairs.with_columns(
        *(pl.Series(name, np.round(values, 6)) for name, values in (figures | {"alive": alive}).items()),
        *(pl.Series(f"days_{share}", day_of_chance(total, share / 100 * alive, edges)) for share in (10, 50, 80, 90)),
    )


def _dates(forecasts: pl.DataFrame, calendar: Calendar) -> dict[str, Days]:
    """The dates of the predictions, in days from the day of the run."""
    days = {share: forecasts[f"days_{share}"].to_numpy() for share in (10, 50, 80, 90)}
    due = forecasts.select(pl.col("interval_days").round().cast(pl.Int64) - pl.col("elapsed_days")).to_series()
    has_due, due_day = due.is_not_null().to_numpy(), due.fill_null(-1).to_numpy()
    is_overdue = (forecasts["urgency"] == "overdue").to_numpy()
    # A window of whole days: purchases before the first one, and after the last one, are a tenth each.
    begins = np.round(days[10]).astype(np.int64)
    ends = np.maximum(np.round(np.where(is_overdue, days[80], days[90])).astype(np.int64) - 1, begins)
    expected = np.where(has_due & (due_day >= 0), due_day, np.floor(days[50]).astype(np.int64))
    due_day = np.minimum(calendar.nearest(due_day), calendar.at_or_before(np.full_like(due_day, -1)))
    first = calendar.at_or_after(np.where(is_overdue, 0, begins))
    last = np.maximum(calendar.at_or_before(ends), first)
    expected = np.clip(calendar.nearest(expected), first, last)
    return {
        "next_expected_date": expected,
        "predicted_date": np.where(is_overdue, due_day, expected),
        "date_p10": np.where(is_overdue, due_day, first),
        "date_p90": last,
    }
