"""The second pass of an import: slices of rows get their ids, are compared with what stands, and are stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.protocols import CheckpointWriter, Spill, StoredFrame
from omnix_cli.schemas import FRAMES
from omnix_cli.services.ahead import ahead
from omnix_cli.services.intake import TakenFile
from omnix_cli.steps.imports.identity import Reconciled, reconcile, with_ids


def merge(
    kind: str,
    spilled: Spill,
    view: StoredFrame,
    writer: CheckpointWriter,
    files: Sequence[TakenFile],
    *,
    slice_rows: int,
    taken: pl.DataFrame | None = None,
) -> int:
    """Stores what is new or corrected against `view`, counting it file by file; returns how many were corrected.

    `taken` says which ids lines of the same files have already (see `identity.with_ids`)."""
    corrected = 0
    for found in ahead(_reconciled(kind, spilled, view, slice_rows, taken)):
        writer.append(kind, found.rows)
        writer.append("superseded", found.superseded)
        corrected += found.corrected
        for number, count in found.accepted.items():
            files[number].accepted += count
        for number, count in found.known.items():
            files[number].known += count
    return corrected


def _reconciled(
    kind: str, spilled: Spill, view: StoredFrame, slice_rows: int, taken: pl.DataFrame | None
) -> Iterator[Reconciled]:
    own_id, range_column = FRAMES[kind].key[0], FRAMES[kind].sort[0]
    earlier: list[pl.Series] = []
    for new in spilled.slices(slice_rows):
        if own_id != range_column:
            given = new.select(own_id, range_column).drop_nulls(own_id)
            _refuse_shared(given, earlier, own_id)
            earlier.append(given[own_id].hash())
        yield reconcile(with_ids(new, kind, taken), _standing(new, kind, view), kind)


def _refuse_shared(given: pl.DataFrame, earlier: list[pl.Series], own_id: str) -> None:
    """An id that the input gives must not be given to two customers, be they in one slice or in two."""
    if given.is_empty():
        return
    hashes = given[own_id].hash()
    pairs = given.filter(hashes.is_duplicated()).unique()
    shared = [pairs.filter(pl.col(own_id).is_duplicated())[own_id]]
    if earlier:
        shared.append(given[own_id].filter(hashes.is_in(pl.concat(earlier).implode())))
    found = pl.concat(shared).sort()
    if not found.is_empty():
        raise DataError(
            f"the {own_id} `{found[0]}` is given to rows of different customers",
            hint="Nothing was taken over. Mend the ids, or leave the column out: ids are made from the content then.",
        )


def _standing(new: pl.DataFrame, kind: str, view: StoredFrame) -> pl.DataFrame:
    """The rows that stand in the range of these rows, or under an id that the input gave."""
    spec = FRAMES[kind]
    if view.rows == 0:
        return spec.empty()
    own_id, range_column = spec.key[0], spec.sort[0]
    within = pl.col(range_column).is_between(pl.lit(new[range_column].min()), pl.lit(new[range_column].max()))
    given = new.select(own_id).drop_nulls()
    rows = view.scan().filter(within).collect()
    if own_id == range_column or given.is_empty():
        return rows
    elsewhere = view.scan().filter(~within).join(given.lazy(), on=own_id, how="semi").collect()
    return pl.concat([rows, elsewhere])
