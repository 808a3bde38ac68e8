"""Store: cancels what an input deleted, writes the new and corrected rows of an import, and counts them by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import polars as pl

from omnix_cli.protocols.checkpoints import CheckpointWriter, StagedPart
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, Spill
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.compare_rows import Comparison
from omnix_cli.services.importing.held.run_buffers import RowBuffer
from omnix_cli.services.importing.read_files import pipelined
from omnix_cli.services.importing.reports import FileReport
from omnix_cli.steps.imports import deletions
from omnix_cli.steps.imports.groups.identity import FILE, PLACE, by_file
from omnix_cli.steps.imports.groups.merge import merge
from omnix_cli.steps.imports.groups.numbering import NO_PLACES, new_lines
from omnix_cli.steps.imports.groups.stated_lines import RUN, statements
from omnix_cli.steps.imports.ordering import sorted_by_text

_SMALL = 8
"""Less than this part of a full run is joined with other rows that are written anyway."""


def cancel_rows(
    deleted_ids: Sequence[pl.DataFrame], comparison: Comparison, files: Sequence[FileReport], quarantine: Spill
) -> None:
    """Adds a cancelled line for each purchase whose id was deleted, if it is a current row or a row of this import;
    call it when all files are read. The other deletions go to quarantine."""
    if not deleted_ids:
        return
    kind, bare = comparison.kind, pl.concat(deleted_ids)
    columns, known = FRAMES[kind].schema.column_names(), FRAMES[kind].empty()
    if kind == "purchases":
        new = (piece.select(columns).join(bare, on="purchase_id", how="semi") for piece in comparison.pieces())
        known = pl.concat([comparison.current(bare).select(columns), *new])
    for (number,), rows in sorted(bare.partition_by(FILE, as_dict=True).items()):
        bad = deletions.nothing_done(rows, known, kind, files[number].name)
        quarantine.add(bad)
        good = FRAMES[kind].empty()
        if known.height:
            good = deletions.cancelled(rows, known).select(*columns, ROW_NUMBER, ITEM, FILE)
            comparison.add_cancelled(good)
        files[number].count(good, bad, kind)


def store_rows(
    comparison: Comparison, writer: CheckpointWriter, files: Sequence[FileReport], delisted: pl.DataFrame | None = None
) -> Counter[str]:
    """Writes what is new or corrected, and rows that are delisted; returns how many rows were corrected, withdrawn and
    so on, by code.

    A run whose rows are all stored becomes a part as it is; what remains of the others is made into new runs."""
    work = _Store(comparison, files)
    further = [] if delisted is None else [delisted]
    work.counts["stored"] += sum(rows.height for rows in further)
    work.superseded += [rows.select(pl.col(comparison.identifier.own_id).alias("id")) for rows in further]
    ordered = partial(sorted_by_text, column=comparison.identifier.range_column)
    for run in pipelined(ordered, _runs(chain(work.rows(), further), comparison.sizes.run_rows), threads=1):
        writer.append(comparison.kind, run)
    for part in work.whole:
        writer.adopt(comparison.kind, part)
    superseded = pl.concat([FRAMES["superseded"].empty(), *work.superseded])
    writer.append("superseded", superseded.sort("id"))
    work.counts["superseded"] = superseded.height
    return work.counts


@dataclass
class _Store:
    """Divides the rows of an import into parts that stay and rows that are written anew."""

    comparison: Comparison
    files: Sequence[FileReport]
    whole: list[StagedPart] = field(default_factory=list)
    """The parts that stay as they are."""
    superseded: list[pl.DataFrame] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def rows(self) -> Iterator[pl.DataFrame]:
        """The rows to be stored that are not in a part that stays, in no particular order."""
        comparison, kind = self.comparison, self.comparison.kind
        edges, identifier = comparison.edges, comparison.identifier
        for fresh in comparison.fresh():
            self._count(by_file(fresh))
            self.counts["stored"] += fresh.height
            yield fresh.select(FRAMES[kind].schema.column_names())
        self._count({}, comparison.known)
        staying, leaving = [NO_PLACES], [NO_PLACES]
        for some in comparison.disputed():
            stated = statements(some.stated, kind, edges, whole_orders=identifier.whole_orders, joins=identifier.joins)
            found = merge(stated, some.current)
            lines = new_lines(found.state, stated.lines, some.current, kind)
            self._count(found.accepted, found.known)
            self._uncount(some.stated)
            self.counts.update(found.counts)
            self.superseded.append(lines.superseded)
            gone = stated.dropped.filter(pl.col(RUN).is_not_null())[RUN].struct.unnest().select(NO_PLACES.columns)
            staying.append(lines.staying)
            leaving += [lines.leaving, gone]
            for rows in lines.rows(comparison.sizes.run_rows):
                self.counts["stored"] += rows.height
                yield rows
        yield from self._remainders(pl.concat(staying), pl.concat([*leaving, *comparison.leaving]))

    def _remainders(self, staying: pl.DataFrame, leaving: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """What remains of the runs that rows are leaving, and a small run if other rows are written anyway; the
        other runs stay. Counts their undisputed rows."""
        are_written = self.counts["stored"] > 0
        for number, run in enumerate(self.comparison.runs()):
            gone = leaving.filter(pl.col("run") == number)
            self._count(run.files)
            disputed = pl.concat([gone, staying.filter(pl.col("run") == number)])
            self._count(by_file(disputed), sign=-1)
            self.counts["stored"] += run.part.rows - gone.height
            if gone.is_empty() and not (are_written and run.part.rows < self.comparison.sizes.run_rows // _SMALL):
                self.whole.append(run.part)
            elif gone.height < run.part.rows:
                are_written = True
                rows = run.part.read().join(gone, on=PLACE, how="anti", maintain_order="left")
                yield rows.select(FRAMES[self.comparison.kind].schema.column_names())

    def _uncount(self, stated: pl.DataFrame) -> None:
        """Rows that were recognised at once are counted as known already; those compared in full are counted again."""
        for number, count in stated.group_by(FILE).agg(pl.col("_recorded").sum()).iter_rows():
            self.files[number].known -= count or 0

    def _count(self, accepted: Mapping[int, int], known: Mapping[int, int] | None = None, *, sign: int = 1) -> None:
        for number, count in accepted.items():
            self.files[number].accepted += sign * count
        for number, count in (known or {}).items():
            self.files[number].known += count


def _runs(frames: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The rows in frames of that many."""
    buffer = RowBuffer(rows)
    for frame in frames:
        yield from buffer.add(frame)
    if buffer.height:
        yield buffer.rest()
