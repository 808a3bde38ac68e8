"""The chance of a purchase, day by day from the day of the forecast: a piecewise exponential model.

The daily rate of customer and product is `base_rate * exp(terms * coefficients)`, constant within each of the periods
between `EDGES`, where some terms change with the days ahead. Maximum likelihood is a Poisson regression with the
exposed days as offset (Holford 1980; Laird & Olivier 1981), here weighted, with a ridge that pulls the coefficients to
zero: the base rate is the result when there is nothing to learn from.

From the cumulative rate H(t) follow P(purchase within t days) = 1 - exp(-H(t)) and the quantiles of the day.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    total = np.zeros((len(fixed), len(CURVE_DAYS)))
    for period in range(len(EDGES) - 1):
        exponent = fixed
        for name, values in _moving_terms(rows, period).items():
            exponent = exponent + coefficients[name] * values
        width = EDGES[period + 1] - EDGES[period]
        total[:, period + 1] = total[:, period] + width * rows["rate"] * np.exp(np.clip(exponent, -20.0, 8.0))
    last_width = EDGES[-1] - EDGES[-2]
    total[:, -1] = total[:, -2] + (LAST_DAY - HORIZON_DAYS) / last_width * (total[:, -2] - total[:, -3])
    return total


def probability_within(total: Floats, days: Floats | float, edges: Floats = CURVE_DAYS) -> Floats:
    """P(purchase within `days` days): 1 - exp(-H), with H known at the `edges` and growing evenly in between."""
    days = np.clip(np.broadcast_to(days, len(total)), 0.0, edges[-1])
    period = np.clip(np.searchsorted(edges, days, side="right") - 1, 0, len(edges) - 2)
    share = (days - edges[period]) / (edges[period + 1] - edges[period])
    row = np.arange(len(total))
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
    scale = _scale(rows, weight)
    scaled = np.zeros(len(TERMS))
    with threadpool_limits(limits=1):
        for _ in range(ROUNDS):
            gradient, curvature = _derivatives(rows, days_ahead, followed_days, weight, scale, scaled)
            step = np.linalg.solve(curvature, gradient)
            scaled = scaled + step * min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))
            if float(np.abs(step).max()) < 1e-8:
                break
    coefficients = dict(zip(TERMS, (scaled / scale[1]).tolist(), strict=True))
    coefficients["level"] -= float((scaled * scale[0] / scale[1]).sum())
    return coefficients


def _moving_terms(rows: dict[str, Floats], period: int) -> dict[str, Floats]:
    """The terms that change with the days ahead, in the middle of a period."""
    middle = (EDGES[period] + EDGES[period + 1]) / 2
    ahead = np.log1p(middle)
    lateness = np.log((rows["elapsed"] + middle) / rows["interval"])
    terms = {"ahead": np.full(len(lateness), ahead), "lateness": lateness}
    terms |= {f"lateness_above_{knot:g}": np.maximum(lateness - knot, 0.0) for knot in KNOTS}
    return terms | {f"{name}_x_ahead": rows[name] * ahead for name in MOVING}


def _design(rows: dict[str, Floats], period: int) -> Floats:
    return np.column_stack([*(rows[name] for name in STATIC_TERMS), *_moving_terms(rows, period).values()])


def _scale(rows: dict[str, Floats], weight: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation of every term in the middle of the horizon; (0, 1) for the level."""
    if not len(weight):
        return np.zeros(len(TERMS)), np.ones(len(TERMS))
    design = _design(rows, len(EDGES) // 2)
    mean = np.average(design, axis=0, weights=weight)
    deviation = np.sqrt(np.average((design - mean) ** 2, axis=0, weights=weight))
    mean[TERMS.index("level")] = 0.0
    return mean, np.where(deviation < 1e-6, 1.0, deviation)


def _derivatives(
    rows: dict[str, Floats],
    days_ahead: Floats,
    followed_days: Floats,
    weight: Floats,
    scale: tuple[Floats, Floats],
    scaled: Floats,
) -> tuple[Floats, Floats]:
    """Gradient and negative Hessian of the penalised log-likelihood."""
    gradient = -RIDGE * scaled
    curvature = RIDGE * np.eye(len(scaled))
    next_day = np.nan_to_num(days_ahead, nan=np.inf)
    for period in range(len(EDGES) - 1):
        start, end = EDGES[period], EDGES[period + 1]
        at_risk = (next_day >= start) & (followed_days > start)
        if not at_risk.any():
            continue
        here = {name: values[at_risk] for name, values in rows.items()}
        bought = next_day[at_risk] < np.minimum(end, followed_days[at_risk])
        exposed = np.minimum(np.where(bought, next_day[at_risk] + 0.5, end), followed_days[at_risk]) - start
        design = (_design(here, period) - scale[0]) / scale[1]
        expected = weight[at_risk] * exposed * here["rate"] * np.exp(np.clip(design @ scaled, -20.0, 8.0))
        gradient = gradient + design.T @ (weight[at_risk] * bought - expected)
        curvature = curvature + (design * expected[:, None]).T @ design
    return gradient, curvature
