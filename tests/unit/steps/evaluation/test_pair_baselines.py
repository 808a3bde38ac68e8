"""Simple measures of which products belong together, by hand."""

from __future__ import annotations

from math import sqrt

import numpy as np
import polars as pl
import pytest

from omnix_cli.steps.evaluation.pair_baselines import Bought, most_bought, nearest, raw_counts, shrunk_cosine

# Five customers: milk and bread go together, tea goes with everything once
ROWS = [*[(n, product) for n in range(4) for product in (0, 1)], (3, 2), (4, 2)]
PRODUCTS = pl.Series(["bread", "milk", "tea"])


@pytest.fixture
def bought() -> Bought:
    group, product = (np.array(column) for column in zip(*ROWS, strict=True))
    return Bought.of(group, product, 3)


def test_counts_of_both(bought: Bought) -> None:
    assert raw_counts(bought)(np.array([0, 2])).tolist() == [[-np.inf, 4, 1], [1, 1, -np.inf]]
    assert most_bought(bought)(np.array([0])).tolist() == [[-np.inf, 4, 2]]


def test_the_cosine_is_shrunk_and_needs_three(bought: Bought) -> None:
    found = shrunk_cosine(bought)(np.array([0]))[0]
    assert found[1] == pytest.approx(4 / sqrt(4 * 4) * 4 / 14)
    assert np.isneginf(found[2]), "one customer is no support"


def test_lists_have_only_neighbours(bought: Bought) -> None:
    found = nearest(shrunk_cosine(bought), PRODUCTS, np.array([0, 2]), places=2)
    assert found.select("product_id", "rank", "neighbour_id").rows() == [("bread", 1, "milk")]
    assert nearest(raw_counts(bought), PRODUCTS, np.zeros(0, np.int64), places=2).is_empty()
