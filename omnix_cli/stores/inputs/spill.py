"""Rows set down on disk while an input is being read, so that memory stays bounded."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import polars as pl

from omnix_cli.protocols.checkpoints import StagedFile
from omnix_cli.stores.workspace.checkpoints import ROW_GROUP_ROWS, write_parquet
from omnix_cli.stores.workspace.files import disk_errors, stage

PIECE_BYTES = 32 << 20
"""Rows are gathered up to this size before they become a piece."""
MEMORY_BYTES = 2 << 30
"""What is kept in memory; all beyond goes to disk."""


@dataclass(frozen=True)
class _Piece:
    """Rows in memory or on disk, without the columns that have one value in all of them."""

    rows: pl.DataFrame | Path
    constants: dict[str, pl.Series]
    columns: list[str]

    def whole(self) -> pl.DataFrame:
        rows = pl.read_ipc(self.rows) if isinstance(self.rows, Path) else self.rows
        again = (value.new_from_index(0, rows.height) for value in self.constants.values())
        return rows.with_columns(again).select(self.columns)


@dataclass(frozen=True)
class StagedRows:
    """Rows in a part, and beside it the columns that the part does not have. Implements `protocols.StagedPart`."""

    file: StagedFile
    rows: int
    beside: _Piece

    def read(self, marked: pl.Series | None = None) -> pl.DataFrame:
        beside = self.beside.whole()
        if marked is None:
            return pl.concat([pl.read_parquet(self.file.path), beside], how="horizontal")
        groups = marked.arg_true() // ROW_GROUP_ROWS * ROW_GROUP_ROWS  # the others need not be unpacked
        part = pl.scan_parquet(self.file.path)
        rows = [
            pl.concat(
                [part.slice(first, ROW_GROUP_ROWS).collect(), beside.slice(first, ROW_GROUP_ROWS)], how="horizontal"
            ).filter(marked.slice(first, ROW_GROUP_ROWS))
            for first in groups.unique().sort()
        ]
        return pl.concat(rows)


class DiskSpill:
    """Rows in memory as long as they fit, then in a folder. Implements `protocols.Spill`."""

    def __init__(self, folder: Path, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._room = memory_bytes
        self._waiting: list[pl.DataFrame] = []
        self._pieces: list[_Piece] = []
        self._files = count()

    def add(self, rows: pl.DataFrame) -> None:
        """Takes rows in."""
        if rows.is_empty():
            return
        self._waiting.append(rows)
        if sum(waiting.estimated_size() for waiting in self._waiting) >= PIECE_BYTES:
            self._pieces.append(self._piece(pl.concat(self._waiting)))
            self._waiting.clear()

    def pieces(self) -> Iterator[pl.DataFrame]:
        """All rows in the order in which they were added."""
        for piece in self._pieces:
            yield piece.whole()
        if self._waiting:
            yield pl.concat(self._waiting)

    def stage(self, rows: pl.DataFrame, columns: Sequence[str]) -> StagedRows:
        """Writes the part; what is beside it is kept as all rows are."""
        with disk_errors(self._folder):
            file = stage(self._next(".parquet"), partial(write_parquet, rows.select(columns)))
        return StagedRows(file, rows.height, self._piece(rows.select(pl.exclude(columns))))

    def _next(self, suffix: str) -> Path:
        return self._folder / f"{next(self._files):05d}{suffix}"

    def _piece(self, rows: pl.DataFrame) -> _Piece:
        constants = {name: rows[name].new_from_index(0, 1) for name in rows.columns[1:] if _is_constant(rows[name])}
        kept = rows.drop(constants)
        self._room -= int(kept.estimated_size())
        if self._room >= 0:
            return _Piece(kept, constants, rows.columns)
        path = self._next(".arrow")
        with disk_errors(self._folder):
            kept.write_ipc(path)
        return _Piece(path, constants, rows.columns)


@contextmanager
def open_spill(folder: Path | None = None, *, memory_bytes: int = MEMORY_BYTES) -> Iterator[DiskSpill]:
    """A spill in a temporary folder (within `folder`) that is gone afterwards."""
    with disk_errors(folder or Path(tempfile.gettempdir())):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=".import-", dir=folder))
    try:
        yield DiskSpill(place, memory_bytes)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_constant(column: pl.Series) -> bool:
    if column.null_count():
        return column.null_count() == len(column)
    cheap = column.dtype.is_integer() or isinstance(column.dtype, pl.Boolean | pl.Enum)
    return cheap and bool((column == column.head(1)).all())
