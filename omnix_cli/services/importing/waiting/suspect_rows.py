"""Rows that look like a code in the wrong column: the whole file decides whether they are set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace

import polars as pl

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, Spill
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports.amounts.misplaced_codes import NO_SUSPECTS, absurd, is_cleared
from omnix_cli.steps.imports.cleaning import Cleaned

_PLACE = {ROW_NUMBER: "row_number", ITEM: "item"}


@dataclass
class SuspectRows:
    """The cleaned rows of a file, in order. From the first suspect on they wait until it is cleared or the file ends;
    hardly any file has one."""

    open_spill: Callable[[], AbstractContextManager[Spill]]
    _suspects: pl.DataFrame = field(default_factory=NO_SUSPECTS.clear)
    _written: list[pl.DataFrame] = field(default_factory=list)
    """The suspects as quarantine rows."""
    _highest: dict[str, float] = field(default_factory=dict)
    _others: int = 0
    _spills: ExitStack = field(default_factory=ExitStack)
    _waiting: list[tuple[Spill, pl.DataFrame]] = field(default_factory=list)
    """Rows in a spill for each set of columns, and the empty frame of these columns."""

    def passed(self, chunks: Iterator[Cleaned]) -> Iterator[Cleaned]:
        """All rows, with those set aside among the quarantine rows."""
        with self._spills:
            for chunk in chunks:
                yield from self._add(chunk)
            yield from self._release(absurd(self._suspects, self._highest, self._others))

    def _add(self, chunk: Cleaned) -> Iterator[Cleaned]:
        for name, number in chunk.highest.items():
            self._highest[name] = max(number, self._highest.get(name, 0.0))
        self._others += chunk.rows.height - chunk.suspects.height
        if chunk.suspects.height:
            self._suspects = pl.concat([self._suspects, chunk.suspects])
            self._written.append(chunk.suspected)
        if self._suspects.is_empty():
            yield chunk
            return
        empty = chunk.rows.clear()
        if not self._waiting or self._waiting[-1][1].schema != empty.schema:
            self._waiting.append((self._spills.enter_context(self.open_spill()), empty))
        self._waiting[-1][0].add(chunk.rows)
        yield replace(chunk, rows=empty)
        if is_cleared(self._suspects, self._highest):
            yield from self._release(NO_SUSPECTS)

    def _release(self, bad: pl.DataFrame) -> Iterator[Cleaned]:
        """The waiting rows without the bad ones, and these as quarantine rows."""
        none, place = FRAMES["quarantine"].empty(), bad.rename(_PLACE).cast({"row_number": pl.Int64, "item": pl.Int32})
        for spill, empty in self._waiting:
            for piece in spill.pieces():
                rows = piece.join(bad, on=list(_PLACE), how="anti", maintain_order="left") if bad.height else piece
                yield Cleaned(rows, none, empty)
        if bad.height:
            written = pl.concat(self._written).join(place, on=list(_PLACE.values()), how="semi")
            yield Cleaned(self._waiting[-1][1], written, self._waiting[-1][1])
        self._spills.close()
        self._waiting, self._suspects, self._written = [], NO_SUSPECTS, []
