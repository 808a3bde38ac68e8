"""The models, beside scikit-learn's own answers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from omnix_cli.kernels.binning import bin_edges
from omnix_cli.steps.ranking.baskets import Bools, Floats
from omnix_cli.steps.ranking.learners import (
    BINS,
    FEWEST_IN_LEAF,
    INVERSE_RIDGE,
    LEARNING_RATE,
    LEAVES,
    TREES,
    Logistic,
    Trees,
)
from omnix_cli.steps.ranking.ranker import Model

NAMES = ("far", "near", "noise")


def examples(rows: int = 3_000, *, seed: int = 3) -> tuple[Floats, Bools, Floats]:
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows, 3)) * [3.0, 1.0, 1.0] + [10.0, 0.0, 0.0]
    chance = 1 / (1 + np.exp(-(np.maximum(features[:, 1], 0) * 2 - (features[:, 0] - 10) / 3 - 1)))
    return features, random.random(rows) < chance, random.uniform(0.2, 1.0, rows)


def test_the_logistic_regression_is_that_of_scikit_learn() -> None:
    features, bought, weight = examples()
    z = (features - features.mean(axis=0)) / features.std(axis=0)
    theirs = LogisticRegression(C=INVERSE_RIDGE, max_iter=300)
    theirs.fit(np.hstack([z, np.maximum(z, 0)]), bought, sample_weight=weight)
    ours = Logistic.fit(NAMES, features, bought, weight).margin(features)
    assert ours == pytest.approx(theirs.decision_function(np.hstack([z, np.maximum(z, 0)])), abs=1e-4)


def test_the_trees_score_as_those_of_scikit_learn() -> None:
    features, bought, weight = examples()
    edges = [bin_edges(column, BINS) for column in features.T]
    binned = lambda rows: np.column_stack([np.searchsorted(e, c) for e, c in zip(edges, rows.T, strict=True)])  # noqa: E731
    theirs = HistGradientBoostingClassifier(
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        learning_rate=LEARNING_RATE,
        min_samples_leaf=FEWEST_IN_LEAF,
        early_stopping=False,
        random_state=0,
    ).fit(binned(features), bought, sample_weight=weight)
    unseen = examples(seed=4)[0]
    ours = Trees.fit(NAMES, features, bought, weight)
    assert ours.margin(unseen) == pytest.approx(theirs.decision_function(binned(unseen)), abs=1e-12)


@pytest.mark.parametrize("with_trees", [False, True])
def test_the_shares_of_the_features_add_up_to_the_margin(with_trees: bool) -> None:
    rows = examples()
    trees = Trees.fit(NAMES, *rows) if with_trees else None
    model = Model(NAMES, Logistic.fit(NAMES, *rows), trees, shift=-1.2)
    unseen = examples(seed=4)[0]
    shares = model.shares(unseen)
    assert shares.sum(axis=1) == pytest.approx(model.margin(unseen), abs=1e-9)
    # What decides nothing has hardly a share: the mean size of its share is below a quarter of the others'.
    assert np.abs(shares[:, 2]).mean() < 0.25 * np.abs(shares[:, :2]).mean()


def test_a_model_read_back_from_its_rows_is_the_same() -> None:
    features, bought, weight = examples()
    logistic, trees = Logistic.fit(NAMES, features, bought, weight), Trees.fit(NAMES, features, bought, weight)
    unseen = examples(seed=4)[0]
    assert np.array_equal(Logistic.of(logistic.frame()).margin(unseen), logistic.margin(unseen))
    assert np.array_equal(Trees.of(trees.frame(), NAMES).margin(unseen), trees.margin(unseen))


def test_a_feature_that_was_the_same_on_all_rows_decides_nothing_when_it_differs_later() -> None:
    """Such as the days since the last visit where everybody came every day, asked of those who stay away."""
    random = np.random.default_rng(4)
    varied = random.normal(size=2_000)
    bought = random.random(2_000) < 1 / (1 + np.exp(-varied))
    model = Logistic.fit(["varied", "same"], np.column_stack([varied, np.full(2_000, 0.1)]), bought, np.ones(2_000))
    asked = np.array([[-1.0, 4.0], [1.0, 4.0], [1.0, 0.1]])
    low, high, usual = model.margin(asked)
    assert low < high
    assert high == pytest.approx(usual, abs=1e-3)
