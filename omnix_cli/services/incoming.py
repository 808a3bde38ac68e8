"""The rows of an import between its two passes, and which of them may not be new.

That is told by the hashes of their ids, eight bytes a row: a row whose hash is there once, and not among the standing
rows, is new. The rows of the other hashes are to be compared in full, so two ids with one hash cost a look, no more.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.protocols import Spill, StoredFrame
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports.identity import MADE

_Hashes = npt.NDArray[np.uint64]


class Incoming:
    """The rows of an import as they come in, with the hash of each one's id."""

    def __init__(self, kind: str, rows: Spill, disputed: Spill) -> None:
        self.kind = kind
        self.own_id, self.range_column = FRAMES[kind].key[0], FRAMES[kind].sort[0]
        self._rows = rows
        self._disputed = disputed
        self._hashes: list[_Hashes] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Takes canonical rows in, with their ids and places."""
        self._rows.add(rows)
        self._hashes.append(rows[self.own_id].hash().to_numpy())

    def pieces(self) -> Iterator[pl.DataFrame]:
        """All rows in order."""
        return self._rows.pieces()

    def fresh(self, view: StoredFrame) -> Iterator[pl.DataFrame]:
        """The rows that are new beside those of the view, in order; the others are set aside."""
        hashes = np.concatenate([np.zeros(0, np.uint64), *self._hashes])
        suspect = np.union1d(_repeated(hashes), self._standing(hashes, view))
        first = 0
        for piece in self.pieces():
            if not suspect.size:
                yield piece
                continue
            marked = pl.Series(_among(hashes[first : first + piece.height], suspect))
            if MADE in piece.columns and not piece[MADE].all():  # a numbered made id may equal one that was given
                marked |= ~piece[MADE] & piece[self.own_id].str.contains("#", literal=True)
            first += piece.height
            self._disputed.add(piece.filter(marked))
            yield piece.filter(~marked)

    def disputed(self, rows: int) -> Iterator[pl.DataFrame]:
        """The rows that were set aside, about that many at a time, each time those of a range of customers."""
        total = sum(piece.height for piece in self._disputed.pieces())
        if total <= rows:
            if total:
                yield pl.concat(self._disputed.pieces())
            return
        values = pl.concat(piece[self.range_column] for piece in self._disputed.pieces()).sort()
        firsts = values.gather_every(rows).unique().sort().to_list()
        for first, after in zip(firsts, [*firsts[1:], None], strict=True):
            value = pl.col(self.range_column)
            within = (value >= first) if after is None else (value >= first) & (value < after)
            yield pl.concat(piece.filter(within) for piece in self._disputed.pieces())

    def _standing(self, hashes: _Hashes, view: StoredFrame) -> _Hashes:
        """The hashes that standing rows have, too."""
        if view.rows == 0:
            return hashes[:0]
        standing = view.scan().select(hash=pl.col(self.own_id).hash())
        found = standing.join(pl.LazyFrame({"hash": hashes}), on="hash", how="semi")
        return found.collect(engine="streaming")["hash"].to_numpy()


def _repeated(hashes: _Hashes) -> _Hashes:
    ordered = np.sort(hashes)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def _among(hashes: _Hashes, some: _Hashes) -> npt.NDArray[np.bool_]:
    """Which of the hashes are among some sorted ones."""
    places = np.searchsorted(some, hashes)
    found: npt.NDArray[np.bool_] = some[np.minimum(places, len(some) - 1)] == hashes
    return found
