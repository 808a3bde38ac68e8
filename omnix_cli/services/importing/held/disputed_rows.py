"""The rows of an import that must be compared in full, with the current rows of their groups, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, Spill
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.identify_rows import Hashes, Identifier
from omnix_cli.steps.imports.groups.identity import FILE
from omnix_cli.steps.imports.groups.merge import AGAIN
from omnix_cli.steps.imports.groups.stated_lines import BASE, GROUP

LARGEST_GROUP = 250_000
"""Different lines that a group may have. They are compared in memory; no order has as many of one product."""


@dataclass(frozen=True)
class Disputed:
    """Some groups: their counted rows in the import, and the current rows."""

    stated: pl.DataFrame
    current: pl.DataFrame


@dataclass(frozen=True)
class DisputedRows:
    """Counted rows of the import, current rows of their groups, and records of the rows that were recognised at once
    (see `CurrentLines`)."""

    _identifier: Identifier
    _stated: Spill
    _current: Spill
    _records: pl.DataFrame
    _largest: int = LARGEST_GROUP

    def groups(self, size: int) -> Iterator[Disputed]:
        """All groups with their rows, about that many rows at a time.

        Raises `DataError` if one group has too many lines to be compared in memory."""
        kept, records = (self._stated, self._current), self._records
        groups = [np.array(piece[GROUP]) for spill in kept for piece in spill.pieces()]  # copies: pieces may be on disk
        ordered = np.sort(np.concatenate([np.array(records["group"]), *groups]))
        self._refuse_largest(ordered)
        bounds = [0, *map(int, ordered[size::size]), 2**64]
        for low, beyond in pairwise(bounds):
            high = beyond - 1
            if high < low:
                continue
            within = pl.col(GROUP).is_between(pl.lit(low, pl.UInt64), pl.lit(high, pl.UInt64))
            stated, current = ([piece.filter(within) for piece in spill.pieces()] for spill in kept)
            if not any(piece.height for piece in (*stated, *current)):
                continue
            rows = pl.concat(current) if current else self._no_current()
            inside = pl.col("group").is_between(pl.lit(low, pl.UInt64), pl.lit(high, pl.UInt64))
            recorded = self._recorded(records.filter(inside), rows)
            yield Disputed(pl.concat([self._no_stated(), *recorded, *stated], how="diagonal"), rows.drop("exact"))

    def _refuse_largest(self, ordered: Hashes) -> None:
        large = ordered[self._largest :][ordered[self._largest :] == ordered[: -self._largest]]
        if not len(large):
            return
        of_one = pl.col(GROUP) == pl.lit(large[0], pl.UInt64)
        pieces = (piece.filter(of_one) for spill in (self._stated, self._current) for piece in spill.pieces())
        example = next(piece[BASE][0] for piece in pieces if piece.height)
        raise DataError(
            f"more than {self._largest:,} lines are about the same thing: {example} (day, shop, order, product)",
            hint="Does the column of the order id hold one value for all? Map another one, or leave order_id out.",
        )

    def _recorded(self, records: pl.DataFrame, current: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows that were recognised at once and are compared in full now, as counted rows: all but the last of
        equal ones stand where the first one was."""
        if records.is_empty():
            return
        lines = current.unique([GROUP, "exact"], maintain_order=True)
        found = records.rename({"group": GROUP}).join(lines, on=[GROUP, "exact"])
        own_id = self._identifier.own_id
        for times, place in (("hits", "first"), (None, "last")):
            some = found if times is None else found.filter(pl.col("hits") > 1)
            count = pl.lit(1, pl.Int64) if times is None else pl.col("hits").cast(pl.Int64) - 1
            some = some.with_columns(
                pl.col(BASE).alias(own_id),
                pl.col(place).cast(pl.UInt64).alias(ROW_NUMBER),
                pl.lit(0, pl.UInt32).alias(ITEM),
                count.alias("_times"),
            )
            if some.height:
                yield self._identifier.recorded(some.drop("exact", "hits", "first", "last", AGAIN))

    def _no_stated(self) -> pl.DataFrame:
        """No rows, as `Identifier.stated` has them."""
        places = {FILE: pl.Int32, ROW_NUMBER: pl.UInt64, ITEM: pl.UInt32}
        empty = (
            FRAMES[self._identifier.kind]
            .empty()
            .with_columns(pl.lit(None, dtype).alias(name) for name, dtype in places.items())
        )
        return self._identifier.stated(self._identifier.identified(empty))

    def _no_current(self) -> pl.DataFrame:
        return self._identifier.compared_current(FRAMES[self._identifier.kind].empty(), again=False)
