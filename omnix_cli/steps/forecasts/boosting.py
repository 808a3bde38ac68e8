"""Boosted trees for the interval and the chance of pairs with a rhythm of their own, where they win.

They are fitted on nine of ten customers and judged on the tenth, beside the simpler model that has seen all of them.
They are used only if they are better there by more than the standard error of the difference.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.steps.forecasts.hazard import columns, cumulative_rate, probability_within
from omnix_cli.steps.forecasts.intervals import LONGEST_LOG_GAP, log_interval
from omnix_cli.steps.forecasts.pair_features import CHANCE, INTERVAL, columns_of
from omnix_cli.steps.forecasts.trees import Terms, Trees, fit_chance, fit_median

CHANCE_DAYS = 14
HAZARD_SHARE = 0.35
"""The part of the hazard in the mean of both log-odds. Chosen on Complete Journey as of 2017-08-01 and 2017-09-01."""
MIN_GAPS, MIN_CHANCES = 1_000, 10_000
"""With fewer rows the trees are not tried. Measured on parts of Complete Journey as of 2017-08-01 and 2017-09-01 (by
customers and by category): with 1,000 gaps or more they were nearly always closer than the regression; with fewer than
about 10,000 earlier chances they were worse later, also where the tenth customers said they were better."""
MOST_CENSORED = 10.0
EVERY = 10
_CHANCE_OPTIONS = {"max_iter": 100, "learning_rate": 0.08, "max_leaf_nodes": 15, "min_samples_leaf": 100}
_INTERVAL_OPTIONS = {"max_iter": 60, "learning_rate": 0.15, "max_leaf_nodes": 8, "min_samples_leaf": 100}
"""60 rounds of the interval are as good as 100 at a rate of .1 on Complete Journey as of 2017-08-01 and 2017-09-01, on
a third of its customers, and by category: the mean error is within .3 %, of later gaps .1 % smaller."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def fit_interval_trees(gaps: pl.DataFrame, coefficients: dict[str, float], *, history_days: int) -> Terms:
    """The terms of the trees for the log gap, from the last gap of each pair; none where they do not win.

    The loss is the absolute error. A gap of g days can only be seen where g days of the history were left, so it weighs
    1 / (1 - g / history_days), at most 10: the inverse of the share of days from which it could be seen."""
    last = gaps.filter(pl.col("is_last"))
    days = last["log_gap"].exp().to_numpy()
    weight = 1 / np.clip(1 - days / max(history_days, 1), 1 / MOST_CENSORED, 1)
    held = _held_out(last)
    if (~held).sum() < MIN_GAPS or not held.any():
        return {}
    features = columns_of(last, INTERVAL)
    trees = fit_median(_rows(features, ~held), np.log(days)[~held], weight[~held], **_INTERVAL_OPTIONS)
    plain = last.select(log_interval(coefficients)).to_series().to_numpy()[held]
    found = trees.score(_rows(features, held)).clip(0.0, LONGEST_LOG_GAP)
    errors = [np.abs(np.exp(log_days) - days[held]) for log_days in (plain, found)]
    return trees.terms() if _wins(errors[1] * weight[held], errors[0] * weight[held]) else {}


def fit_chance_trees(looks: pl.DataFrame, coefficients: dict[str, float]) -> Terms:
    """The terms of the trees for the log-odds of a purchase within 14 days, from the evidence of earlier days; none
    where they do not win (loss: log loss)."""
    closed = looks.filter(pl.col("followed_days") >= CHANCE_DAYS)
    held = _held_out(closed)
    if (~held).sum() < MIN_CHANCES or not held.any():
        return {}
    happened = (closed["days_ahead"].fill_null(CHANCE_DAYS) < CHANCE_DAYS).to_numpy()
    if happened[~held].all() or not happened[~held].any():
        return {}
    features, weight = columns_of(closed, CHANCE), closed["stride"].to_numpy().astype(np.float64)
    trees = fit_chance(_rows(features, ~held), happened[~held], weight[~held], **_CHANCE_OPTIONS)
    judged = closed.filter(held)
    plain = probability_within(cumulative_rate(columns(judged.lazy()), coefficients), CHANCE_DAYS)
    blended = blended_chance(plain, trees.score(_rows(features, held)))
    losses = [_log_loss(chance, happened[held]) for chance in (plain, blended)]
    return trees.terms() if _wins(losses[1], losses[0]) else {}


def tree_interval(trees: Trees, pairs: pl.DataFrame) -> Floats:
    """The log gap after the last purchase."""
    return trees.score(columns_of(pairs, INTERVAL)).clip(0.0, LONGEST_LOG_GAP)


def with_tree_chance(total: Floats, trees: Trees, pairs: pl.DataFrame) -> Floats:
    """The cumulative rates with each row's rates multiplied so that the chance within 14 days is that of both models
    together. So all chances and dates follow from one curve."""
    plain = probability_within(total, CHANCE_DAYS)
    chance = blended_chance(plain, trees.score(columns_of(pairs, CHANCE)))
    factor = np.log1p(-chance) / np.log1p(-np.clip(plain, 1e-9, 1 - 1e-9))
    return total * factor[:, None]


def blended_chance(plain: Floats, log_odds: Floats) -> Floats:
    """The mean of the log-odds of the hazard (35 %) and of the trees (65 %), as a chance."""
    kept = np.clip(plain, 1e-9, 1 - 1e-9)
    score = HAZARD_SHARE * np.log(kept / (1 - kept)) + (1 - HAZARD_SHARE) * log_odds
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -20.0, 20.0))))


def _held_out(rows: pl.DataFrame) -> Bools:
    """The rows of every tenth customer, by id."""
    return (rows["customer_id"].rank("dense") % EVERY == 0).to_numpy()


def _rows(columns: dict[str, Floats], chosen: Bools) -> dict[str, Floats]:
    return {name: values[chosen] for name, values in columns.items()}


def _log_loss(chance: Floats, happened: Bools) -> Floats:
    kept = np.clip(chance, 1e-9, 1 - 1e-9)
    return np.asarray(-np.log(np.where(happened, kept, 1 - kept)))


def _wins(loss: Floats, other: Floats) -> bool:
    """Whether the mean loss is below the other by more than the standard error of the mean difference."""
    gain = other - loss
    return bool(gain.mean() > gain.std() / np.sqrt(len(gain)))
