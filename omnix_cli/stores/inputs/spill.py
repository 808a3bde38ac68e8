"""Rows kept outside memory while an input is read: in memory as long as they fit, then on disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import polars as pl

from omnix_cli.protocols.checkpoints import StagedFile
from omnix_cli.steps.imports.ordering import is_constant
from omnix_cli.stores.workspace.checkpoints import ROW_GROUP_ROWS, write_parquet
from omnix_cli.stores.workspace.files import disk_errors, stage
from omnix_cli.stores.workspace.private import private_folder

PIECE_BYTES = 32 << 20
"""Rows are collected up to this size before they become a piece."""
MEMORY_BYTES = 2 << 30
"""Bytes kept in memory; the rest goes to disk."""


@dataclass(frozen=True)
class _Piece:
    """Rows in memory or on disk, without the columns that have the same value in all of them."""

    rows: pl.DataFrame | Path
    constants: dict[str, pl.Series]
    columns: list[str]

    def whole(self) -> pl.DataFrame:
        rows = pl.scan_ipc(self.rows, glob=False).collect() if isinstance(self.rows, Path) else self.rows
        again = (value.new_from_index(0, rows.height) for value in self.constants.values())
        return rows.with_columns(again).select(self.columns)


@dataclass(frozen=True)
class StagedRows:
    """Rows in a part, and next to it the columns that the part does not have. Implements `protocols.StagedPart`."""

    file: StagedFile
    rows: int
    beside: _Piece
    row_group_rows: int

    def read(self, marked: pl.Series | None = None) -> pl.DataFrame:
        beside = self.beside.whole()
        if marked is None:
            return pl.concat([pl.read_parquet(self.file.path, glob=False), beside], how="horizontal")
        size = self.row_group_rows
        groups = (marked.arg_true() // size).unique().sort() * size
        part = pl.scan_parquet(self.file.path, glob=False)
        if 2 * size * len(groups) > len(marked):
            return pl.concat([part.filter(marked).collect(), beside.filter(marked)], how="horizontal")
        pieces = [part.slice(first, size).filter(marked.slice(first, size)) for first in groups]  # others stay packed
        return pl.concat([pl.concat(pieces).collect(), beside.filter(marked)], how="horizontal")


@dataclass
class DiskSpill:
    """Rows in memory as long as they fit, then in a folder. Implements `protocols.Spill`."""

    folder: Path
    memory_bytes: int = MEMORY_BYTES
    """What may still be kept in memory."""
    piece_bytes: int = PIECE_BYTES
    row_group_rows: int = ROW_GROUP_ROWS
    _waiting: list[pl.DataFrame] = field(default_factory=list, init=False)
    _pieces: list[_Piece] = field(default_factory=list, init=False)
    _files: Iterator[int] = field(default_factory=count, init=False)

    def add(self, rows: pl.DataFrame) -> None:
        if rows.is_empty():
            return
        self._waiting.append(rows)
        if sum(waiting.estimated_size() for waiting in self._waiting) >= self.piece_bytes:
            self._pieces.append(self._piece(pl.concat(self._waiting)))
            self._waiting.clear()

    def pieces(self) -> Iterator[pl.DataFrame]:
        for piece in self._pieces:
            yield piece.whole()
        if self._waiting:
            yield pl.concat(self._waiting)

    def stage(self, rows: pl.DataFrame, columns: Sequence[str]) -> StagedRows:
        with disk_errors(self.folder):
            write = partial(write_parquet, rows.select(columns), row_group_rows=self.row_group_rows)
            file = stage(self.folder / f"{next(self._files):05d}.parquet", write)
        return StagedRows(file, rows.height, self._piece(rows.select(pl.exclude(columns))), self.row_group_rows)

    def _piece(self, rows: pl.DataFrame) -> _Piece:
        constants = {name: rows[name].new_from_index(0, 1) for name in rows.columns[1:] if is_constant(rows[name])}
        kept = rows.drop(constants)
        self.memory_bytes -= int(kept.estimated_size())
        if self.memory_bytes >= 0:
            return _Piece(kept, constants, rows.columns)
        path = self.folder / f"{next(self._files):05d}.arrow"
        with disk_errors(self.folder):
            kept.write_ipc(path)
        return _Piece(path, constants, rows.columns)


@contextmanager
def open_spill(folder: Path, **sizes: int) -> Iterator[DiskSpill]:
    """A spill of these `sizes` in a temporary folder within `folder`, which is deleted afterwards."""
    with disk_errors(folder):
        private_folder(folder)
        temporary = Path(tempfile.mkdtemp(prefix=".import-", dir=folder))
    try:
        yield DiskSpill(temporary, **sizes)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
