"""What collects the rows of a run, and the hashes of all runs so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from omnix_cli.services.importing.identify_rows import Hashes

_LEAST_ROWS = 1 << 16


@dataclass(frozen=True)
class RunSizes:
    """How much is held in memory. No number changes which rows are stored."""

    run_rows: int = 1 << 20
    """Rows in a run: as many as in a part of a checkpoint."""
    compared_rows: int = 500_000
    """Disputed and current rows compared at a time."""
    seen_rows: int = 1 << 25
    """Current rows whose hashes are held while rows are read (40 bytes each, whatever the setting). If there are more,
    they are compared when all rows of the import are known."""

    @classmethod
    def within(cls, memory: int) -> RunSizes:
        """The sizes for so many bytes; 4 GiB and more have the largest."""
        most = cls()
        return cls(
            min(most.run_rows, max(_LEAST_ROWS, memory >> 12)),
            min(most.compared_rows, max(_LEAST_ROWS, memory >> 12)),
        )


class SortedHashes:
    """Sorted hashes in an array with room for more, so that it is not copied for every run."""

    def __init__(self) -> None:
        self._array: Hashes = np.zeros(0, np.uint64)
        self._count = 0

    @property
    def hashes(self) -> Hashes:
        return self._array[: self._count]

    def add(self, ordered: Hashes) -> Hashes:
        """Adds sorted hashes; returns all."""
        first, self._count = self._count, self._count + len(ordered)
        if self._count > len(self._array):
            array = np.empty(max(self._count, 2 * len(self._array)), np.uint64)
            array[:first] = self._array[:first]
            self._array = array
        self._array[first : self._count] = ordered
        self.hashes.sort(kind="stable")  # merges what is sorted already
        return self.hashes


class RowBuffer:
    """Joins frames into frames of a fixed number of rows."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._frames: list[pl.DataFrame] = []
        self.height = 0

    def add(self, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Adds rows; returns the frames that became full."""
        while self.height + frame.height >= self._rows:
            room = self._rows - self.height
            yield pl.concat([*self._frames, frame.head(room)])
            self._frames, self.height, frame = [], 0, frame.slice(room)
        if frame.height:
            self._frames.append(frame)
            self.height += frame.height

    def rest(self) -> pl.DataFrame:
        """Takes out the rows of the frame that is not full."""
        frames, self._frames, self.height = self._frames, [], 0
        return pl.concat(frames)
