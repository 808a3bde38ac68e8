from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from omnix_cli.kernels.binning import bin_edges, binned
from omnix_cli.steps.forecasts.trees import BINS, Floats, Trees, fit_chance, fit_median

SMALL = {"max_iter": 20, "max_leaf_nodes": 7}


@pytest.fixture(scope="module")
def columns() -> dict[str, Floats]:
    random = np.random.default_rng(5)
    columns = {name: random.normal(size=3_000) for name in ("zeta", "alpha", "mid")}
    columns["mid"][random.random(3_000) < 0.3] = np.nan
    return columns


def target(columns: dict[str, Floats]) -> Floats:
    noise = np.random.default_rng(6).normal(size=3_000)
    return np.asarray(columns["zeta"] - np.nan_to_num(columns["mid"], nan=2.0) * columns["alpha"] + noise)


def test_scores_are_those_of_the_estimator(columns: dict[str, Floats]) -> None:
    """Their estimator gets the features as numbers of bins."""
    table = np.column_stack([binned(values, bin_edges(values, BINS)) for values in columns.values()])
    weight = np.linspace(0.5, 2, 3_000)
    options = {"early_stopping": False, "random_state": 0, **SMALL}
    happened = target(columns) > 0
    classifier = HistGradientBoostingClassifier(**options).fit(table, happened, sample_weight=weight)
    found = fit_chance(columns, happened, weight, **SMALL).score(columns)
    assert np.array_equal(found, classifier.decision_function(table))
    regressor = HistGradientBoostingRegressor(loss="absolute_error", **options)
    regressor.fit(table, target(columns), sample_weight=weight)
    assert np.array_equal(
        fit_median(columns, target(columns), weight, **SMALL).score(columns), regressor.predict(table)
    )


def test_stored_terms_give_the_same_scores(columns: dict[str, Floats]) -> None:
    trees = fit_chance(columns, target(columns) > 0, np.ones(3_000), **SMALL)
    terms = trees.terms()
    assert np.isfinite(list(terms.values())).all()
    shuffled = dict(sorted(terms.items()))
    assert np.array_equal(Trees.of(shuffled).score(columns), trees.score(columns))


def test_a_row_scores_alone_as_among_others(columns: dict[str, Floats]) -> None:
    trees = fit_median(columns, target(columns), np.ones(3_000), **SMALL)
    alone = trees.score({name: values[17:18] for name, values in columns.items()})
    assert alone[0] == trees.score(columns)[17]


def test_a_tree_of_one_leaf_is_its_value() -> None:
    constant = {"x": np.zeros(50)}
    trees = fit_median(constant, np.full(50, 3.0), np.ones(50), **SMALL)
    assert Trees.of(trees.terms()).score(constant).tolist() == [3.0] * 50


def test_what_no_row_knows_decides_nothing(columns: dict[str, Floats]) -> None:
    """Such as the category in a shop without a catalogue, or a value that only rows without a weight have."""
    wanted, weight = target(columns), np.ones(3_000)
    weight[:10] = 0
    nowhere, hardly = np.full(3_000, np.nan), np.full(3_000, np.nan)
    hardly[:10] = 1.0
    with_unknown = columns | {"nowhere": nowhere, "hardly": hardly}
    assert np.array_equal(
        fit_median(with_unknown, wanted, weight, **SMALL).score(with_unknown),
        fit_median(columns, wanted, weight, **SMALL).score(columns),
    )
    assert np.array_equal(
        fit_chance(with_unknown, wanted > 0, weight, **SMALL).score(with_unknown),
        fit_chance(columns, wanted > 0, weight, **SMALL).score(columns),
    )
