"""Rows set down on disk while an input is being read, so that memory stays bounded."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from omnix_cli.stores.files import disk_trouble_told

PIECE_BYTES = 32 << 20
"""Rows are gathered up to this size before they are written."""


@dataclass(frozen=True)
class _Piece:
    """Rows on disk, without the columns that have one value in all of them."""

    path: Path
    constants: dict[str, pl.Series]
    columns: list[str]

    def rows(self) -> pl.DataFrame:
        rows = pl.read_ipc(self.path)
        again = (value.new_from_index(0, rows.height) for value in self.constants.values())
        return rows.with_columns(again).select(self.columns)


class DiskSpill:
    """Rows in a folder; the last ones, less than a piece, stay in memory. Implements `protocols.Spill`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[pl.DataFrame] = []
        self._pieces: list[_Piece] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Takes rows in; they go to disk a piece at a time."""
        if rows.is_empty():
            return
        self._waiting.append(rows)
        if sum(waiting.estimated_size() for waiting in self._waiting) >= PIECE_BYTES:
            self._write(pl.concat(self._waiting))
            self._waiting.clear()

    def pieces(self) -> Iterator[pl.DataFrame]:
        """All rows in the order in which they were added."""
        for piece in self._pieces:
            yield piece.rows()
        if self._waiting:
            yield pl.concat(self._waiting)

    def _write(self, rows: pl.DataFrame) -> None:
        constants = {name: rows[name].head(1) for name in rows.columns[1:] if _is_constant(rows[name])}
        path = self._folder / f"{len(self._pieces):05d}.arrow"
        with disk_trouble_told(self._folder):
            rows.drop(constants).write_ipc(path)
        self._pieces.append(_Piece(path, constants, rows.columns))


@contextmanager
def open_spill(folder: Path | None = None) -> Iterator[DiskSpill]:
    """A spill in a temporary folder (within `folder`) that is gone afterwards."""
    with disk_trouble_told(folder or Path(tempfile.gettempdir())):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=".import-", dir=folder))
    try:
        yield DiskSpill(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_constant(column: pl.Series) -> bool:
    if column.null_count():
        return column.null_count() == len(column)
    cheap = column.dtype.is_integer() or isinstance(column.dtype, pl.Boolean | pl.Enum)
    return cheap and bool((column == column.head(1)).all())
