"""External sorting with bounded memory: pieces sorted by one column go to disk and come back in ranges of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from omnix_cli.steps.imports.ordering import sorted_by_text
from omnix_cli.stores.files import disk_trouble_told

PIECE_BYTES = 128 << 20
"""Rows are gathered up to this size before they are sorted and written: few pieces come back faster than many."""
BATCH_ROWS = 1 << 15
SAMPLE_EVERY = 1 << 10
"""One value in so many is remembered, to cut the ranges evenly."""


@dataclass(frozen=True)
class _Piece:
    """A sorted piece on disk, without the columns that have one value in all its rows."""

    path: Path
    constants: dict[str, pl.Series]
    columns: list[str]

    def restored(self, rows: pl.DataFrame) -> pl.DataFrame:
        again = (value.new_from_index(0, rows.height) for value in self.constants.values())
        return rows.with_columns(again).select(self.columns)


class DiskSpill:
    """Rows spilled by `column`. Less than one piece stays in memory. Implements `protocols.Spill`."""

    def __init__(self, folder: Path, column: str) -> None:
        self._folder = folder
        self._column = column
        self._waiting: list[pl.DataFrame] = []
        self._pieces: list[_Piece] = []
        self._samples: list[pl.Series] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Takes rows in; they go to disk a piece at a time."""
        if rows.is_empty():
            return
        self._waiting.append(rows)
        if sum(waiting.estimated_size() for waiting in self._waiting) >= PIECE_BYTES:
            self._write_waiting()

    def slices(self, rows: int) -> Iterator[pl.DataFrame]:
        """All rows in slices of about that many, each a range of the column."""
        if not self._pieces:
            yield from self._in_memory()
            return
        self._write_waiting()
        bounds = self._bounds(rows)
        offsets = [self._offsets(piece, bounds) for piece in self._pieces]
        for number in range(len(bounds) + 1):
            parts = (
                piece.restored(pl.scan_ipc(piece.path).slice(cuts[number], cuts[number + 1] - cuts[number]).collect())
                for piece, cuts in zip(self._pieces, offsets, strict=True)
            )
            yield pl.concat(part for part in parts if part.height)

    def pieces(self) -> Iterator[pl.DataFrame]:
        """All rows as they were added, each piece sorted by the column."""
        for piece in self._pieces:
            yield piece.restored(pl.read_ipc(piece.path))
        yield from self._in_memory()

    def _in_memory(self) -> Iterator[pl.DataFrame]:
        if self._waiting:
            yield pl.concat(self._waiting)

    def _write_waiting(self) -> None:
        for rows in self._in_memory():
            self._write(rows)
        self._waiting.clear()

    def _write(self, rows: pl.DataFrame) -> None:
        constants = {
            name: rows[name].head(1) for name in rows.columns if name != self._column and _is_constant(rows[name])
        }
        path = self._folder / f"{len(self._pieces):05d}.arrow"
        ordered = sorted_by_text(rows.drop(constants), self._column)
        with disk_trouble_told(self._folder):
            ordered.write_ipc(path, record_batch_size=BATCH_ROWS)
        self._pieces.append(_Piece(path, constants, rows.columns))
        self._samples.append(ordered[self._column].gather_every(SAMPLE_EVERY))

    def _bounds(self, rows: int) -> list[str]:
        """The first value of every slice but the first."""
        samples = pl.concat(self._samples).sort()
        step = max(rows // SAMPLE_EVERY, 1)
        return samples.gather_every(step, offset=step).unique().sort().to_list()

    def _offsets(self, piece: _Piece, bounds: list[str]) -> list[int]:
        values = pl.scan_ipc(piece.path).select(self._column).collect()[self._column]
        return [0, *(int(values.search_sorted(bound, side="left")) for bound in bounds), len(values)]


@contextmanager
def open_spill(column: str, folder: Path | None = None) -> Iterator[DiskSpill]:
    """A spill in a temporary folder (within `folder`) that is gone afterwards."""
    with disk_trouble_told(folder or Path(tempfile.gettempdir())):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=".import-", dir=folder))
    try:
        yield DiskSpill(place, column)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_constant(column: pl.Series) -> bool:
    if column.null_count():
        return column.null_count() == len(column)
    cheap = column.dtype.is_integer() or isinstance(column.dtype, pl.Boolean | pl.Enum)
    return cheap and bool((column == column.head(1)).all())
