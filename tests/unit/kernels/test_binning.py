"""Features as numbers of bins, and splits between bins as values."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from omnix_cli.kernels.binning import bin_edges, binned, threshold_of

VALUES = st.lists(st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6)), min_size=1, max_size=200).map(np.array)


@given(VALUES, st.integers(2, 8), st.integers(0, 7))
def test_a_split_between_bins_parts_the_values_as_its_threshold_does(values: np.ndarray, bins: int, below: int) -> None:
    edges = bin_edges(values, bins)
    numbers = binned(values, edges)
    assert len(edges) < bins
    split = min(below, len(edges) - 1) + 0.5
    threshold = threshold_of(np.array([split]), edges)[0]
    is_number = ~np.isnan(values)
    assert ((numbers <= split) == (values <= threshold))[is_number].all()
    assert np.isnan(numbers[~is_number]).all()


def test_bins_have_about_as_many_values_each() -> None:
    values = np.arange(1_000.0) ** 3
    counts = np.bincount(binned(values, bin_edges(values, 10)).astype(int))
    assert len(counts) == 10
    assert counts.min() >= 99
    assert counts.max() <= 101


def test_all_that_is_a_number_goes_left_of_an_infinite_split() -> None:
    assert threshold_of(np.array([np.inf]), np.array([1.0]))[0] == np.inf
