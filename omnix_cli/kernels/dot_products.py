"""Dot products of the rows of one sparse matrix with those of another."""

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
