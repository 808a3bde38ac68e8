"""The second pass of an import: slices of rows get their ids, are compared with what stands, and are stored."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from omnix_cli.protocols import CheckpointWriter, Spill, StoredFrame
from omnix_cli.schemas import FRAMES
from omnix_cli.services.ahead import ahead
from omnix_cli.services.intake import TakenFile
from omnix_cli.steps.identity import reconcile, with_ids


def merge(
    kind: str,
    spilled: Spill,
    view: StoredFrame,
    writer: CheckpointWriter,
    files: Sequence[TakenFile],
    *,
    slice_rows: int,
) -> int:
    """Stores what is new or corrected against `view`, counting it file by file; returns how many were corrected."""
    corrected = 0
    reconciled = (
        reconcile(with_ids(new, kind), _standing(new, kind, view), kind) for new in spilled.slices(slice_rows)
    )
    for found in ahead(reconciled):
        writer.append(kind, found.rows)
        writer.append("superseded", found.superseded)
        corrected += found.corrected
        for number, count in found.accepted.items():
            files[number].accepted += count
        for number, count in found.known.items():
            files[number].known += count
    return corrected


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
