"""The current rows as sorted hashes, so that rows which are stored already are recognised as they are read.

A row is recognised when its group and its whole content, two hashes of 64 bits, are those of a current row. That is all
for a group if each file has exactly the current lines of it. The other groups are `noisy` and compared in full; for
them, `records` tells how often a file has each current line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.services.importing.identify_rows import Hashes
from omnix_cli.steps.imports.groups.identity import FILE

_LONGEST = 64
"""Lines of a group that are searched; a row of a larger group is compared in full."""


class CurrentLines:
    """Sorted hashes of the current rows: GROUP, whole content, whether the row stands, whether its import is read
    again."""

    def __init__(self, pieces: Iterable[pl.DataFrame]) -> None:
        group, exact, stands, again = _sorted(pieces)
        first = np.ones(len(group), bool)
        first[1:] = (group[1:] != group[:-1]) | (exact[1:] != exact[:-1])
        lines = np.append(np.flatnonzero(first), len(group)).astype(np.uint32)
        self._times = np.diff(lines)
        lines = lines[:-1]
        self._exact: Hashes = exact[lines]
        self._stands = stands[lines]
        self._again = again[lines] if again.any() else None
        group = group[lines]
        starts = np.ones(len(group), bool)
        starts[1:] = group[1:] != group[:-1]
        self._starts = np.append(np.flatnonzero(starts), len(group)).astype(np.uint32)
        self._number = np.cumsum(starts, dtype=np.uint32) - np.uint32(1)
        self.group: Hashes = group[self._starts[:-1]]
        """The groups, sorted; lines `_starts[n]` up to `_starts[n + 1]` are those of the n-th."""
        self._hits = np.zeros(len(group), np.uint32)
        self._first = np.zeros(len(group), np.uint32)
        self._last = np.zeros(len(group), np.uint32)
        self._ever = np.zeros(len(self.group), bool)
        self._noisy = np.zeros(len(self.group), bool)
        self._touched: list[npt.NDArray[np.uint32]] = []

    def known(self, groups: Hashes, exact: Hashes, rows: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Which rows of a file are stored already; `rows` are their numbers. Their groups are noisy if any of these
        rows is not known."""
        found = np.zeros(len(groups), bool)
        if not len(self.group):
            return found
        order = np.argsort(groups)
        sought = groups[order]
        places = np.minimum(np.searchsorted(self.group, sought), len(self.group) - 1)
        here = np.flatnonzero(self.group[places] == sought)
        lines = self._lines_of(places[here], exact[order[here]])
        matched = lines >= 0
        self._noisy[places[here[~matched]]] = True
        found[order[here[matched]]] = True
        self._count(lines[matched], rows[order[here[matched]]].astype(np.uint32))
        return found

    def _lines_of(self, groups: npt.NDArray[np.int64], exact: Hashes) -> npt.NDArray[np.int64]:
        """The standing lines of these groups that have this content; -1 where there is none."""
        lines = np.full(len(groups), -1, np.int64)
        at, ends, left = self._starts[groups], self._starts[groups + 1], np.arange(len(groups))
        for _ in range(_LONGEST):
            equal = (self._exact[at] == exact[left]) & self._stands[at]
            lines[left[equal]] = at[equal]
            more = ~equal & (at + 1 < ends)
            at, ends, left = at[more] + 1, ends[more], left[more]
            if not len(left):
                break
        return lines

    def _count(self, lines: npt.NDArray[np.int64], rows: npt.NDArray[np.uint32]) -> None:
        fresh = self._hits[lines] == 0
        self._first[lines[fresh]] = np.iinfo(np.uint32).max
        if (lines[1:] > lines[:-1]).all():
            self._hits[lines] += 1
            self._first[lines] = np.minimum(self._first[lines], rows)
            self._last[lines] = np.maximum(self._last[lines], rows)
        else:
            np.add.at(self._hits, lines, np.uint32(1))
            np.minimum.at(self._first, lines, rows)
            np.maximum.at(self._last, lines, rows)
        self._touched.append(lines.astype(np.uint32))

    def end_of_file(self, number: int, noisy: Hashes) -> pl.DataFrame:
        """Call it after each file: how often it had which lines of noisy groups. The groups in `noisy` are, too."""
        pieces, self._touched = self._touched, []
        count = sum(map(len, pieces))
        if not count:
            return NO_RECORDS
        if count * 8 > len(self._hits):  # passing over all lines is faster than sorting these
            hit = self._hits > 0
            has, differs = np.zeros(len(self.group), bool), np.zeros(len(self.group), bool)
            has[self._number[hit]] = True
            differs[self._number[self._hits != self._times]] = True
            self._noisy |= has & differs
            self._ever |= has
        else:
            touched = np.unique(np.concatenate(pieces)).astype(np.intp)
            hit = np.zeros(len(self._hits), bool)
            hit[touched] = True
            groups = np.unique(self._number[touched])
            starts = self._starts[groups].astype(np.intp)  # unsigned and signed numbers together would become floats
            sizes = self._starts[groups + 1].astype(np.intp) - starts
            owners = np.repeat(groups, sizes)
            firsts = np.repeat(starts - np.append(0, np.cumsum(sizes)[:-1]), sizes)
            members = firsts + np.arange(len(owners))
            self._noisy[owners[self._hits[members] != self._times[members]]] = True
            self._ever[groups] = True
        if len(noisy):
            sought = np.unique(noisy)
            places = np.minimum(np.searchsorted(self.group, sought), len(self.group) - 1)
            self._noisy[places[self.group[places] == sought]] = True
        told = np.flatnonzero(hit & self._noisy[self._number])
        records = pl.DataFrame(
            {
                "group": self.group[self._number[told]],
                "exact": self._exact[told],
                FILE: np.full(len(told), number, np.int32),
                "hits": self._hits[told],
                "first": self._first[told],
                "last": self._last[told],
            }
        )
        self._hits[hit] = 0
        self._last[hit] = 0
        return records

    def noisy_groups(self) -> Hashes:
        """The groups that must be compared in full, sorted: the noisy ones, and those whose import is read again but
        that no file has any more."""
        chosen = self._noisy.copy()
        if self._again is not None:
            again = np.zeros(len(self.group), bool)
            again[self._number[self._again]] = True
            chosen |= again & ~self._ever
        return self.group[chosen]


def _sorted(
    pieces: Iterable[pl.DataFrame],
) -> tuple[Hashes, Hashes, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The columns of the pieces, sorted by group and content. Copies: a column alone would keep its piece in memory."""
    columns: list[list[npt.NDArray[Any]]] = [[], [], [], []]
    for piece in pieces:
        for column, name in zip(columns, ("group", "exact", "stands", "again"), strict=True):
            column.append(np.array(piece[name]))
    dtypes = (np.uint64, np.uint64, np.bool_, np.bool_)
    joined: list[npt.NDArray[Any]] = []
    for column, dtype in zip(columns, dtypes, strict=True):
        joined.append(np.concatenate([np.zeros(0, dtype), *column]))
        column.clear()
    group, exact, stands, again = joined
    joined.clear()
    order = np.argsort(group)
    group = group[order]
    exact, stands, again = exact[order], stands[order], again[order]
    del order
    equal = group[1:] == group[:-1]
    several = np.flatnonzero(np.append(equal, False) | np.append(False, equal))  # the groups whose lines are sorted too
    within = several[np.lexsort((exact[several], group[several]))]
    exact[several], stands[several], again[several] = exact[within], stands[within], again[within]
    return group, exact, stands, again


NO_RECORDS = pl.DataFrame(
    schema={
        "group": pl.UInt64,
        "exact": pl.UInt64,
        FILE: pl.Int32,
        "hits": pl.UInt32,
        "first": pl.UInt32,
        "last": pl.UInt32,
    }
)
