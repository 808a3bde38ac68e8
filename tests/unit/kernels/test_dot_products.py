"""Dot products of sparse rows, beside those of dense ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from omnix_cli.kernels.dot_products import add_dot_products


def test_the_rows_asked_for_are_those_of_the_dense_product() -> None:
    random = np.random.default_rng(1)
    one, other = (sparse.random_array((size, 40), density=0.2, rng=random, format="csr") for size in (7, 9))
    columns = other.tocsc()
    total = np.zeros((7, 9))
    add_dot_products(2, 6, one.indptr, one.indices, one.data, columns.indptr, columns.indices, columns.data, total)
    expected = (one @ other.T).toarray()
    expected[[0, 1, 6]] = 0.0
    assert total == pytest.approx(expected)
