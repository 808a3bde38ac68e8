"""What the confidence of a model is worth, learnt from what became of its earlier answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

PRIOR_STRENGTH = 10.0
"""How firmly the coefficients are held to the statistical confidence: with some 50 outcomes both count alike."""
_BOUNDS = ((0.0, None), (0.0, None))
_PLAIN = (1.0, 0.0)
_PAIR = ["customer_id", "product_id"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Calibration:
    """logit P(bought inside the window) = statistical * logit(the statistics' confidence) + stated * (logit(what the
    model states) - usual), where `usual` is the mean of what it states.

    It rises with both, and without outcomes it is the statistics' confidence. It has no level of its own: how often
    customers buy moves from month to month by more than the answers of some weeks could tell, and the statistics have
    learnt it from the whole history."""

    statistical: float = _PLAIN[0]
    stated: float = _PLAIN[1]
    usual: float = 0.0
    outcomes: int = 0

    def confidence(self, stated: Floats, statistical: Floats) -> Floats:
        """The chances, by what the model stated and what the statistics say now."""
        if not self.outcomes:
            return statistical
        return _chance(_design(stated, statistical, self.usual), np.array((self.statistical, self.stated)))


def outcomes(answers: pl.DataFrame, cycles: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """What became of earlier answers: `stated`, `statistical` and whether it `happened` that the product was bought
    inside the window, which ended before `as_of`.

    `answers` has the pair, the answer's `date` and `stated` confidence, and the `window_from`, `window_to` and
    `statistical` confidence that the statistics had told at the time; the window is widened to hold the date. Answers
    that are older than the purchase days which `cycles` keeps are left out, and so are customers without any."""
    told = (
        answers.join(cycles, on="customer_id", how="semi")
        .with_columns(
            pl.min_horizontal("window_from", "date").alias("first"),
            pl.max_horizontal("window_to", "date").alias("last"),
        )
        .filter(pl.col("last") < as_of)
    )
    days = _purchase_days(cycles.join(told, on=_PAIR, how="semi"))
    bought = told.with_row_index("answer").join(days, on=_PAIR, how="left")
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
    """Fits the rows of `outcomes`: a logistic regression with coefficients that are never negative and a ridge that
    holds them to (1, 0).

    Platt's scaling (1999) of both confidences at once rather than isotonic steps of the model's alone: those would
    forget what the statistics know of each product, which most often is more."""
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


def _logit(shares: Floats) -> Floats:
    kept = np.clip(shares, 0.01, 0.99)
    return np.asarray(np.log(kept / (1 - kept)))


def _design(stated: Floats, statistical: Floats, usual: float) -> Floats:
    return np.column_stack([_logit(statistical), _logit(stated) - usual])


def _chance(design: Floats, coefficients: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(design @ coefficients, -30.0, 30.0))))


def _purchase_days(cycles: pl.DataFrame) -> pl.DataFrame:
    """Each kept purchase day of each pair, and whether there were earlier ones (`is_cut`)."""
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
