"""Neighbours and nearest customers, beside computing them by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from omnix_cli.steps.ranking.baskets import Baskets
from omnix_cli.steps.ranking.companions import (
    NearestCustomers,
    Sums,
    matrix_of,
    neighbour_matrix,
    references,
    taste_vectors,
    values_at,
)


def bought(*pairs: tuple[str, str, int]) -> Baskets:
    return Baskets.of(pl.DataFrame(pairs, schema=["customer_id", "product_id", "day"], orient="row"))


def tastes(baskets: Baskets, day: int) -> sparse.csr_array:
    asked = np.full(baskets.customers, day)
    return taste_vectors(baskets, asked, baskets.count_before(asked), np.arange(baskets.customers))


def test_a_neighbour_scores_by_its_shrunk_cosine() -> None:
    others = ((c, "w", 1) for c in "fghijklm")
    baskets = bought(*((c, p, 1) for c in "abcd" for p in "xy"), ("a", "z", 1), ("e", "x", 1), *others)
    pairs = (baskets.customer, baskets.product)  # nothing was bought twice
    matrix = neighbour_matrix(*pairs, (baskets.customers, baskets.products), threads=1).toarray()
    x_and_y = 4 / np.sqrt(5 * 4) * 4 / (4 + 10)
    assert matrix[1, 2] == matrix[2, 1] == pytest.approx(x_and_y)
    assert not matrix[3].any()  # fewer than three customers have z and another


def test_tastes_are_frequencies_in_groups_of_baskets() -> None:
    baskets = bought(("a", "x", 1), ("a", "y", 2), ("a", "x", 3), ("b", "x", 1))
    vectors = tastes(baskets, 9).toarray()
    assert vectors[0].tolist() == pytest.approx([(0.9**2 + 1) / 3, 0.9 / 3])
    assert vectors[1].tolist() == [1.0, 0.0]
    assert not tastes(baskets, 1).toarray().any()


def test_the_nearest_are_others_with_a_history() -> None:
    baskets = bought(("a", "x", 1), ("b", "x", 1), ("c", "y", 1), ("d", "y", 9))
    vectors = tastes(baskets, 5)
    reference = references(baskets.count_before(np.full(4, 5)))
    assert reference.tolist() == [0, 1, 2]
    nearest = NearestCustomers(reference, vectors[reference], threads=2)
    means = nearest.means(np.array([0]), vectors[[0]])
    assert means.at(np.zeros(2, np.int64), np.arange(2)).tolist() == [0.5, 0.5]


def test_alone_there_is_nobody_near() -> None:
    vectors = tastes(bought(("a", "x", 1)), 5)
    means = NearestCustomers(np.array([0]), vectors, threads=1).means(np.array([0]), vectors)
    assert means.at(np.array([0]), np.array([0])).tolist() == [0.0]


def test_sums_of_rows_are_looked_at_by_place_and_by_height() -> None:
    rows = matrix_of(np.zeros(4, np.int64), np.arange(4), np.array([1.0, 3.0, 1.0, 1.0]), (1, 4))
    weights = matrix_of(np.array([0]), np.array([0]), np.array([2.0]), (2, 1))
    barred = matrix_of(np.array([0]), np.array([0]), np.ones(1), (2, 4))
    sums = Sums(weights, rows, threads=2)
    row, column = sums.highest(barred, 2)
    assert (row.tolist(), column.tolist()) == ([0, 0], [1, 2])
    assert sums.at(np.array([0, 0, 1]), np.array([1, 3, 1])).tolist() == [6.0, 2.0, 0.0]


def test_what_is_not_in_the_matrix_is_zero() -> None:
    values = matrix_of(np.array([0, 1]), np.array([1, 0]), np.array([2.0, 5.0]), (2, 2))
    assert values_at(values, np.array([0, 0, 1]), np.array([0, 1, 0])).tolist() == [0.0, 2.0, 5.0]
