"""The chance of a purchase, day by day from the day of the forecast: a piecewise exponential model.

The daily rate of customer and product is `base_rate * exp(terms * coefficients)`, constant within each of the periods
between `EDGES`, where some terms change with the days ahead. Maximum likelihood is a Poisson regression with the
exposed days as offset (Holford 1980; Laird & Olivier 1981), here weighted, with a ridge that pulls the coefficients to
zero: the base rate is the result when there is nothing to learn from.

From the cumulative rate H(t) follow P(purchase within t days) = 1 - exp(-H(t)) and the quantiles of the day.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from threadpoolctl import threadpool_limits

EDGES = (0, 1, 2, 3, 5, 7, 10, 14, 21, 28, 42, 56, 84, 112, 147, 182)
HORIZON_DAYS = EDGES[-1]
LAST_DAY = 1460
CURVE_DAYS = np.array([*EDGES, LAST_DAY], dtype=np.float64)
"""The days ahead at which a curve is known. After the last of `EDGES` the rate stays as it was."""
STATIC_TERMS = {
    "level": pl.lit(1.0),
    "purchase_days": pl.col("purchase_days").log(),
    "recency": pl.col("recency_weight").clip(1e-6).log(),
    "base_rate": pl.col("base_rate").log(),
    "visit_rate": (pl.col("customer_shopping_days") / (pl.col("history_days") + 7)).log(),
    "recent_visits": (pl.col("customer_recent_shopping_days") + 0.5).log(),
    "since_visit": pl.col("visit_days").log1p(),
    "repetition": (pl.col("customer_purchase_days") / pl.col("customer_products")).log(),
    "since_sold": pl.col("sold_days").log1p(),
    "product_recency": pl.col("product_recency").clip(1e-6).log(),
    "buyers_7d": (pl.col("buyers_7d_product") + 0.5).log(),
    "buyers_28d": (pl.col("buyers_28d_product") + 0.5).log(),
}
KNOTS = (-1.0, 0.0, 1.0)
MOVING = ("recency", "recent_visits", "since_visit", "base_rate")
TERMS = (
    *STATIC_TERMS,
    "ahead",
    "lateness",
    *(f"lateness_above_{knot:g}" for knot in KNOTS),
    *(f"{name}_x_ahead" for name in MOVING),
)
RIDGE = 5.0
ROUNDS = 25

Coefficients = dict[str, float]
Floats = npt.NDArray[np.float64]


def columns(evidence: pl.LazyFrame) -> dict[str, Floats]:
    """The rows of `steps.forecasts.evidence` as arrays: the static terms, `elapsed`, `interval` (days) and `rate`."""
    frame = evidence.select(
        *(term.cast(pl.Float64).alias(name) for name, term in STATIC_TERMS.items()),
        pl.col("elapsed_days").cast(pl.Float64).alias("elapsed"),
        (pl.col("own_log_gap") + pl.col("quantity_shift")).exp().alias("interval"),
        pl.col("base_rate").alias("rate"),
    ).collect()
    return {name: frame[name].to_numpy() for name in frame.columns}


def cumulative_rate(rows: dict[str, Floats], coefficients: Mapping[str, float]) -> Floats:
    """H at `CURVE_DAYS`, one row per row: the expected number of purchases until then at a constant rate."""
    fixed = np.zeros(len(rows["rate"]))
    for name in STATIC_TERMS:
        fixed = fixed + coefficients[name] * rows[name]
    moving = sum(
        (coefficients[f"{name}_x_ahead"] * rows[name] for name in MOVING), np.full(len(fixed), coefficients["ahead"])
    )
    total = np.zeros((len(CURVE_DAYS), len(fixed))).T  # each day of the curve in one piece of memory
    for period in range(len(EDGES) - 1):
        lateness = _lateness(rows, period)
        exponent = fixed + np.log1p(_middle(period)) * moving + coefficients["lateness"] * lateness
        for knot in KNOTS:
            exponent += coefficients[f"lateness_above_{knot:g}"] * np.maximum(lateness - knot, 0.0)
        width = EDGES[period + 1] - EDGES[period]
        total[:, period + 1] = total[:, period] + width * rows["rate"] * np.exp(np.clip(exponent, -20.0, 8.0))
    last_width = EDGES[-1] - EDGES[-2]
    total[:, -1] = total[:, -2] + (LAST_DAY - HORIZON_DAYS) / last_width * (total[:, -2] - total[:, -3])
    return total


def probability_within(total: Floats, days: Floats | float, edges: Floats = CURVE_DAYS) -> Floats:
    """P(purchase within `days` days): 1 - exp(-H), with H known at the `edges` and growing evenly in between."""
    days = np.clip(days, 0.0, edges[-1])
    period = np.clip(np.searchsorted(edges, days, side="right") - 1, 0, len(edges) - 2)
    share = (days - edges[period]) / (edges[period + 1] - edges[period])
    row = np.arange(len(total)) if np.ndim(days) else slice(None)
    low, high = total[row, period], total[row, period + 1]
    return np.asarray(-np.expm1(-(low + share * (high - low))))


def day_of_chance(total: Floats, chance: Floats, edges: Floats = CURVE_DAYS) -> Floats:
    """Days ahead (a real number) within which a purchase has this chance; at most the last of the `edges`."""
    wanted = -np.log1p(-chance)
    period = np.clip((total <= wanted[:, None]).sum(axis=1) - 1, 0, len(edges) - 2)
    row = np.arange(len(total))
    low, high = total[row, period], total[row, period + 1]
    share = np.divide(wanted - low, high - low, out=np.zeros_like(low), where=high > low).clip(0.0, 1.0)
    return np.asarray(edges[period] + share * (edges[period + 1] - edges[period]))


def fit_hazard(rows: dict[str, Floats], days_ahead: Floats, followed_days: Floats, weight: Floats) -> Coefficients:
    """The coefficients from rows of past forecasts and what came after them.

    `days_ahead` is the day of the next purchase (0 on the day of the forecast, NaN if there was none) and
    `followed_days` the days observed."""
    scaled = np.zeros(len(TERMS))
    with threadpool_limits(limits=1):  # the sums of more threads differ in their last bits
        periods, scale = _followed(rows, days_ahead, followed_days, weight), _scale(rows, weight)
        for _ in range(ROUNDS):
            gradient, curvature = _derivatives(periods, scale, scaled)
            step = np.linalg.solve(curvature, gradient)
            scaled = scaled + step * min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))
            if float(np.abs(step).max()) < 1e-8:
                break
    coefficients = dict(zip(TERMS, (scaled / scale[1]).tolist(), strict=True))
    coefficients["level"] -= float((scaled * scale[0] / scale[1]).sum())
    return coefficients


class _Period(NamedTuple):
    """The rows at risk in a period: `parts` (see `_parts`), one column a row, the purchases and the expected ones at a
    rate of exp(0), both times the weight."""

    number: int
    parts: Floats
    bought: Floats
    exposure: Floats


def _followed(rows: dict[str, Floats], days_ahead: Floats, followed_days: Floats, weight: Floats) -> list[_Period]:
    """The periods in which any row is at risk."""
    periods = []
    next_day = np.nan_to_num(days_ahead, nan=np.inf)
    for number, (start, end) in enumerate(pairwise(EDGES)):
        at_risk = np.flatnonzero((next_day >= start) & (followed_days > start))
        if not len(at_risk):
            continue
        day, until = next_day[at_risk], np.minimum(end, followed_days[at_risk])
        bought = day < until
        exposed = np.minimum(np.where(bought, day + 0.5, end), until) - start
        here = {name: values[at_risk] for name, values in rows.items()}
        chosen = weight[at_risk]
        periods.append(_Period(number, _parts(here, number), chosen * bought, chosen * exposed * here["rate"]))
    return periods


def _middle(period: int) -> float:
    return (EDGES[period] + EDGES[period + 1]) / 2


def _lateness(rows: dict[str, Floats], period: int) -> Floats:
    """How late a purchase in the middle of a period is: the log of the days since the last one over the interval."""
    return np.asarray(np.log((rows["elapsed"] + _middle(period)) / rows["interval"]))


def _parts(rows: dict[str, Floats], period: int) -> Floats:
    """What the terms of a period are multiples of: the static terms and those of the lateness. One row each."""
    lateness = _lateness(rows, period)
    static = (rows[name] for name in STATIC_TERMS)
    return np.stack([*static, lateness, *(np.maximum(lateness - knot, 0.0) for knot in KNOTS)])


def _multiples(period: int) -> Floats:
    """The terms in the middle of a period, one row each, as multiples of the `_parts`."""
    ahead, every = np.log1p(_middle(period)), np.eye(len(STATIC_TERMS) + 1 + len(KNOTS))
    static = list(STATIC_TERMS)
    changing = [ahead * every[static.index(name)] for name in ("level", *MOVING)]
    return np.stack([*every[: len(static)], changing[0], *every[len(static) :], *changing[1:]])


def _scale(rows: dict[str, Floats], weight: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation of every term in the middle of the horizon; (0, 1) for the level."""
    if not len(weight):
        return np.zeros(len(TERMS)), np.ones(len(TERMS))
    period = len(EDGES) // 2
    design = _multiples(period) @ _parts(rows, period)
    mean = np.average(design, axis=1, weights=weight)
    deviation = np.sqrt(np.average((design - mean[:, None]) ** 2, axis=1, weights=weight))
    mean[TERMS.index("level")] = 0.0
    return mean, np.where(deviation < 1e-6, 1.0, deviation)


def _derivatives(periods: list[_Period], scale: tuple[Floats, Floats], scaled: Floats) -> tuple[Floats, Floats]:
    """Gradient and negative Hessian of the penalised log-likelihood.

    The scaled terms are linear in the `_parts`, so the sums over the rows are those of the parts: fewer, and made
    once."""
    gradient = -RIDGE * scaled
    curvature = RIDGE * np.eye(len(scaled))
    level = np.array([name == "level" for name in STATIC_TERMS] + [False] * (1 + len(KNOTS)), dtype=np.float64)
    for number, parts, bought, exposure in periods:
        terms = (_multiples(number) - np.outer(scale[0], level)) / scale[1][:, None]
        expected = exposure * np.exp(np.clip((scaled @ terms) @ parts, -20.0, 8.0))
        gradient = gradient + terms @ (parts @ (bought - expected))
        curvature = curvature + terms @ ((parts * expected) @ parts.T) @ terms.T
    return gradient, curvature
