"""The statistical predictions combined with the answers of a model, whose confidence is calibrated with the purchases
after its earlier answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from omnix_cli.days.chances import alive_days, chance_within, scaled_to, window_chance
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PredictionSettings
from omnix_cli.steps.forecasts.urgency import SILENT, urgency

PRIOR_STRENGTH = 10.0
"""How strongly the coefficients are drawn to the statistical chance: with about 50 outcomes both count alike."""
_BOUNDS = ((0.0, None), (0.0, None))
_PLAIN = (1.0, 0.0)
_PAIR = ["customer_id", "product_id"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Calibration:
    """logit P(bought within the window) = statistical * logit(statistical chance) + stated * (logit(confidence that
    the model states) - usual), where `usual` is the mean logit of the stated confidence.

    It rises with both. Without outcomes it is the statistical chance. It has no intercept: how often customers buy
    varies more from month to month than the answers of a few weeks show, and the statistics know it from the whole
    history."""

    statistical: float = _PLAIN[0]
    stated: float = _PLAIN[1]
    usual: float = 0.0
    outcomes: int = 0

    def chance(self, stated: Floats, statistical: Floats) -> Floats:
        """The chance of a purchase within the window."""
        if not self.outcomes:
            return statistical
        return _chance(_design(stated, statistical, self.usual), np.array((self.statistical, self.stated)))


def outcomes(answers: pl.DataFrame, cycles: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """The outcome of earlier answers whose window ended before `as_of`: `stated`, `statistical`, and `happened`:
    whether the product was bought within the window.

    `answers` has the pair, the `date` and `stated` confidence of the answer, and the statistical forecast of that day:
    `window_from`, `window_to` and `statistical` chance. The window is widened to include the date. Answers older
    than the purchase days in `cycles` are left out, and so are customers without any."""
    ended = (
        answers.join(cycles, on="customer_id", how="semi")
        .with_columns(
            pl.min_horizontal("window_from", "date").alias("first"),
            pl.max_horizontal("window_to", "date").alias("last"),
        )
        .filter(pl.col("last") < as_of)
    )
    days = _purchase_days(cycles.join(ended, on=_PAIR, how="semi"))
    bought = ended.with_row_index("answer").join(days, on=_PAIR, how="left")
    return (
        bought.group_by("answer", maintain_order=True)
        .agg(
            pl.col("stated", "statistical", "last").first(),
            pl.col("day").is_between("first", "last").any().alias("happened"),
            pl.col("is_cut").any(),
            pl.col("day").min().alias("known_from"),
        )
        .filter(~pl.col("is_cut") | (pl.col("known_from") <= pl.col("last")))
        .select("stated", "statistical", "happened")
    )


def calibrate(past: pl.DataFrame) -> Calibration:
    """Fits the rows of `outcomes`: a logistic regression with non-negative coefficients and a ridge towards (1, 0).

    This is Platt's scaling (1999) of both together. Isotonic regression of the stated one alone would lose
    what the statistics know about each product, which is usually more."""
    if past.is_empty():
        return Calibration()
    past = past.sort("stated", "statistical", "happened")  # sums of floats depend on the order
    usual = round(float(_logit(past["stated"].to_numpy()).mean()), 6)
    design = _design(past["stated"].to_numpy(), past["statistical"].to_numpy(), usual)
    happened, plain = past["happened"].to_numpy(), np.array(_PLAIN)

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        score, off = design @ coefficients, coefficients - plain
        value = np.logaddexp(0.0, score).sum() - score[happened].sum() + PRIOR_STRENGTH / 2 * off @ off
        return float(value), design.T @ (_chance(design, coefficients) - happened) + PRIOR_STRENGTH * off

    with threadpool_limits(limits=1):
        fitted = minimize(loss, plain, jac=True, method="L-BFGS-B", bounds=_BOUNDS).x
    statistical, stated = np.round(fitted, 6).tolist()
    return Calibration(statistical, stated, usual, past.height)


def blend(
    predictions: pl.DataFrame,
    patterns: pl.DataFrame,
    failed: pl.DataFrame,
    *,
    calibration: Calibration,
    settings: PredictionSettings,
    predictor: str,
    predictor_version: str,
    as_of: date,
) -> pl.DataFrame:
    """The frame `predictions`.

    `patterns` have the pair, `answered_interval`, `answered_date`, the `stated` confidence and `reasoning` (null where
    there is none to show). They give the interval, the date and the reason. The date is kept within one statistical
    interval of the window, which is widened to include it. The stated confidence, calibrated, is the chance of a
    purchase within the statistical window, and all chances are scaled to it. The quantity stays statistical. Patterns
    whose date has passed are ignored. All other rows stay as they are; those of the pairs in `failed` are marked as a
    fallback."""
    spec = FRAMES["predictions"]
    pending = patterns.filter(pl.col("answered_date") >= as_of)
    marked = predictions.join(pending, on=_PAIR, how="anti").join(
        failed.select(_PAIR).with_columns(failed=pl.lit(True)), on=_PAIR, how="left"
    )
    statistical = marked.with_columns(fallback=pl.col("failed").fill_null(False))
    answered = _answered(predictions.join(pending, on=_PAIR), calibration, settings, as_of).with_columns(
        predictor=pl.lit(predictor), predictor_version=pl.lit(predictor_version), fallback=pl.lit(False)
    )
    columns = spec.schema.column_names()
    return spec.conform(pl.concat([statistical.select(columns), answered.select(columns)]).sort(spec.sort))


def _answered(rows: pl.DataFrame, calibration: Calibration, settings: PredictionSettings, as_of: date) -> pl.DataFrame:
    statistical = rows.select(window_chance()).to_series()
    chance = pl.Series("chance", calibration.chance(rows["stated"].to_numpy(), statistical.to_numpy()))
    reach = pl.duration(days=pl.col("interval_days").ceil().clip(1))
    first = pl.max_horizontal(pl.lit(as_of), "date_p10")
    day = pl.col("answered_date").clip(pl.max_horizontal(pl.lit(as_of), first - reach), pl.col("date_p90") + reach)
    interval = pl.col("answered_interval").round(3)
    silent = pl.col("urgency").cast(pl.String)
    due = pl.col("last_day") + pl.duration(days=pl.col("interval_days").round().cast(pl.Int64))
    is_overdue = pl.col("urgency") == "overdue"
    return (
        rows.with_columns(scaled_to(pl.lit(chance)), next_expected_date=day, date_p10=first)
        .with_columns(
            alive=chance_within(alive_days(interval)).round(6),
            interval_days=interval,
            date_p10=pl.min_horizontal("date_p10", "next_expected_date"),
            date_p90=pl.max_horizontal("date_p90", "next_expected_date"),
            reason=pl.coalesce("reasoning", "reason"),
            elapsed_days=(pl.lit(as_of) - pl.col("last_day")).dt.total_days(),
        )
        .with_columns(urgency=urgency(settings, pl.when(silent.is_in(SILENT)).then(silent)))
        .with_columns(
            predicted_date=pl.when(is_overdue).then(due).otherwise("next_expected_date"),
            date_p10=pl.when(is_overdue).then(due).otherwise("date_p10"),
        )
    )


def _logit(shares: Floats) -> Floats:
    kept = np.clip(shares, 0.01, 0.99)
    return np.asarray(np.log(kept / (1 - kept)))


def _design(stated: Floats, statistical: Floats, usual: float) -> Floats:
    return np.column_stack([_logit(statistical), _logit(stated) - usual])


def _chance(design: Floats, coefficients: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(design @ coefficients, -30.0, 30.0))))


def _purchase_days(cycles: pl.DataFrame) -> pl.DataFrame:
    """The purchase days of each pair in `cycles`, and whether earlier ones were cut off (`is_cut`)."""
    kept = cycles.select(
        *_PAIR, "last_day", "gap_days", is_cut=pl.col("purchase_days") > pl.col("gap_days").list.len() + 1
    )
    ago = pl.concat_list(
        pl.lit([0], dtype=pl.List(pl.Int64)), pl.col("gap_days").cast(pl.List(pl.Int64)).list.reverse()
    )
    return (
        kept.with_columns(ago.alias("ago"))
        .explode("ago", empty_as_null=False, keep_nulls=False)
        .with_columns(day=pl.col("last_day") - pl.duration(days=pl.col("ago").cum_sum().over(_PAIR)))
        .select(*_PAIR, "day", "is_cut")
    )
