"""Rows of sparse matrices: dot products with those of another matrix, and sums of several rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int32]


@compiled
def add_dot_products(
    first: int,
    last: int,
    start: _Ints,
    column: _Ints,
    value: _Floats,
    other_start: _Ints,
    other_row: _Ints,
    other_value: _Floats,
    total: _Floats,
) -> None:
    """Adds to `total[i, j]` the dot product of row i of the first matrix with row j of the other, for the rows [first,
    last). The first is given by rows (CSR), the other by columns (CSC): where column c has entries, in which rows."""
    for row in range(first, last):
        for entry in range(start[row], start[row + 1]):
            weight = value[entry]
            for match in range(other_start[column[entry]], other_start[column[entry] + 1]):
                total[row, other_row[match]] += weight * other_value[match]


@compiled
def count_of_sums(
    first: int,
    last: int,
    chosen: NDArray[np.int64],
    start: _Ints,
    column: _Ints,
    columns: int,
    count: NDArray[np.int64],
) -> None:
    """How many columns the sum of the rows `chosen[i]` of a CSR matrix has an entry in, for each i in [first, last)."""
    seen_by = np.full(columns, -1, dtype=np.int64)
    for one in range(first, last):
        for row in chosen[one]:
            for entry in range(start[row], start[row + 1]):
                if seen_by[column[entry]] != one:
                    seen_by[column[entry]] = one
                    count[one] += 1


@compiled
def fill_sums(
    first: int,
    last: int,
    chosen: NDArray[np.int64],
    factor: float,
    start: _Ints,
    column: _Ints,
    value: _Floats,
    columns: int,
    total_start: NDArray[np.int64],
    total_column: _Ints,
    total: _Floats,
) -> None:
    """Writes `factor` times the sum of the rows `chosen[i]` of a CSR matrix, for each i in [first, last), as row i of
    another, which begins at `total_start[i]`. The rows are added in their order; columns come as they are met."""
    seen_by, place = np.full(columns, -1, dtype=np.int64), np.zeros(columns, dtype=np.int64)
    for one in range(first, last):
        end = total_start[one]
        for row in chosen[one]:
            for entry in range(start[row], start[row + 1]):
                where = column[entry]
                if seen_by[where] != one:
                    seen_by[where], place[where] = one, end
                    total_column[end] = where
                    end += 1
                total[place[where]] += factor * value[entry]
