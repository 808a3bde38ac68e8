"""Compare: which rows of an import are new for sure, and which must be compared with others in full.

Rows are collected into runs. A run is sorted by customer (the rows of a customer keep their order) and written at once
as a part of the future checkpoint. Memory only holds the hash of each row's id: a row is new if its hash appears once
in the import and in no current row. The other rows are disputed and compared in full later. A row whose hash appeared
before is not written with its run, so few runs have to be rewritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.protocols.checkpoints import StagedPart, StoredFrame
from omnix_cli.protocols.inputs import Spill
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.identify_rows import Hashes, Identifier, among
from omnix_cli.steps.imports.identity import MADE, by_file

RUN = "_run"
"""The number of the run that a row was written with; null if it was not written."""


@dataclass(frozen=True)
class RunSizes:
    """How much is held in memory. Neither number changes what is stored."""

    run_rows: int = 1 << 20
    """Rows in a run: as many as in a part of a checkpoint."""
    compared_rows: int = 1_000_000
    """Disputed rows compared at a time."""
    seen_rows: int = 1 << 25
    """Current rows whose hashes are held while runs are written (256 MiB). If there are more, they are compared when
    all rows of the import are known."""


@dataclass(frozen=True)
class Run:
    """A full run: its part, the hashes of its ids, and its number of rows by FILE."""

    part: StagedPart
    hashes: Hashes
    may_be_numbered: bool
    """Whether a given id in it may equal the id of a repeated line."""
    files: Mapping[int, int]

    def disputed(self, suspect: Hashes) -> npt.NDArray[np.bool_]:
        """Which of its rows must be compared."""
        return np.full(len(self.hashes), suspect.size > 0) if self.may_be_numbered else among(self.hashes, suspect)


class _SortedHashes:
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
        return pl.concat(self._frames)


class Comparison:
    """The rows of an import beside the current ones. A context manager: leave it when the rows are stored."""

    def __init__(
        self, identifier: Identifier, view: StoredFrame, written: Spill, disputed: Spill, sizes: RunSizes
    ) -> None:
        self.identifier = identifier
        self.kind = identifier.kind
        self.view = view
        self.sizes = sizes
        self._rows = written
        self._disputed = disputed
        self._buffer = RowBuffer(sizes.run_rows)
        self._comparing, self._writing = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._runs: list[Future[Run | None]] = []
        self._seen, self._repeated = _SortedHashes(), np.zeros(0, np.uint64)
        self._has_seen_view = view.rows == 0

    def __enter__(self) -> Comparison:
        return self

    def __exit__(self, *error: object) -> None:
        for threads in (self._comparing, self._writing):
            threads.shutdown(cancel_futures=True)

    def add(self, rows: pl.DataFrame) -> None:
        """Adds canonical rows with their positions. While a run is collected, one is compared and one written."""
        for full in self._buffer.add(rows):
            if len(self._runs) > 1:
                self._runs[-2].result()
            compared = self._comparing.submit(self._compared, full)
            self._runs.append(self._writing.submit(self._written, compared))

    def pieces(self) -> Iterator[pl.DataFrame]:
        """All rows with their ids, those of one id in order; call it before `fresh`."""
        for run in self.runs():
            yield run.part.read()
        yield from self._disputed.pieces()
        if self._buffer.height:
            yield self.identifier.ordered(self._buffer.rest())

    def runs(self) -> Iterator[Run]:
        """The full runs in order, without those whose rows are all disputed."""
        return (run for finished in self._runs if (run := finished.result()) is not None)

    def fresh(self) -> Iterator[pl.DataFrame]:
        """The new rows that are in no run. Finds the disputed rows among all others."""
        last = self.identifier.ordered(self._buffer.rest()) if self._buffer.height else None
        hashes = self.identifier.hashes(last) if last is not None else np.zeros(0, np.uint64)
        wait(self._runs)
        self._see(hashes)
        suspect = self._repeated if self._has_seen_view else np.union1d(self._repeated, self._seen_in_view())
        self._seen = _SortedHashes()
        for number, run in enumerate(self.runs()):
            marked = run.disputed(suspect)
            if marked.any():
                self._dispute(run.part.read(pl.Series(marked)), number)
        if last is not None:
            doubtful = pl.Series(among(hashes, suspect))
            if suspect.size:
                doubtful |= self.identifier.may_be_numbered(last)
            self._dispute(last.filter(doubtful))
            yield last.filter(~doubtful)

    def disputed(self) -> Iterator[pl.DataFrame]:
        """The disputed rows, about `compared_rows` at a time, each time all of a range of customers."""
        total = sum(piece.height for piece in self._disputed.pieces())
        if total <= self.sizes.compared_rows:
            if total:
                yield pl.concat(self._disputed.pieces())
            return
        column = self.identifier.range_column
        values = pl.concat(piece[column] for piece in self._disputed.pieces()).sort()
        firsts = values.gather_every(self.sizes.compared_rows).unique().sort().to_list()
        for first, after in zip(firsts, [*firsts[1:], None], strict=True):
            value = pl.col(column)
            within = (value >= first) if after is None else (value >= first) & (value < after)
            yield pl.concat(piece.filter(within) for piece in self._disputed.pieces())

    def current(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The current rows with the ids of these rows. A made id begins with the customer, so only the range of these
        customers is searched; a given id may belong to any customer."""
        own_id, column = self.identifier.own_id, self.identifier.range_column
        if self.view.rows == 0:
            return FRAMES[self.kind].empty()
        ids = rows.lazy().select(own_id).unique()
        current = self.view.scan()
        if MADE in rows.columns and rows[MADE].all():
            current = current.filter(pl.col(column).is_between(pl.lit(rows[column].min()), pl.lit(rows[column].max())))
        return current.join(ids, on=own_id, how="semi").collect()

    def _compared(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, Hashes]:
        """A run in order with the hashes of its ids, without its disputed rows."""
        run = self.identifier.ordered(rows)
        hashes = self.identifier.hashes(run)
        if not self._has_seen_view and self.view.rows <= self.sizes.seen_rows:
            self._see(self._view_hashes().collect(engine="streaming").to_series().to_numpy())
            self._has_seen_view = True
        came_before = among(hashes, self._see(hashes))
        if came_before.any():
            self._dispute(run.filter(pl.Series(came_before)))
            run, hashes = run.filter(pl.Series(~came_before)), hashes[~came_before]
        return run, hashes

    def _written(self, compared: Future[tuple[pl.DataFrame, Hashes]]) -> Run | None:
        run, hashes = compared.result()
        if run.is_empty():
            return None
        part = self._rows.stage(run, FRAMES[self.kind].schema.column_names())
        return Run(part, hashes, bool(self.identifier.may_be_numbered(run).any()), by_file(run))

    def _see(self, hashes: Hashes) -> Hashes:
        """Adds these hashes; returns those of them that are there more than once now, sorted."""
        ordered = np.sort(hashes)
        seen = self._seen.add(ordered)
        self._repeated = seen[1:][seen[1:] == seen[:-1]]
        return ordered[among(ordered, self._repeated)]

    def _dispute(self, rows: pl.DataFrame, run: int | None = None) -> None:
        copied = pl.col(pl.String) + ""  # filtered texts keep all texts of their run in memory
        self._disputed.add(rows.with_columns(copied, pl.lit(run, pl.Int32).alias(RUN)))

    def _view_hashes(self) -> pl.LazyFrame:
        return self.view.scan().select(hash=pl.col(self.identifier.own_id).hash())

    def _seen_in_view(self) -> Hashes:
        """The hashes of this import that current rows have, too."""
        found = self._view_hashes().join(pl.LazyFrame({"hash": self._seen.hashes}), on="hash", how="semi")
        return found.collect(engine="streaming")["hash"].to_numpy()
