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
from omnix_cli.steps.imports.identity import FILE

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
        starts = np.flatnonzero(first)
        self._times = np.diff(np.append(starts, len(group))).astype(np.uint32)
        self.group: Hashes = group[starts]
        self._exact: Hashes = exact[starts]
        self._stands = rows["stands"].to_numpy()[starts]
        again = rows["again"]
        self._again = again.to_numpy()[starts] if again.any() else None
        self._hits = np.zeros(len(starts), np.uint32)
        self._ever = np.zeros(len(starts), bool)
        self._noisy = np.zeros(len(starts), bool)
        self._first = np.zeros(len(starts), np.uint32)
        self._last = np.zeros(len(starts), np.uint32)
        self._touched: list[npt.NDArray[np.int64]] = []

    def known(self, groups: Hashes, exact: Hashes, rows: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Which rows of a file are stored already; `rows` are their numbers. Their groups are noisy if any of these
        rows is not known."""
        found = np.zeros(len(groups), bool)
        if not len(self.group):
            return found
        order = np.argsort(groups)
        sought, wanted = groups[order], exact[order]
        places = np.minimum(np.searchsorted(self.group, sought), len(self.group) - 1)
        here = self.group[places] == sought
        self._noisy[places[here & ~self._at(places, sought, wanted, found, order)]] = True
        hits = self._hit[found[order]]
        self._count(hits, rows[order][found[order]].astype(np.uint32))
        return found

    def _at(
        self,
        places: npt.NDArray[np.int64],
        sought: Hashes,
        wanted: Hashes,
        found: npt.NDArray[np.bool_],
        order: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.bool_]:
        """Which rows have a line with their content; marks them in `found`."""
        self._hit = places.copy()
        open_ = np.flatnonzero(self.group[places] == sought)
        matched = np.zeros(len(sought), bool)
        for step in range(_LONGEST):
            if not len(open_):
                break
            at = places[open_] + step
            inside = at < len(self.group)
            open_, at = open_[inside], at[inside]
            same = self.group[at] == sought[open_]
            open_, at = open_[same], at[same]
            equal = (self._exact[at] == wanted[open_]) & self._stands[at]
            matched[open_[equal]] = True
            self._hit[open_[equal]] = at[equal]
            open_ = open_[~equal]
        found[order[matched]] = True
        return matched

    def _count(self, hits: npt.NDArray[np.int64], rows: npt.NDArray[np.uint32]) -> None:
        fresh = self._hits[hits] == 0
        self._first[hits[fresh]] = np.iinfo(np.uint32).max
        np.minimum.at(self._first, hits[fresh], rows[fresh])
        np.maximum.at(self._last, hits, rows)
        np.add.at(self._hits, hits, np.uint32(1))
        self._touched.append(np.unique(hits))

    def end_of_file(self, number: int, noisy: Hashes) -> pl.DataFrame:
        """Call it after each file: how often it had which lines of noisy groups. The groups in `noisy` are, too."""
        if not self._touched:
            return _NO_RECORDS
        touched = np.unique(np.concatenate(self._touched))
        self._touched = []
        starts = np.searchsorted(self.group, self.group[touched])
        members = self._members(np.unique(starts))
        differs = self._hits[members] != self._times[members]
        self._mark(members[differs])
        if len(noisy):
            self._mark(members[among(self.group[members], np.unique(noisy))])
        told = touched[self._noisy[starts]]
        records = pl.DataFrame(
            {
                "group": self.group[told],
                "exact": self._exact[told],
                FILE: np.full(len(told), number, np.int32),
                "hits": self._hits[told],
                "first": self._first[told],
                "last": self._last[told],
            }
        )
        self._ever[touched] = True
        self._hits[touched] = 0
        self._last[touched] = 0
        return records

    def noisy_groups(self) -> Hashes:
        """The groups that must be compared in full, sorted: the noisy ones, and those whose import is read again but
        that no file has any more."""
        chosen = self._noisy.copy()
        if self._again is not None:
            gone = self._again & ~self._ever
            chosen |= gone
        return np.unique(self.group[chosen])

    def _members(self, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """All places of the groups that begin at these places."""
        members, at = [starts], starts
        while len(at):
            at = at + 1
            at = at[at < len(self.group)]
            at = at[self.group[at] == self.group[at - 1]]
            members.append(at)
        return np.concatenate(members)

    def _mark(self, places: npt.NDArray[np.int64]) -> None:
        self._noisy[np.searchsorted(self.group, self.group[places])] = True


_NO_RECORDS = pl.DataFrame(
    schema={
        "group": pl.UInt64,
        "exact": pl.UInt64,
        FILE: pl.Int32,
        "hits": pl.UInt32,
        "first": pl.UInt32,
        "last": pl.UInt32,
    }
)
