"""The rows of an import as they come in, and which of them may not be new.

Rows are gathered into runs, each sorted by customer (rows of one customer stay in their order) and written at once as
a part of the checkpoint to be. What stays in memory is the hash of each row's id: a row whose hash is there once, and
not among the standing rows, is new. The rows of the other hashes are to be compared in full, so two ids with one hash
cost a look, no more. A row whose hash came before, or stands, is set aside at once and not written; so what is written
seldom has to be changed when the first row of its hash is compared, too.
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
from omnix_cli.steps.imports.identity import MADE, by_file, with_made_ids
from omnix_cli.steps.imports.ordering import sorted_by_text

Hashes = npt.NDArray[np.uint64]

RUN_ROWS = 1 << 20
"""Rows of a run: as many as a part of a checkpoint has."""


_MOST_SEEN = 1 << 25
"""Standing rows of which the hashes are kept in memory (256 MiB) while runs are written; where there are more, they are
compared when all rows are there."""
_FEW = 64
"""Up to so many hashes are looked for one by one."""

RUN = "_run"
"""The number of the run in whose part a row is; null where it is in none."""


@dataclass(frozen=True)
class Run:
    """A full run: its part, the hashes of the ids in it, and the number of rows by FILE."""

    part: StagedPart
    hashes: Hashes
    has_numbered: bool
    """Whether an id that was given may equal a numbered made one."""
    files: Mapping[int, int]

    def among(self, suspect: Hashes) -> npt.NDArray[np.bool_]:
        """Which of its rows are to be compared."""
        return np.full(len(self.hashes), suspect.size > 0) if self.has_numbered else _among(self.hashes, suspect)


class _Seen:
    """Sorted hashes in a place that has room for more, so that it is not made anew with each run."""

    def __init__(self) -> None:
        self._place: Hashes = np.zeros(0, np.uint64)
        self._count = 0

    @property
    def hashes(self) -> Hashes:
        """Those that were seen."""
        return self._place[: self._count]

    def with_also(self, ordered: Hashes) -> Hashes:
        """Those that were seen, and these sorted ones from now on."""
        first, self._count = self._count, self._count + len(ordered)
        if self._count > len(self._place):
            place = np.empty(max(self._count, 2 * len(self._place)), np.uint64)
            place[:first] = self._place[:first]
            self._place = place
        self._place[first : self._count] = ordered
        self.hashes.sort(kind="stable")  # merges what is sorted already
        return self.hashes


class Gathered:
    """Frames joined until there are so many rows."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._frames: list[pl.DataFrame] = []
        self.height = 0

    def add(self, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Takes rows in and gives those that are full."""
        while self.height + frame.height >= self._rows:
            room = self._rows - self.height
            yield pl.concat([*self._frames, frame.head(room)])
            self._frames, self.height, frame = [], 0, frame.slice(room)
        if frame.height:
            self._frames.append(frame)
            self.height += frame.height

    def rest(self) -> pl.DataFrame:
        """What is not full as yet."""
        return pl.concat(self._frames)


class Incoming:
    """The rows of an import beside those of the view. Leave its context when they are no longer needed."""

    def __init__(self, kind: str, view: StoredFrame, rows: Spill, disputed: Spill, run_rows: int) -> None:
        self.kind = kind
        self.view = view
        self.own_id, self.range_column = FRAMES[kind].key[0], FRAMES[kind].sort[0]
        self.run_rows = run_rows
        self._rows = rows
        self._disputed = disputed
        self._gathered = Gathered(run_rows)
        self._comparing, self._writing = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._runs: list[Future[Run | None]] = []
        self._seen, self._repeated = _Seen(), np.zeros(0, np.uint64)
        self._has_seen_view = view.rows == 0

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *error: object) -> None:
        for threads in (self._comparing, self._writing):
            threads.shutdown(cancel_futures=True)

    def add(self, rows: pl.DataFrame) -> None:
        """Takes canonical rows in with their places. One run is written and one compared while another is gathered."""
        for full in self._gathered.add(rows):
            if len(self._runs) > 1:
                self._runs[-2].result()
            compared = self._comparing.submit(self._compared, full)
            self._runs.append(self._writing.submit(self._written, compared))

    def pieces(self) -> Iterator[pl.DataFrame]:
        """All rows with their ids, those of one id in order; call it before rows are compared."""
        for run in self.runs():
            yield run.part.read()
        yield from self._disputed.pieces()
        if self._gathered.height:
            yield self._ordered(self._gathered.rest())

    def runs(self) -> Iterator[Run]:
        """The full runs in order, unless every row of theirs was set aside."""
        return (run for finished in self._runs if (run := finished.result()) is not None)

    def fresh(self) -> Iterator[pl.DataFrame]:
        """The rows that are new and in no part as yet. Of all others those that may not be new are set aside."""
        last = self._ordered(self._gathered.rest()) if self._gathered.height else None
        hashes = self._hashes(last) if last is not None else np.zeros(0, np.uint64)
        wait(self._runs)
        self._see(hashes)
        suspect = self._repeated if self._has_seen_view else np.union1d(self._repeated, self._standing())
        self._seen = _Seen()
        for number, run in enumerate(self.runs()):
            marked = run.among(suspect)
            if marked.any():
                self._set_aside(run.part.read(pl.Series(marked)), number)
        if last is not None:
            doubtful = pl.Series(_among(hashes, suspect))
            if suspect.size:
                doubtful |= self._numbered(last)
            self._set_aside(last.filter(doubtful))
            yield last.filter(~doubtful)

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

    def _compared(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, Hashes]:
        """A run in order with the hashes of its ids, less the rows that may not be new."""
        run = self._ordered(rows)
        hashes = self._hashes(run)
        if not self._has_seen_view and self.view.rows <= _MOST_SEEN:
            self._see(self._view_hashes().collect(engine="streaming").to_series().to_numpy())
            self._has_seen_view = True
        came_before = _among(hashes, self._see(hashes))
        if came_before.any():
            self._set_aside(run.filter(pl.Series(came_before)))
            run, hashes = run.filter(pl.Series(~came_before)), hashes[~came_before]
        return run, hashes

    def _written(self, compared: Future[tuple[pl.DataFrame, Hashes]]) -> Run | None:
        run, hashes = compared.result()
        if run.is_empty():
            return None
        part = self._rows.stage(run, FRAMES[self.kind].schema.column_names())
        return Run(part, hashes, bool(self._numbered(run).any()), by_file(run))

    def _see(self, hashes: Hashes) -> Hashes:
        """Keeps these hashes; returns those of them that are there more than once now, sorted."""
        ordered = np.sort(hashes)
        seen = self._seen.with_also(ordered)
        self._repeated = seen[1:][seen[1:] == seen[:-1]]
        return ordered[_among(ordered, self._repeated)]

    def _set_aside(self, rows: pl.DataFrame, run: int | None = None) -> None:
        copied = pl.col(pl.String) + ""  # texts that were picked keep those in memory among which they were
        self._disputed.add(rows.with_columns(copied, pl.lit(run, pl.Int32).alias(RUN)))

    def _ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """A run sorted, its ids made only then: so they lie in memory in the order in which they are read."""
        return with_made_ids(sorted_by_text(rows, self.range_column), self.kind)

    def _hashes(self, rows: pl.DataFrame) -> Hashes:
        return rows[self.own_id].hash().to_numpy()

    def _numbered(self, rows: pl.DataFrame) -> pl.Series:
        """Which ids were given and may equal a made one that has a number."""
        if MADE not in rows.columns or rows[MADE].all():
            return pl.repeat(False, rows.height, dtype=pl.Boolean, eager=True)
        return ~rows[MADE] & rows[self.own_id].str.contains("#", literal=True)

    def _view_hashes(self) -> pl.LazyFrame:
        return self.view.scan().select(hash=pl.col(self.own_id).hash())

    def _standing(self) -> Hashes:
        """Which hashes standing rows have, too."""
        found = self._view_hashes().join(pl.LazyFrame({"hash": self._seen.hashes}), on="hash", how="semi")
        return found.collect(engine="streaming")["hash"].to_numpy()


def _among(hashes: Hashes, some: Hashes) -> npt.NDArray[np.bool_]:
    """Which of the hashes are among some sorted ones."""
    if some.size <= _FEW:
        return np.isin(hashes, some)
    places = np.searchsorted(some, hashes)
    found: npt.NDArray[np.bool_] = some[np.minimum(places, len(some) - 1)] == hashes
    return found
