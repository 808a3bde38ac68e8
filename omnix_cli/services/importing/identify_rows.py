"""Identify: the id of every row, and the hashes by which rows with the same id are found.

An id that the input gives (or whose line number it gives) stays as it is. All others are made here, from content.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import identity
from omnix_cli.steps.imports.identity import FILE, MADE
from omnix_cli.steps.imports.ordering import sorted_by_text

Hashes = npt.NDArray[np.uint64]

_FEW = 64
"""Up to this many hashes are searched one by one."""


class Identifier:
    """Gives the rows of one import their ids. `numbers_taken` counts, by FILE and id, the numbers of repeated lines
    that are used already (see `identity.numbered`)."""

    def __init__(self, kind: str, numbers_taken: pl.DataFrame | None = None) -> None:
        self.kind = kind
        self.own_id, self.range_column = FRAMES[kind].key[0], FRAMES[kind].sort[0]
        self.numbers_taken = numbers_taken
        self._given: list[pl.Series] = []

    def ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows sorted, with their ids. They are made after sorting, so that they are in memory in that order."""
        return identity.with_made_ids(sorted_by_text(rows, self.range_column), self.kind)

    def hashes(self, rows: pl.DataFrame) -> Hashes:
        return rows[self.own_id].hash().to_numpy()

    def may_be_numbered(self, rows: pl.DataFrame) -> pl.Series:
        """Which ids were given and may equal the id of a repeated line, which ends in a number."""
        if MADE not in rows.columns or rows[MADE].all():
            return pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
        return ~rows[MADE] & rows[self.own_id].str.contains("#", literal=True)

    def numbered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with repeated lines numbered. Call it with all rows of a customer at once.

        Raises `DataError` when the input gives an id to rows of two customers, in this call or in different ones."""
        self._refuse_shared_ids(rows)
        return identity.numbered(rows, self.kind, self.numbers_taken)

    def count_numbers_taken(self, stored: Sequence[pl.DataFrame]) -> None:
        """Counts the numbers in the stored rows that came from each input of the import."""
        counts = [
            identity.occurrences(rows, self.kind).with_columns(pl.lit(number, pl.Int32).alias(FILE))
            for number, rows in enumerate(stored)
        ]
        self.numbers_taken = pl.concat(counts)

    def _refuse_shared_ids(self, rows: pl.DataFrame) -> None:
        if MADE not in rows.columns:
            return
        given = rows.filter(~pl.col(MADE)).select(self.own_id, self.range_column).unique()
        shared = [given.filter(pl.col(self.own_id).is_duplicated())[self.own_id]]
        if self._given:
            before = pl.concat(self._given).implode()
            shared.append(given[self.own_id].filter(given[self.own_id].hash().is_in(before)))
        self._given.append(given[self.own_id].hash())
        found = pl.concat(shared).sort()
        if not found.is_empty():
            hint = "Nothing was imported. Fix the ids, or leave the column out: omnix then makes ids from content."
            raise DataError(f"the {self.own_id} `{found[0]}` is given to rows of different customers", hint=hint)


def among(hashes: Hashes, some: Hashes) -> npt.NDArray[np.bool_]:
    """Which of the hashes are among some sorted ones."""
    if some.size <= _FEW:
        return np.isin(hashes, some)
    places = np.searchsorted(some, hashes)
    found: npt.NDArray[np.bool_] = some[np.minimum(places, len(some) - 1)] == hashes
    return found
