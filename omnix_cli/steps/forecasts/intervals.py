"""How long until a product is needed again, counted from a purchase: the likeliest gap, learnt from the gaps so far.

The logarithm of the gap is a linear function of a few terms. The fit is a regression toward the mode (Lee 1989; Yao &
Li 2014): it looks for the day near which most purchases fall, because a date that is weeks off is useless even if it
is a little less off. A ridge pulls the coefficients to the plain shrunk rhythm: the result when there is nothing to
learn from.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from math import ceil

import numpy as np
import numpy.typing as npt
import polars as pl
from threadpoolctl import threadpool_limits

from omnix_cli.steps.cycles import burst_days
from omnix_cli.steps.forecasts.evidence import (
    CUSTOMER_PRIOR_GAPS,
    OWN_PRIOR_GAPS,
    PRIOR_SPREAD,
    PRODUCT_PRIOR_GAPS,
    evidence,
    shrunk,
)
from omnix_cli.steps.forecasts.pair_features import INTERVAL

TERMS = {
    "level": pl.col("own_gaps") * 0.0 + 1.0,
    "own": pl.col("own_log_gap"),
    "product": pl.col("product_log_gap"),
    "customer": pl.col("customer_log_gap"),
    "spread": pl.col("own_spread"),
    "own_x_spread": pl.col("own_log_gap") * pl.col("own_spread"),
    "own_x_evidence": pl.col("own_log_gap") * (pl.col("own_gaps") + 1.0).log(),
}
PLAIN = dict.fromkeys(TERMS, 0.0) | {"own": 1.0}
MAX_GAPS = 200_000
RIDGE = 10.0
ROUNDS = 30
SCALE = 1.75
"""From how many median errors on a date counts as missed: the smaller, the nearer to the mode; the larger, to the mean.
Chosen on earlier gaps (see the curve in `tests.benchmarks.quality_predictions`): of the values that keep half of the
lead in mean error that a fit of the median has over the best simple rule, the one with the smallest median error."""
SMALLEST_MISS_DAYS = 1.0
LONGEST_LOG_GAP = 8.0

Coefficients = dict[str, float]
Floats = npt.NDArray[np.float64]


_READ = dict.fromkeys(
    (
        *("customer_id", "log_gap", "is_last", "history_days"),
        *(name for term in (*TERMS.values(), *INTERVAL.values()) for name in term.meta.root_names()),
    )
)
"""What is read of past gaps: they are many."""


def log_interval(coefficients: Mapping[str, float]) -> pl.Expr:
    """The likeliest log gap after the last purchase, for the rows of `steps.forecasts.evidence`."""
    terms = (term * coefficients[name] for name, term in TERMS.items())
    return pl.sum_horizontal(*terms).clip(0.0, LONGEST_LOG_GAP)


def sampled_gaps(
    cycles: pl.LazyFrame, rhythms: pl.LazyFrame, products: pl.LazyFrame, *, as_of: date, personal_purchases: int
) -> pl.DataFrame:
    """The past gaps (see `past_gaps`), of every k-th pair when there are more than 200,000 of them."""
    repeated = cycles.filter(pl.col("occasions") > 1)
    count = repeated.select(pl.col("gap_days").list.len().sum()).collect().item()
    sample = repeated.gather_every(max(1, ceil(count / MAX_GAPS)))
    past = evidence(sample, rhythms, products, as_of=as_of, personal_purchases=personal_purchases)
    return past_gaps(past, personal_purchases=personal_purchases)


def fit_interval(gaps: pl.DataFrame, *, scale: float = SCALE) -> Coefficients:
    """The coefficients from the rows of `past_gaps`."""
    design = gaps.select(term.alias(name) for name, term in TERMS.items()).to_numpy()
    fitted = modal_regression(design, gaps["log_gap"].exp().to_numpy(), np.array(list(PLAIN.values())), scale)
    return dict(zip(TERMS, fitted.tolist(), strict=True))


def past_gaps(evidence: pl.LazyFrame, *, personal_purchases: int) -> pl.DataFrame:
    """One row per past gap of the `evidence`: its log, whether it is the pair's last one (`is_last`), and what `TERMS`
    and `pair_features.INTERVAL` read as it was on the gap's first day.

    The gap itself is left out of the means of its product and its customer."""
    pair = "pair"  # its number: quicker to group by than the two ids
    repeats = pl.col("occasions") - 1
    count, number = pl.len().over(pair), pl.int_range(pl.len()).over(pair)
    place = repeats - pl.col("count") + pl.col("number")
    log_gap, mean, deviation = pl.col("log_gap"), pl.col("mean_log_gap"), pl.col("std_log_gap").fill_null(0.0)
    log_sum, square_sum = mean * repeats, mean**2 * repeats + deviation**2 * (repeats - 1)
    earlier_mean, earlier_square = (
        (total - remaining.cum_sum(reverse=True).over(pair)) / pl.max_horizontal("own_gaps", 1)
        for total, remaining in ((log_sum, log_gap), (square_sum, log_gap**2))
    )
    variance = (earlier_square - earlier_mean**2).clip(0.0)
    customer_gaps = pl.col("customer_purchase_days") - pl.col("customer_products")
    last_log_gap = pl.when(pl.col("number") > 0).then(log_gap.shift(1))
    return (
        evidence.filter(repeats > 0)
        .with_row_index(pair)
        .with_columns(pl.col(pair).set_sorted())
        .explode("gap_days", empty_as_null=False, keep_nulls=False)
        .filter(pl.col("gap_days") > burst_days(pl.col("mean_gap_days")))
        .with_columns(count.alias("count"), number.alias("number"), log_gap=pl.col("gap_days").cast(pl.Float64).log())
        .with_columns(
            pl.when(place + 1 >= personal_purchases).then(place).otherwise(0).alias("own_gaps"),
            last_log_gap.alias("last_log_gap"),
            pl.when(pl.col("number") > 1).then(log_gap.shift(2)).alias("log_gap_before"),
            (pl.col("number") + 1 == pl.col("count")).alias("is_last"),
            last_log_gap.cum_max().over(pair).alias("longest_log_gap"),
            _mean_before(log_gap.exp()).alias("mean_gap_days"),
            _without(pl.col("product_log_gap"), pl.col("gaps_product") + PRODUCT_PRIOR_GAPS),
            _without(pl.col("customer_log_gap"), customer_gaps + CUSTOMER_PRIOR_GAPS),
        )
        .with_columns(
            shrunk(earlier_mean, pl.col("own_gaps"), pl.col("product_log_gap"), OWN_PRIOR_GAPS).alias("own_log_gap"),
            shrunk(variance, pl.col("own_gaps"), pl.lit(PRIOR_SPREAD), OWN_PRIOR_GAPS).alias("own_spread"),
        )
        .select(*_READ)
        .collect()
    )


def modal_regression(design: Floats, days: Floats, prior: Floats, scale: float = SCALE) -> Floats:
    """argmin over b of sum log(1 + (error / missed)^2) + RIDGE * |b - prior|^2, where error = days - exp(design b) and
    missed = scale * median |error|: Cauchy's loss by iteratively reweighted least squares (Holland & Welsch 1977)."""
    coefficients = prior
    with threadpool_limits(limits=1):
        for _ in range(ROUNDS if len(days) else 0):
            expected = np.exp(np.clip(design @ coefficients, 0.0, LONGEST_LOG_GAP))
            error = days - expected
            missed = max(scale * float(np.median(np.abs(error))), SMALLEST_MISS_DAYS)
            slopes = design * (expected / missed)[:, None]
            weighted = slopes / (1.0 + (error / missed) ** 2)[:, None]
            curvature = weighted.T @ slopes + RIDGE * np.eye(len(prior))
            gradient = weighted.T @ (error / missed) - RIDGE * (coefficients - prior)
            step = np.linalg.solve(curvature, gradient)
            coefficients = coefficients + step / max(1.0, float(np.abs(step).max()))
    return coefficients


def _mean_before(gap: pl.Expr) -> pl.Expr:
    """The mean of a pair's gaps without its last one."""
    span = pl.col("mean_gap_days") * (pl.col("purchase_days") - 1)
    return pl.when(pl.col("purchase_days") > 2).then((span - gap).clip(1.0) / (pl.col("purchase_days") - 2))


def _without(mean: pl.Expr, weight: pl.Expr) -> pl.Expr:
    """The mean of a column of log gaps after taking out the row's own gap, which weighs 1 of `weight`."""
    return (mean * weight - pl.col("log_gap")) / (weight - 1.0)
