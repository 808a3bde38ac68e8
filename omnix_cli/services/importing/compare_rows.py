"""Compare: which rows of an import are new for sure, and which must be compared with others in full.

Rows that are stored already are recognised at once (see `current_lines`). The others are collected into runs. A run is
sorted by customer (the rows of a customer keep their order) and written as a part of the future checkpoint. Memory only
holds the hash of each row's group: a row is new if its hash appears once in the import and in no current row. The other
rows are disputed: they are counted and compared in full later, some groups at a time. A row whose hash appeared before
is not written with its run, so few runs have to be rewritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.protocols.checkpoints import StagedPart
from omnix_cli.protocols.inputs import ROW_NUMBER, ImportedRows, Spill
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.held.current_lines import NO_RECORDS, CurrentLines
from omnix_cli.services.importing.held.disputed_rows import Disputed, DisputedRows
from omnix_cli.services.importing.held.file_edges import FileEdges
from omnix_cli.services.importing.held.run_buffers import RowBuffer, RunSizes, SortedHashes
from omnix_cli.services.importing.held.second_lines import SecondLines
from omnix_cli.services.importing.identify_rows import NO_HASHES, Hashes, Identifier, PlainGroups, among
from omnix_cli.services.importing.read_files import pipelined
from omnix_cli.steps.imports.groups import identity, plain_groups, stated_lines
from omnix_cli.steps.imports.groups.identity import FILE, PLACE, by_file, is_cancelled
from omnix_cli.steps.imports.groups.merge import AGAIN
from omnix_cli.steps.imports.groups.stated_lines import GROUP, Edges

_THREADS = 2
"""Parts read at a time."""
_BATCH_ROWS = 1 << 18
"""Current rows hashed at a time."""


@dataclass(frozen=True)
class Spills:
    """Where rows are kept outside memory: parts of runs, the second rows of groups, and for the comparison in full the
    disputed rows, those set aside, and current ones."""

    written: Spill
    seconds: Spill
    disputed: Spill
    aside: Spill
    current: Spill


@dataclass(frozen=True)
class Run:
    """A full run: its part, the hashes of its groups, and its number of rows by FILE."""

    part: StagedPart
    hashes: Hashes
    files: Mapping[int, int]


class Comparison:
    """The rows of an import beside the current ones. A context manager: leave it when the rows are stored.

    `again` are the keys of the batches whose files are all read again; `recognise` says whether to recognise stored
    rows at once; if not, the places of all rows are kept."""

    def __init__(
        self,
        identifier: Identifier,
        view: ImportedRows,
        spills: Spills,
        sizes: RunSizes,
        *,
        again: frozenset[str] = frozenset(),
        recognise: bool = True,
        joins_cuts: bool = True,
    ) -> None:
        self.identifier = identifier
        self.kind = identifier.kind
        self.view = view
        self.sizes = sizes
        self.known: dict[int, int] = {}
        """The rows by FILE that were recognised at once."""
        self._spills = spills
        self._again = again
        self._joins_cuts = joins_cuts
        self._buffer = RowBuffer(sizes.run_rows)
        self._comparing, self._writing = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._runs: list[Future[Run | None]] = []
        self._seen, self._repeated = SortedHashes(), NO_HASHES
        self._seconds, self._are_plain = SecondLines(spills.seconds), not identifier.joins
        self._aside: list[Hashes] = []
        self._forced: list[Hashes] = []
        self.leaving: list[pl.DataFrame] = []
        """The places of rows that were written with a run and are compared in full as if they had not been."""
        self.places: list[pl.DataFrame] = []
        """The places of all rows, unless stored ones are recognised."""
        self._may_recognise = recognise
        self._recognises = recognise and 0 < view.rows <= sizes.seen_rows and not identifier.whole_orders
        self._lines: CurrentLines | None = None
        self._records = [NO_RECORDS]
        self._edges = FileEdges(self.identifier)

    def __enter__(self) -> Comparison:
        return self

    def __exit__(self, *error: object) -> None:
        for threads in (self._comparing, self._writing):
            threads.shutdown(cancel_futures=True)

    def add(self, rows: pl.DataFrame) -> None:
        """Adds canonical rows with their positions, those of a file in order. While a run is collected, one is compared
        and one written."""
        if rows.is_empty():
            return
        if not self._may_recognise:
            self.places.append(rows.select(PLACE))
        self._are_plain &= plain_groups.all_plain(rows, self.kind)
        groups = None
        if self._recognises:
            rows = self.identifier.identified(rows)
            groups = self.identifier.groups(rows)
        self._edges.add(rows, groups)
        if groups is not None:
            rows = self._unknown(rows, groups)
        for full in self._buffer.add(rows):
            self._begin_run(full)

    def add_aside(self, rows: pl.DataFrame) -> None:
        """Adds rows that a rule of the mapping sets aside: each takes out a line that came before it."""
        if rows.height:
            rows = self.identifier.identified(rows)
            self._aside.append(np.unique(self.identifier.groups(rows)))
            self._spills.aside.add(rows)

    def add_cancelled(self, rows: pl.DataFrame) -> None:
        """Adds rows with given ids that are compared in full in any case; call it when all files are added."""
        if rows.height:
            rows = self.identifier.identified(rows)
            self._forced.append(self.identifier.groups(rows))
            self._dispute(rows)

    def end_file(self, number: int) -> None:
        """Call it when all rows of a file are added."""
        groups = self._edges.end_file(number)
        if self._lines is not None:
            self._records.append(self._lines.end_of_file(number, groups))

    @property
    def edges(self) -> Edges:
        """The orders at the beginnings and ends of files."""
        return Edges(self._edges.orders(), self._joins_cuts)

    def pieces(self) -> Iterator[pl.DataFrame]:
        """All rows with their ids that were not recognised at once; call it when all files are added."""
        for run in self.runs():
            yield run.part.read()
        yield from self._spills.disputed.pieces()
        yield from self._seconds.pieces()

    def runs(self) -> Iterator[Run]:
        """The runs in order, without those whose rows are all disputed; call it when all files are added."""
        if self._buffer.height:
            self._begin_run(self._buffer.rest())
        return (run for finished in self._runs if (run := finished.result()) is not None)

    def fresh(self) -> Iterator[pl.DataFrame]:
        """The new rows that are in no run. Finds the disputed rows among all others."""
        runs, seen, suspect = list(self.runs()), self._seen.hashes, self._suspect()
        pairs = NO_HASHES
        if self._are_plain:
            pairs = self._seconds.pairs(seen, (run.hashes for run in runs), suspect)
        suspect = np.union1d(suspect, self._repeated[~among(self._repeated, pairs)])
        self._seen, self._lines = SortedHashes(), None
        for piece in self._seconds.pieces():
            of_pairs = pl.Series(among(piece[GROUP].to_numpy(), pairs))
            second = piece.filter(of_pairs)
            if second.height:
                yield second.with_columns(pl.col(self.identifier.own_id) + "#2")
            self._dispute(piece.filter(~of_pairs).drop(GROUP))
        reading = pipelined(partial(_rows_of_groups, some=suspect), runs, threads=_THREADS)
        for number, rows in enumerate(reading):
            if rows.height:
                self._dispute_of_run(rows, number)
        for piece in self._spills.aside.pieces():
            rows = piece.filter(pl.Series(among(self.identifier.groups(piece), suspect)))
            if rows.height:
                self._spills.disputed.add(self.identifier.stated(rows, aside=True))
        if suspect.size:
            self._keep_current(suspect)

    def disputed(self) -> Iterator[Disputed]:
        """The disputed rows with the current ones, some groups at a time."""
        rows = DisputedRows(self.identifier, self._spills.disputed, self._spills.current, pl.concat(self._records))
        return rows.groups(self.sizes.compared_rows)

    def current(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The current rows with the ids of these rows."""
        own_id = self.identifier.own_id
        if self.view.rows == 0:
            return FRAMES[self.kind].empty()
        return self.view.scan().join(rows.lazy().select(own_id).unique(), on=own_id, how="semi").collect()

    def _unknown(self, rows: pl.DataFrame, groups: Hashes) -> pl.DataFrame:
        """The rows that are not recognised as stored."""
        lines = self._current_lines()
        number = int(rows[FILE][0])
        exact = self.identifier.exact(rows, rows[self.identifier.own_id])
        known = lines.known(groups, exact, rows[ROW_NUMBER].to_numpy())
        count = int(known.sum())
        if not count:
            return rows
        self.known[number] = self.known.get(number, 0) + count
        return _copied(rows.filter(pl.Series(~known)))

    def _current_lines(self) -> CurrentLines:
        if self._lines is None:
            self._lines = CurrentLines(
                self.identifier.hashed_current(rows, again=again).select(
                    pl.col(GROUP).alias("group"),
                    "exact",
                    (~is_cancelled(rows)).alias("stands"),
                    pl.col(AGAIN).alias("again"),
                )
                for rows, again in self._view_pieces()
            )
        return self._lines

    def _view_pieces(self) -> Iterator[tuple[pl.DataFrame, bool]]:
        """The current rows, some at a time, and whether their import is read again."""
        for key, rows in self.view.batches():
            for piece in rows.collect_batches(chunk_size=_BATCH_ROWS):
                yield piece, key in self._again

    def _keep_current(self, suspect: Hashes) -> None:
        """Keeps the current rows of these groups for the comparison."""
        for rows, again in self._view_pieces() if self.view.rows else ():
            _, groups = self.identifier.current_groups(rows)
            found = rows.filter(pl.Series(among(groups, suspect)))
            if found.height:
                self._spills.current.add(_copied(self.identifier.compared_current(found, again=again)))

    def _begin_run(self, rows: pl.DataFrame) -> None:
        if len(self._runs) > 1:
            self._runs[-2].result()
        compared = self._comparing.submit(self._compared, rows)
        self._runs.append(self._writing.submit(self._written, compared))

    def _compared(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, Hashes]:
        """A run in order with the hashes of its groups, without its disputed rows."""
        run = self.identifier.ordered(rows)
        hashes = self.identifier.groups(run)
        plain = self.identifier.plain(run, hashes)
        second = among(hashes, self._see(plain.once()))
        stored = among(hashes, self._lines.group) if self._lines is not None else np.zeros(len(hashes), bool)
        leaving = second | stored
        run = self._numbered(run, hashes, leaving, plain)
        if not leaving.any():
            return run, hashes
        second &= ~stored & self._are_plain
        second[plain.places] = False
        self._seconds.add(_copied(run.filter(pl.Series(second))), hashes[second])
        self._dispute(run.filter(pl.Series(leaving & ~second)))
        return run.filter(pl.Series(~leaving)), hashes[~leaving]

    def _numbered(
        self, run: pl.DataFrame, hashes: Hashes, leaving: npt.NDArray[np.bool_], plain: PlainGroups
    ) -> pl.DataFrame:
        """A run with the ids of its plain groups numbered, but for those whose rows leave it."""
        chosen = among(hashes[plain.places], plain.groups) & ~leaving[plain.places]
        if not chosen.any():
            return run
        ids = self.identifier.numbered(plain.rows.filter(pl.Series(chosen)))
        own_id = self.identifier.own_id
        return run.with_columns(run[own_id].scatter(pl.Series(plain.places[chosen]), ids))

    def _written(self, compared: Future[tuple[pl.DataFrame, Hashes]]) -> Run | None:
        run, hashes = compared.result()
        if run.is_empty():
            return None
        part = self._spills.written.stage(run, FRAMES[self.kind].schema.column_names())
        return Run(part, hashes, by_file(run))

    def _see(self, ordered: Hashes) -> Hashes:
        """Adds these sorted hashes; returns those of them that are there more than once now, sorted."""
        seen = self._seen.add(ordered)
        self._repeated = seen[1:][seen[1:] == seen[:-1]]
        return ordered[among(ordered, self._repeated)]

    def _suspect(self) -> Hashes:
        """The hashes of the groups that must be compared in full, sorted, without those that are only repeated."""
        seen = self._seen.hashes
        suspect = [NO_HASHES, *self._forced]
        if self._lines is not None:
            suspect += [self._lines.noisy_groups(), seen[among(seen, self._lines.group)]]
        elif self.view.rows:
            suspect.append(self._seen_in_view(seen))
        if self._aside:
            aside = np.unique(np.concatenate(self._aside))
            suspect.append(aside[among(aside, seen)] if seen.size else NO_HASHES)
            if self._lines is not None:
                suspect.append(aside[among(aside, self._lines.group)])
            elif self.view.rows:
                suspect.append(self._seen_in_view(aside))
        return np.unique(np.concatenate(suspect))

    def _seen_in_view(self, some: Hashes) -> Hashes:
        """Those of these sorted hashes that current rows have, and all groups whose import is read again."""
        found = [NO_HASHES]
        for rows, again in self._view_pieces():
            _, groups = self.identifier.current_groups(rows)
            found.append(np.unique(groups if again else groups[among(groups, some)]))
        return np.unique(np.concatenate(found))

    def _dispute_of_run(self, rows: pl.DataFrame, run: int) -> None:
        """Disputes rows that were written with a run. Equal ones leave it, since they are counted."""
        base = identity.groups(rows[self.identifier.own_id], self.kind)
        equal = stated_lines.line_hashes(rows, base, self.kind).is_duplicated()
        if equal.any():
            self.leaving.append(rows.filter(equal).select(pl.lit(run, pl.Int32).alias("run"), *PLACE))
            self._dispute(rows.filter(equal))
        self._dispute(rows.filter(~equal), run)

    def _dispute(self, rows: pl.DataFrame, run: int | None = None) -> None:
        if rows.height:
            self._spills.disputed.add(_copied(self.identifier.stated(rows, run=run)))


def _rows_of_groups(run: Run, some: Hashes) -> pl.DataFrame:
    """The rows of a run that are in these groups."""
    marked = among(run.hashes, some)
    return run.part.read(pl.Series(marked)) if marked.any() else pl.DataFrame()


def _copied(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with texts of their own: filtered ones keep all texts of their run in memory."""
    return rows.with_columns(pl.col(pl.String) + "")
