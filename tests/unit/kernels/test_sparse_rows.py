"""Dot products of sparse rows, beside those of dense ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from omnix_cli.kernels.sparse_rows import WeightedRows, add_dot_products, highest_sums, sums_at


def test_the_rows_asked_for_are_those_of_the_dense_product() -> None:
    random = np.random.default_rng(1)
    one, other = (sparse.random_array((size, 40), density=0.2, rng=random, format="csr") for size in (7, 9))
    columns = other.tocsc()
    total = np.zeros((7, 9))
    add_dot_products(2, 6, one.indptr, one.indices, one.data, columns.indptr, columns.indices, columns.data, total)
    expected = (one @ other.T).toarray()
    expected[[0, 1, 6]] = 0.0
    assert total == pytest.approx(expected)


def test_the_sums_of_rows_are_those_of_the_dense_product() -> None:
    random = np.random.default_rng(2)
    rows = sparse.random_array((9, 40), density=0.2, rng=random, format="csr")
    weights = sparse.random_array((5, 9), density=0.5, rng=random, format="csr")
    expected = (weights @ rows).toarray()
    sums = WeightedRows(weights.indptr, weights.indices, weights.data, rows.indptr, rows.indices, rows.data)
    found, wanted = np.full(10, np.nan), np.array([3, 39, 0, 1, 2, 7, 3, 3, 20, 21])
    start, total = np.array([0, 2, 2, 6, 8, 10]), np.zeros(40)
    sums_at(1, 5, sums, start, wanted, total, found)
    assert np.isnan(found[:2]).all()
    assert found[2:] == pytest.approx(expected[np.repeat(np.arange(5), np.diff(start)), wanted][2:])
    assert not total.any()


def test_the_highest_sums_leave_out_what_is_barred_and_go_by_value_then_column() -> None:
    rows = sparse.csr_array(np.array([[1.0, 3.0, 1.0, 0.0, 1.0, 2.0], [0.0, 0.0, 0.0, 4.0, 0.0, 0.0]]))
    weights = sparse.csr_array(np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 0.0]]))
    barred = sparse.csr_array(np.array([[0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]))
    sums = WeightedRows(weights.indptr, weights.indices, weights.data, rows.indptr, rows.indices, rows.data)
    highest, total = np.full((3, 3), 7, dtype=np.int32), np.zeros(6)
    highest_sums(0, 3, sums, barred.indptr, barred.indices, total, highest)
    assert highest.tolist() == [[1, 0, 2], [3, 1, 5], [-1, -1, -1]]
    assert not total.any()
