from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from omnix_cli.steps.forecasts.boosting import MIN_GAPS, blended_chance, fit_interval_trees, tree_interval
from omnix_cli.steps.forecasts.intervals import PLAIN
from omnix_cli.steps.forecasts.pair_features import INTERVAL
from omnix_cli.steps.forecasts.trees import Trees


def gaps(count: int, *, known: bool) -> pl.DataFrame:
    """Last gaps of so many customers. What is `known` decides them: the last gap, squared in effect."""
    random = np.random.default_rng(7)
    last = random.normal(2.5, 0.5, count)
    names = {name for feature in INTERVAL.values() for name in feature.meta.root_names()}
    columns = {name: np.full(count, 2.5) for name in sorted(names)} | {"last_log_gap": last}
    log_gap = 2.5 + 1.5 * (last > 2.5) if known else np.full(count, 2.5)
    return pl.DataFrame(columns).with_columns(
        customer_id=pl.format("c{}", pl.int_range(count)),
        log_gap=pl.Series(log_gap + random.normal(0, 0.1, count)),
        is_last=pl.lit(True),
        own_gaps=pl.lit(3),
    )


def test_trees_are_used_where_they_win() -> None:
    rows = gaps(3_000, known=True)
    terms = fit_interval_trees(rows, PLAIN, history_days=1_000)
    found = tree_interval(Trees.of(terms), rows)
    assert np.abs(found - rows["log_gap"].to_numpy()).mean() < 0.15


def test_they_are_not_used_where_there_is_nothing_to_win() -> None:
    assert fit_interval_trees(gaps(3_000, known=False), PLAIN, history_days=1_000) == {}


def test_they_are_not_used_on_few_rows() -> None:
    assert fit_interval_trees(gaps(MIN_GAPS, known=True), PLAIN, history_days=1_000) == {}


def test_the_blend_is_the_mean_of_the_log_odds() -> None:
    even = np.array([0.5, 0.5])
    assert blended_chance(even, np.zeros(2)).tolist() == [0.5, 0.5]
    assert blended_chance(np.array([0.2]), np.log([0.2 / 0.8])) == pytest.approx([0.2])
    assert blended_chance(np.array([0.0, 1.0]), np.array([-99.0, 99.0])) == pytest.approx([0, 1], abs=1e-3)
