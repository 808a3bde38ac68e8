"""How long until a product is needed again, counted from a purchase: the median gap, learnt from the gaps so far.

The logarithm of the gap is a linear function of a few terms, fitted by least absolute deviations (Koenker & Bassett
1978), so that the result is a median which one odd gap does not pull. A ridge holds the coefficients to the plain
shrunk rhythm, which is what remains when there is nothing to learn from.
"""

from __future__ import annotations

from datetime import date
from math import ceil

import numpy as np
import numpy.typing as npt
import polars as pl
from threadpoolctl import threadpool_limits

from omnix_cli.steps.forecasts.evidence import CUSTOMER_PRIOR_GAPS, OWN_PRIOR_GAPS, evidence
from omnix_cli.steps.forecasts.shared_rhythms import PRODUCT_PRIOR_GAPS, shrunk

TERMS = {
    "level": pl.col("own_gaps") * 0.0 + 1.0,
    "own": pl.col("own_log_gap"),
    "product": pl.col("product_log_gap"),
    "customer": pl.col("customer_log_gap"),
    "evidence": (pl.col("own_gaps") + 1.0).log(),
    "own_x_evidence": pl.col("own_log_gap") * (pl.col("own_gaps") + 1.0).log(),
}
PLAIN = {"level": 0.0, "own": 1.0, "product": 0.0, "customer": 0.0, "evidence": 0.0, "own_x_evidence": 0.0}
MAX_GAPS = 200_000
RIDGE = 10.0
ROUNDS = 30
SMALLEST_RESIDUAL = 0.02

Coefficients = dict[str, float]
Floats = npt.NDArray[np.float64]


def log_interval(coefficients: Coefficients) -> pl.Expr:
    """The median log gap after the last purchase, for the rows of `steps.forecasts.evidence`."""
    terms = (term * coefficients[name] for name, term in TERMS.items())
    return pl.sum_horizontal(*terms).clip(0.0)


def fit_interval(
    cycles: pl.LazyFrame, rhythms: pl.LazyFrame, products: pl.LazyFrame, *, as_of: date, personal_purchases: int
) -> Coefficients:
    """The coefficients from the kept gaps, of every k-th pair when there are more than 200,000 of them."""
    repeated = cycles.filter(pl.col("purchase_days") > 1)
    count = repeated.select(pl.col("gap_days").list.len().sum()).collect().item()
    sample = repeated.gather_every(max(1, ceil(count / MAX_GAPS)))
    told = evidence(sample, rhythms, products, as_of=as_of, personal_purchases=personal_purchases)
    gaps = past_gaps(told, personal_purchases=personal_purchases)
    design = gaps.select(term.alias(name) for name, term in TERMS.items()).to_numpy()
    fitted = least_absolute_deviations(design, gaps["log_gap"].to_numpy(), np.array(list(PLAIN.values())))
    return dict(zip(TERMS, fitted.tolist(), strict=True))


def past_gaps(told: pl.LazyFrame, *, personal_purchases: int) -> pl.DataFrame:
    """One row per past gap of the `evidence`: its log, and what `TERMS` read as it was on the gap's first day.

    The gap itself is left out of the means of its product and its customer."""
    pair = ["customer_id", "product_id"]
    repeats = pl.col("purchase_days") - 1
    place = repeats - pl.len().over(pair) + pl.int_range(pl.len()).over(pair)
    remaining = pl.col("log_gap").cum_sum(reverse=True).over(pair)
    earlier_mean = (pl.col("mean_log_gap") * repeats - remaining) / pl.max_horizontal("own_gaps", 1)
    customer_gaps = pl.col("customer_purchase_days") - pl.col("customer_products")
    return (
        told.filter(repeats > 0)
        .explode("gap_days", empty_as_null=False, keep_nulls=False)
        .with_columns(pl.col("gap_days").cast(pl.Float64).log().alias("log_gap"))
        .with_columns(
            pl.when(place + 1 >= personal_purchases).then(place).otherwise(0).alias("own_gaps"),
            _without(pl.col("product_log_gap"), pl.col("gaps_product") + PRODUCT_PRIOR_GAPS),
            _without(pl.col("customer_log_gap"), customer_gaps + CUSTOMER_PRIOR_GAPS),
        )
        .with_columns(
            shrunk(earlier_mean, pl.col("own_gaps"), pl.col("product_log_gap"), OWN_PRIOR_GAPS).alias("own_log_gap")
        )
        .select(*pair, "log_gap", "own_gaps", "own_log_gap", "product_log_gap", "customer_log_gap")
        .collect()
    )


def least_absolute_deviations(design: Floats, target: Floats, prior: Floats) -> Floats:
    """argmin over b of sum |target - design b| + RIDGE / 2 * |b - prior|^2, by iteratively reweighted least squares."""
    coefficients = prior
    with threadpool_limits(limits=1):
        for _ in range(ROUNDS):
            residual = target - design @ coefficients
            weighted = design / np.maximum(np.abs(residual), SMALLEST_RESIDUAL)[:, None]
            curvature = weighted.T @ design + RIDGE * np.eye(len(prior))
            slope = weighted.T @ residual - RIDGE * (coefficients - prior)
            coefficients = coefficients + np.linalg.solve(curvature, slope)
    return coefficients


def _without(mean: pl.Expr, weight: pl.Expr) -> pl.Expr:
    """The mean of a column of log gaps after taking out the row's own gap, which weighs 1 of `weight`."""
    return (mean * weight - pl.col("log_gap")) / (weight - 1.0)
