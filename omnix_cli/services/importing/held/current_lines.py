"""The current rows as sorted hashes, so that rows which are stored already are recognised as they are read.

A row is recognised when its group and its whole content, two hashes of 64 bits, are those of a current row. That is all
for a group if each file has exactly the current lines of it. The other groups are `noisy` and compared in full; for
them, `records` tells how often a file has each current line."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.services.importing.identify_rows import Hashes, among
from omnix_cli.steps.imports.groups.identity import FILE

_LONGEST = 64
"""Lines of a group that are searched; a row of a larger group is compared in full."""


class CurrentLines:
    """Sorted hashes of the current rows: GROUP, whole content, whether the row stands, whether its import is read
    again."""

    def __init__(self, pieces: Iterable[pl.DataFrame]) -> None:
        schema = {"group": pl.UInt64, "exact": pl.UInt64, "stands": pl.Boolean, "again": pl.Boolean}
        rows = pl.concat([pl.DataFrame(schema=schema), *pieces]).sort("group", "exact")
        group, exact = rows["group"].to_numpy(), rows["exact"].to_numpy()
        first = np.ones(len(group), bool)
        first[1:] = (group[1:] != group[:-1]) | (exact[1:] != exact[:-1])
        lines = np.flatnonzero(first)
        self._times = np.diff(np.append(lines, len(group))).astype(np.uint32)
        self._exact: Hashes = exact[lines]
        self._stands = rows["stands"].to_numpy()[lines]
        again = rows["again"]
        self._again = again.to_numpy()[lines] if again.any() else None
        group = group[lines]
        starts = np.ones(len(group), bool)
        starts[1:] = group[1:] != group[:-1]
        self._starts = np.append(np.flatnonzero(starts), len(group))
        self._number = (np.cumsum(starts) - 1).astype(np.uint32)
        self.group: Hashes = group[self._starts[:-1]]
        """The groups, sorted; lines `_starts[n]` up to `_starts[n + 1]` are those of the n-th."""
        self._hits = np.zeros(len(group), np.uint32)
        self._first = np.zeros(len(group), np.uint32)
        self._last = np.zeros(len(group), np.uint32)
        self._ever = np.zeros(len(self.group), bool)
        self._noisy = np.zeros(len(self.group), bool)
        self._touched: list[npt.NDArray[np.int64]] = []

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
        self._touched.append(lines)

    def end_of_file(self, number: int, noisy: Hashes) -> pl.DataFrame:
        """Call it after each file: how often it had which lines of noisy groups. The groups in `noisy` are, too."""
        if not any(len(lines) for lines in self._touched):
            return NO_RECORDS
        touched = np.concatenate(self._touched)
        self._touched = []
        if len(touched) * 8 > len(self._hits):  # passing over all lines is faster than sorting these
            touched = np.flatnonzero(self._hits)
            has, differs = np.zeros(len(self.group), bool), np.zeros(len(self.group), bool)
            has[self._number[touched]] = True
            differs[self._number[np.flatnonzero(self._hits != self._times)]] = True
            self._noisy |= has & differs
            groups = np.flatnonzero(has)
        else:
            touched = np.unique(touched)
            groups = np.unique(self._number[touched])
            sizes = self._starts[groups + 1] - self._starts[groups]
            owners = np.repeat(groups, sizes)
            firsts = np.repeat(self._starts[groups] - np.append(0, np.cumsum(sizes)[:-1]), sizes)
            members = firsts + np.arange(len(owners))
            self._noisy[owners[self._hits[members] != self._times[members]]] = True
        if len(noisy):
            self._noisy[groups[among(self.group[groups], np.unique(noisy))]] = True
        told = touched[self._noisy[self._number[touched]]]
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
        self._ever[groups] = True
        self._hits[touched] = 0
        self._last[touched] = 0
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
