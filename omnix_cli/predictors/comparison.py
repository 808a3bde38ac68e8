"""Backtests: predictors side by side on a past period, and one that is used only if it was good enough there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from omnix_cli.protocols.steps import Predictor, StepOutput
from omnix_cli.records import UNASKED
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.evaluation.forecast_metrics import (
    DateErrors,
    brier_score,
    calibration_error,
    date_errors,
    reliability,
)
from omnix_cli.steps.forecasts.rhythms import rhythms
from omnix_cli.steps.history import seen

PAIR = ["customer_id", "product_id"]


@dataclass(frozen=True)
class Score:
    """How well one predictor did. Errors are in days, over the pairs that were bought in the held-out period; `brier`
    and `calibration_error` are those of `probability_14d`, or of `probability_7d` where the period is shorter, over all
    pairs. `not_asked` counts the customers that the model was not asked about, because the budget ended or the
    service did not answer; `invalid_share` is the share of bad answers among the others. Shares, tokens and cost are 0
    for a predictor that asks no model."""

    predictor: str
    customers: int
    pairs: int
    bought: int
    mean_error_days: float
    median_error_days: float
    within_1_day: float
    within_7_days: float
    brier: float
    calibration_error: float
    invalid_share: float
    not_asked: int
    input_tokens: int
    output_tokens: int
    cost: float
    seconds: float


@dataclass(frozen=True)
class HeldOut:
    """The past period that is predicted, and the limit on customers."""

    cut: date
    until: date
    customers: int
    default_consent: bool
    personal_purchases: int


def held_out(as_of: date, settings: PredictionSettings, *, default_consent: bool) -> HeldOut:
    """The newest period of `compare_days` days that ended before `as_of`. Periods begin on fixed days, so that the next
    night's comparison reuses the answers of a model."""
    epoch, length = date(1970, 1, 1), timedelta(days=settings.compare_days)
    until = epoch + (as_of - epoch) // length * length
    return HeldOut(until - length, until, settings.compare_customers, default_consent, settings.personal_purchases)


def compare(
    contenders: Mapping[str, Predictor],
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    customers: pl.LazyFrame,
    *,
    period: HeldOut,
) -> list[Score]:
    """One score for each contender, all over the same pairs: those that any contender asked a model about, or all when
    none asks. Only customers with consent are compared, chosen by the hash of their id."""
    before = purchases.filter(pl.col("purchase_day") < period.cut)
    known = cycles(before, as_of=period.cut).frames["cycles"]
    learned = rhythms(
        before, known.lazy(), products, as_of=period.cut, personal_purchases=period.personal_purchases
    ).frames
    chosen = _chosen(known, customers, period)
    frames = {
        "cycles": known.lazy().join(chosen.lazy(), on="customer_id", how="semi"),
        **{name: frame.lazy() for name, frame in learned.items()},
        "products": products,
        "customers": customers.join(chosen.lazy(), on="customer_id", how="semi"),
    }
    outputs: dict[str, tuple[StepOutput, float]] = {}
    for name, predictor in contenders.items():
        began = time.perf_counter()
        output = predictor.predict(**{frame: frames[frame] for frame in predictor.inputs}, as_of=period.cut)
        outputs[name] = output, time.perf_counter() - began
    bought = _bought(purchases, period)
    pairs = _pairs([output for output, _ in outputs.values()])
    return [_score(name, output, pairs, bought, period, seconds) for name, (output, seconds) in outputs.items()]


def is_at_least_as_good(score: Score, other: Score) -> bool:
    """Whether neither dates nor chances are worse. False when there is nothing to judge by: nothing was bought, or
    a model was not asked about everybody."""
    return (
        score.bought > 0
        and not score.not_asked
        and score.mean_error_days <= other.mean_error_days
        and score.brier <= other.brier
    )


@dataclass(eq=False)
class GatedPredictor:
    """Uses the `challenger` if it was at least as good as the `champion` on the newest held-out period, else the
    champion. Implements `protocols.Predictor`. The figure `gate` says which one was used, and why."""

    challenger: Predictor
    champion: Predictor
    settings: PredictionSettings
    default_consent: bool = field(kw_only=True)
    by_customer: tuple[str, ...] = field(default=(), init=False)  # the verdict needs all customers

    def __post_init__(self) -> None:
        self.name, self.version = f"gated {self.challenger.name}", self.challenger.version
        self.inputs = tuple(dict.fromkeys([*self.challenger.inputs, *self.champion.inputs, "purchases", "customers"]))
        self.outputs = self.challenger.outputs

    def parameters(self) -> Mapping[str, Any]:
        """What the verdict depends on, and the parameters of both."""
        return {
            "compare_days": self.settings.compare_days,
            "compare_customers": self.settings.compare_customers,
            "challenger": self.challenger.parameters(),
            "champion": self.champion.parameters(),
        }

    def stand_in(self) -> Predictor | None:
        """The gate with what the challenger knows already, which passes only if that is enough to judge by."""
        challenger = self.challenger.stand_in()
        return replace(self, challenger=challenger) if challenger else None

    def predict(self, *, as_of: date, **frames: pl.LazyFrame) -> StepOutput:
        period = held_out(as_of, self.settings, default_consent=self.default_consent)
        contenders = {"champion": self.champion, "challenger": self.challenger}
        history = (frames[name] for name in ("purchases", "products", "customers"))
        champion, challenger = compare(contenders, *history, period=period)
        passed = is_at_least_as_good(challenger, champion)
        chosen = self.challenger if passed else self.champion
        output = chosen.predict(**{name: frames[name] for name in chosen.inputs}, as_of=as_of)
        nothing = {name: FRAMES[name].empty() for name in self.outputs}
        verdict = f"{chosen.name}: {self._why(challenger, champion)}"
        spent = {"gate_dollars": challenger.cost} if challenger.cost else {}
        return StepOutput({**nothing, **output.frames}, {**output.figures, **spent, "gate": verdict})

    def _why(self, challenger: Score, champion: Score) -> str:
        if not challenger.bought:
            return "nothing to judge by"
        if challenger.not_asked:
            return f"not judged: {challenger.not_asked} customers were not asked about"
        return "; ".join(
            f"{name} {score.mean_error_days:.2f} days off, Brier {score.brier:.4f}"
            for name, score in ((self.challenger.name, challenger), (self.champion.name, champion))
        )


def _chosen(known: pl.DataFrame, customers: pl.LazyFrame, period: HeldOut) -> pl.DataFrame:
    consent = customers.select("customer_id", consent="consent_ai_analysis").collect()
    asked = (
        known.select("customer_id")
        .unique()
        .join(consent, on="customer_id", how="left")
        .filter(pl.col("consent").fill_null(period.default_consent))
    )
    ids = sorted(asked["customer_id"], key=lambda customer: hashlib.sha256(customer.encode()).digest())
    return pl.DataFrame({"customer_id": sorted(ids[: period.customers])}, schema={"customer_id": pl.String})


def _bought(purchases: pl.LazyFrame, period: HeldOut) -> pl.DataFrame:
    """The first purchase of each pair in the period."""
    return (
        seen(purchases, as_of=period.until)
        .filter(pl.col("purchase_day") >= period.cut)
        .group_by(PAIR)
        .agg(pl.col("purchase_day").min().alias("next_day"))
        .collect()
    )


def _pairs(outputs: list[StepOutput]) -> pl.DataFrame:
    """The pairs that every contender predicted; if a model was asked, only those it was asked about."""
    common = outputs[0].frames["predictions"].select(PAIR)
    for output in outputs[1:]:
        common = common.join(output.frames["predictions"].select(PAIR), on=PAIR, how="semi")
    asked = [
        output.frames["predictions"].filter((pl.col("predictor") != "statistical") | pl.col("fallback")).select(PAIR)
        for output in outputs
        if "usage" in output.frames
    ]
    return common.join(pl.concat(asked).unique(), on=PAIR, how="semi") if asked else common


def _score(
    name: str, output: StepOutput, pairs: pl.DataFrame, bought: pl.DataFrame, period: HeldOut, seconds: float
) -> Score:
    judged = output.frames["predictions"].join(pairs, on=PAIR, how="semi").join(bought, on=PAIR, how="left").sort(PAIR)
    hit = judged.filter(pl.col("next_day").is_not_null())
    predicted, bought_on = (
        (hit[column] - period.cut).dt.total_days().to_numpy().astype(np.float64)
        for column in ("next_expected_date", "next_day")
    )
    days = 14 if (period.until - period.cut).days >= 14 else 7
    chance = judged[f"probability_{days}d"].to_numpy()
    is_soon = (pl.col("next_day") < period.cut + timedelta(days=days)).fill_null(False)
    soon = judged.select(is_soon).to_series().to_numpy()
    nothing = float("nan")
    errors = date_errors(predicted, bought_on) if hit.height else DateErrors(nothing, nothing, nothing, nothing)
    usage = output.frames.get("usage", FRAMES["usage"].empty())
    letters = output.frames.get("dead_letters", FRAMES["dead_letters"].empty())
    not_asked = letters.filter(pl.col("reason").is_in(UNASKED)).select("customer_id")
    answered = usage.join(not_asked, on="customer_id", how="anti")
    return Score(
        predictor=name,
        customers=judged["customer_id"].n_unique(),
        pairs=judged.height,
        bought=hit.height,
        mean_error_days=errors.mean,
        median_error_days=errors.median,
        within_1_day=errors.within_1_day,
        within_7_days=errors.within_7_days,
        brier=brier_score(chance, soon) if judged.height else nothing,
        calibration_error=calibration_error(reliability(chance, soon)) if judged.height else nothing,
        invalid_share=float((answered["state"] == "failed").mean() or 0),  # type: ignore[arg-type]
        not_asked=not_asked.height,
        input_tokens=_total(usage, "input_tokens", "cache_read_tokens", "cache_write_tokens"),
        output_tokens=_total(usage, "output_tokens"),
        cost=float(usage["cost"].sum()),
        seconds=round(seconds, 3),
    )


def _total(usage: pl.DataFrame, *columns: str) -> int:
    return round(sum(float(usage[column].sum()) for column in columns))
