"""Chunks of an input that wait until later rows show how the file writes its dates and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import Spill
from omnix_cli.schemas import FRAMES

WaitingChunk = tuple[pl.DataFrame, pl.DataFrame, ColumnMapping]
"""Rows as read, quarantine rows for lines that are no rows, and the mapping bound to the columns."""


@dataclass
class WaitingChunks:
    """Rows in a spill for each set of columns. Lines that are no rows are few: they stay in memory."""

    open_spill: Callable[[], Spill]
    _spills: list[tuple[Spill, pl.DataFrame, ColumnMapping]] = field(default_factory=list)
    _rejected: list[pl.DataFrame] = field(default_factory=list)

    def add(self, rows: pl.DataFrame, rejected: pl.DataFrame, mapping: ColumnMapping) -> None:
        if not self._spills or self._spills[-1][1].schema != rows.schema:
            self._spills.append((self.open_spill(), rows.clear(), mapping))
        self._spills[-1][0].add(rows)
        self._rejected.append(rejected)

    def take(self) -> Iterator[WaitingChunk]:
        """All that waits, in order; nothing does afterwards."""
        spills, rejected = self._spills, self._rejected
        self._spills, self._rejected = [], []
        none = FRAMES["quarantine"].empty()
        for spill, empty, mapping in spills:
            yield empty, pl.concat([none, *rejected]), mapping
            rejected = []
            for piece in spill.pieces():
                yield piece, none, mapping


@contextmanager
def waiting_chunks(open_spill: Callable[[], AbstractContextManager[Spill]]) -> Iterator[WaitingChunks]:
    """No chunks yet; what waits is deleted at the end."""
    with ExitStack() as stack:
        yield WaitingChunks(lambda: stack.enter_context(open_spill()))
