"""The chance of a purchase for a long and steady rhythm, such as a tree every December.

The looks back that the other models learn from are shorter than such a rhythm, so they would take the months without a
purchase for silence. Here the gap has a log-normal distribution with the pair's own mean and deviation, unless the
rhythm has ended or was none: with n gaps so far, with chance 1 / (n + 2) (the rule of succession), and then the other
model is right. The time since the last purchase decides between the two (a renewal process with dropout: Schmittlein,
Morrison & Colombo 1987).
"""

from __future__ import annotations

from math import log

import numpy as np
import numpy.typing as npt
import polars as pl

LONG_GAP_DAYS = 150.0
"""Longer than what the looks back of the other models show. Two steady gaps of three months are often chance: on
Complete Journey as of 2017-09-01, one in ten of such pairs was bought within 14 days, whatever its rhythm said."""
STEADY = 0.1
"""The largest deviation of the log gaps of a steady rhythm: one gap in three is more than 10 % off. Up to it, the
median error of their mean was smaller than that of the trees (last gaps of Complete Journey before 2017-10-01)."""
PRIOR_GAPS = 2.0
PRIOR_DEVIATION = 0.03
DAYS = np.concatenate([np.arange(0, 63), np.arange(63, 1463, 7)]).astype(np.float64)
"""The days ahead at which the curve is known."""

Floats = npt.NDArray[np.float64]


def is_steady(least_gaps: int) -> pl.Expr:
    """Whether a pair has at least so many gaps of its own, all about the same."""
    return ((pl.col("own_gaps") >= least_gaps) & (pl.col("std_log_gap") <= STEADY)).fill_null(False)


def is_long() -> pl.Expr:
    """Whether the gaps of a pair are longer than what the other models learn from."""
    return pl.col("mean_log_gap") > log(LONG_GAP_DAYS)


def deviation() -> pl.Expr:
    """The deviation of the log gaps, drawn to 0.03 with the weight of two gaps."""
    square = pl.col("own_gaps") * pl.col("std_log_gap") ** 2 + PRIOR_GAPS * PRIOR_DEVIATION**2
    return (square / (pl.col("own_gaps") + PRIOR_GAPS)).sqrt()


def renewal_curve(pairs: pl.DataFrame, otherwise: Floats) -> Floats:
    """The cumulative rates at `DAYS`, one row a pair: -log(1 - chance of a purchase until then). `otherwise` has the
    chances for a rhythm that has ended."""
    from scipy.special import ndtr

    mean = pairs.select(pl.col("interval_days").log()).to_series().to_numpy()[:, None]
    spread = pairs.select(deviation()).to_series().to_numpy()[:, None]
    elapsed = pairs["elapsed_days"].to_numpy().astype(np.float64)[:, None]
    dropout = 1 / (pairs["own_gaps"].to_numpy().astype(np.float64)[:, None] + 2)
    until = ndtr((np.log(np.maximum(elapsed + DAYS[None, :] - 0.5, 0.5)) - mean) / spread)
    silent = (1 - dropout) * (1 - until[:, :1]) + dropout
    chance = ((1 - dropout) * (until - until[:, :1]) + dropout * otherwise) / silent
    return np.asarray(-np.log1p(-np.clip(chance, 0.0, 1 - 1e-9)))
