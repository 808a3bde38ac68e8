"""The second pass of an import: rows whose id is new are stored as they are, the others are compared first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.protocols.checkpoints import CheckpointWriter, StagedPart
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.comparing import RUN, Gathered, Incoming
from omnix_cli.services.importing.pipelining import ahead, mapped
from omnix_cli.services.importing.reading import TakenFile
from omnix_cli.steps.imports.identity import FILE, MADE, PLACE, by_file, numbered, reconcile
from omnix_cli.steps.imports.ordering import sorted_by_text
from omnix_cli.steps.imports.problems import ITEM, ROW_NUMBER

_NOWHERE = pl.DataFrame(schema={RUN: pl.Int32, FILE: pl.Int32, ROW_NUMBER: pl.UInt64, ITEM: pl.UInt32})


def merge(
    incoming: Incoming,
    writer: CheckpointWriter,
    files: Sequence[TakenFile],
    *,
    slice_rows: int,
    taken: pl.DataFrame | None = None,
) -> int:
    """Stores what is new or corrected beside the rows that stand, counting it file by file; returns how many were
    corrected.

    Runs of which every row is to be stored are taken over as they are; what remains of others is made into runs anew.
    About `slice_rows` rows are compared at a time. `taken` says which ids lines of the same files have already (see
    `identity.numbered`)."""
    work = _Merge(incoming, files, slice_rows, taken)
    ordered = partial(sorted_by_text, column=incoming.range_column)
    for run in mapped(ordered, ahead(_runs(work.rows(), incoming.run_rows)), threads=1):
        writer.append(incoming.kind, run)
    for part in work.whole:
        writer.adopt(incoming.kind, part)
    writer.append("superseded", pl.concat([FRAMES["superseded"].empty(), *work.superseded]))
    return work.corrected


@dataclass
class _Merge:
    """The rows of an import against those that stand."""

    incoming: Incoming
    files: Sequence[TakenFile]
    slice_rows: int
    taken: pl.DataFrame | None
    whole: list[StagedPart] = field(default_factory=list)
    """The parts that stay as they are."""
    superseded: list[pl.DataFrame] = field(default_factory=list)
    corrected: int = 0

    def rows(self) -> Iterator[pl.DataFrame]:
        """The rows to be stored that are in no part that stays, in no promised order."""
        columns = FRAMES[self.incoming.kind].schema.column_names()
        for fresh in self.incoming.fresh():
            self._count(by_file(fresh))
            yield fresh.select(columns)
        given: list[pl.Series] = []
        staying, leaving = [_NOWHERE], [_NOWHERE]
        for rows in self.incoming.disputed(self.slice_rows):
            self._refuse_shared(rows, given)
            new = numbered(rows, self.incoming.kind, self.taken)
            found = reconcile(new, self._standing(new), self.incoming.kind)
            self._count(found.accepted, found.known)
            self.superseded.append(found.superseded)
            self.corrected += found.corrected
            in_parts = rows.filter(pl.col(RUN).is_not_null()).select(self.incoming.own_id, RUN, *PLACE)
            stay = in_parts.join(found.rows, on=[self.incoming.own_id, *PLACE], how="semi").select(RUN, *PLACE)
            staying.append(stay)
            leaving.append(in_parts.select(RUN, *PLACE).join(stay, on=PLACE, how="anti"))
            yield found.rows.join(stay, on=PLACE, how="anti").select(columns)
        yield from self._remainders(pl.concat(staying), pl.concat(leaving))

    def _remainders(self, staying: pl.DataFrame, leaving: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """What remains of the runs from which rows are leaving; the others stay. Counts the rows that were new
        without a look."""
        for number, run in enumerate(self.incoming.runs()):
            gone = leaving.filter(pl.col(RUN) == number)
            self._count(run.files)
            self._count(by_file(pl.concat([gone, staying.filter(pl.col(RUN) == number)])), sign=-1)
            if gone.is_empty():
                self.whole.append(run.part)
            elif gone.height < run.part.rows:
                rows = run.part.read().join(gone, on=PLACE, how="anti", maintain_order="left")
                yield rows.select(FRAMES[self.incoming.kind].schema.column_names())

    def _count(self, accepted: Mapping[int, int], known: Mapping[int, int] | None = None, *, sign: int = 1) -> None:
        for number, count in accepted.items():
            self.files[number].accepted += sign * count
        for number, count in (known or {}).items():
            self.files[number].known += count

    def _standing(self, new: pl.DataFrame) -> pl.DataFrame:
        """The rows that stand under the ids of these rows. A made id begins with the customer: it is found within the
        range of these customers; one that was given may be anywhere."""
        own_id, column = self.incoming.own_id, self.incoming.range_column
        if self.incoming.view.rows == 0:
            return FRAMES[self.incoming.kind].empty()
        ids = new.lazy().select(own_id).unique()
        rows = self.incoming.view.scan()
        if MADE in new.columns and new[MADE].all():
            rows = rows.filter(pl.col(column).is_between(pl.lit(new[column].min()), pl.lit(new[column].max())))
        return rows.join(ids, on=own_id, how="semi").collect()

    def _refuse_shared(self, rows: pl.DataFrame, earlier: list[pl.Series]) -> None:
        """An id that the input gives must not be given to two customers, be they in one slice or in two."""
        if MADE not in rows.columns:
            return
        own_id = self.incoming.own_id
        given = rows.filter(~pl.col(MADE)).select(own_id, self.incoming.range_column).unique()
        shared = [given.filter(pl.col(own_id).is_duplicated())[own_id]]
        if earlier:
            shared.append(given[own_id].filter(given[own_id].hash().is_in(pl.concat(earlier).implode())))
        earlier.append(given[own_id].hash())
        found = pl.concat(shared).sort()
        if not found.is_empty():
            raise DataError(
                f"the {own_id} `{found[0]}` is given to rows of different customers",
                hint="Nothing was taken over. Mend the ids, or leave the column out: they are made from content then.",
            )


def _runs(frames: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The rows cut anew, so many at a time."""
    gathered = Gathered(rows)
    for frame in frames:
        yield from gathered.add(frame)
    if gathered.height:
        yield gathered.rest()
