"""Dense numbers for a column of hashes: the step from millions of strings to small integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omnix_cli.kernels.compiled import compiled

_FIRST_TABLE = 2**16
_EMPTY = -1


@compiled
def number_hashes(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """The row where each distinct hash comes first, in order of appearance, and each row's number among them.

    Open addressing with linear probing; the table doubles when it is half full."""
    numbers = np.empty(len(hashes), dtype=np.uint32)
    first_row = np.empty(_FIRST_TABLE, dtype=np.int64)
    table = np.full(2 * _FIRST_TABLE, _EMPTY, dtype=np.int64)
    mask = np.uint64(len(table) - 1)
    known = 0
    for row in range(len(hashes)):
        if known == len(first_row):
            longer = np.empty(2 * known, dtype=np.int64)
            table = np.full(4 * known, _EMPTY, dtype=np.int64)
            mask = np.uint64(len(table) - 1)
            for number in range(known):
                longer[number] = first_row[number]
                place = hashes[first_row[number]] & mask
                while table[place] != _EMPTY:
                    place = (place + np.uint64(1)) & mask
                table[place] = number
            first_row = longer
        place = hashes[row] & mask
        while table[place] != _EMPTY and hashes[first_row[table[place]]] != hashes[row]:
            place = (place + np.uint64(1)) & mask
        if table[place] == _EMPTY:
            first_row[known] = row
            table[place] = known
            known += 1
        numbers[row] = table[place]
    return first_row[:known].copy(), numbers
