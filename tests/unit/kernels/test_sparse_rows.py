"""Dot products of sparse rows, beside those of dense ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from omnix_cli.kernels.sparse_rows import add_dot_products, count_of_sums, fill_sums


def test_the_rows_asked_for_are_those_of_the_dense_product() -> None:
    random = np.random.default_rng(1)
    one, other = (sparse.random_array((size, 40), density=0.2, rng=random, format="csr") for size in (7, 9))
    columns = other.tocsc()
    total = np.zeros((7, 9))
    add_dot_products(2, 6, one.indptr, one.indices, one.data, columns.indptr, columns.indices, columns.data, total)
    expected = (one @ other.T).toarray()
    expected[[0, 1, 6]] = 0.0
    assert total == pytest.approx(expected)


def test_the_sums_of_rows_are_those_of_the_dense_matrix() -> None:
    random = np.random.default_rng(2)
    rows = sparse.random_array((9, 40), density=0.2, rng=random, format="csr")
    chosen = np.array([[0, 3, 8], [1, 2, 4], [5, 6, 7], [0, 1, 2]])
    count = np.zeros(4, dtype=np.int64)
    count_of_sums(0, 4, chosen, rows.indptr, rows.indices, 40, count)
    start = np.concatenate([[0], np.cumsum(count)])
    column, total = np.zeros(start[-1], dtype=np.int32), np.zeros(start[-1])
    fill_sums(0, 4, chosen, 0.5, rows.indptr, rows.indices, rows.data, 40, start, column, total)
    found = sparse.csr_array((total, column, start), shape=(4, 40)).toarray()
    assert found == pytest.approx(np.array([rows.toarray()[some].sum(axis=0) / 2 for some in chosen]))
