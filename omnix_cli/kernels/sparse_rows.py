"""Rows of sparse matrices: dot products with those of another matrix, and weighted sums of several rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int32]


class WeightedRows(NamedTuple):
    """Weighted sums of rows of a matrix. Row i picks the rows [pick_start[i], pick_start[i + 1]) of `pick`, each with
    its weight; the matrix is given by rows (CSR): start, column, value."""

    pick_start: _Ints
    pick: _Ints
    weight: _Floats
    start: _Ints
    column: _Ints
    value: _Floats


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
def highest_sums(
    first: int,
    last: int,
    sums: WeightedRows,
    barred_start: _Ints,
    barred: _Ints,
    total: _Floats,
    highest: _Ints,
) -> None:
    """For each row i in [first, last): the columns of the highest positive values of the sum (see `add_rows`), best
    first, of equal ones the lower column; those that are `barred` for the row are left out. `highest[i]` holds as many
    as there is room, -1 after the last. `total` is room for a row, all zeros."""
    most = highest.shape[1]
    best = np.empty(most)
    for row in range(first, last):
        add_rows(row, sums, total)
        for entry in range(barred_start[row], barred_start[row + 1]):
            total[barred[entry]] = 0.0
        kept = 0
        for one in range(len(total)):
            found = total[one]
            total[one] = 0.0
            if found > 0.0 and (kept < most or found > best[most - 1]):
                place = min(kept, most - 1)
                while place > 0 and best[place - 1] < found:
                    best[place] = best[place - 1]
                    highest[row, place] = highest[row, place - 1]
                    place -= 1
                best[place] = found
                highest[row, place] = one
                kept = min(kept + 1, most)
        for place in range(kept, most):
            highest[row, place] = -1


@compiled
def sums_at(
    first: int,
    last: int,
    sums: WeightedRows,
    wanted_start: NDArray[np.int64],
    wanted: NDArray[np.int64],
    total: _Floats,
    found: _Floats,
) -> None:
    """For each row i in [first, last): the values of the sum (see `add_rows`) in the columns `wanted`, those of row i
    at [wanted_start[i], wanted_start[i + 1]). `total` is room for a row, all zeros."""
    for row in range(first, last):
        if wanted_start[row] == wanted_start[row + 1]:
            continue
        add_rows(row, sums, total)
        for entry in range(wanted_start[row], wanted_start[row + 1]):
            found[entry] = total[wanted[entry]]
        for one in range(len(total)):
            total[one] = 0.0


@compiled
def add_rows(
    row: int,
    sums: WeightedRows,
    total: _Floats,
) -> None:
    """Adds to `total` the weighted rows that `row` picks, in their order."""
    for picked in range(sums.pick_start[row], sums.pick_start[row + 1]):
        factor = sums.weight[picked]
        for entry in range(sums.start[sums.pick[picked]], sums.start[sums.pick[picked] + 1]):
            total[sums.column[entry]] += factor * sums.value[entry]
