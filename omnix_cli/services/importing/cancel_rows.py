"""Cancel: rows of which an input only says that their id was deleted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, Spill
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.clean_rows import FileCounts
from omnix_cli.services.importing.compare_rows import Comparison
from omnix_cli.steps.imports import deletions
from omnix_cli.steps.imports.identity import FILE


def cancel_rows(
    deleted_ids: Sequence[pl.DataFrame], comparison: Comparison, files: Sequence[FileCounts], quarantine: Spill
) -> None:
    """Adds a cancelled line for each deleted purchase that is known, be it a current row or a row of this import; call
    it when all files are read. The other deletions go to quarantine."""
    if not deleted_ids:
        return
    kind = comparison.kind
    bare = pl.concat(deleted_ids)
    known = _known(bare, comparison) if kind == "purchases" else FRAMES[kind].empty()
    for number, rows in sorted(bare.partition_by(FILE, as_dict=True).items()):
        counts = files[number[0]]
        bad = deletions.nothing_done(rows, known, kind, counts.name)
        quarantine.add(bad)
        good = FRAMES[kind].empty()
        if known.height:
            good = deletions.cancelled(rows, known).select(*known.columns, ROW_NUMBER, ITEM, FILE)
            comparison.add(good)
        counts.count(good, bad, kind)


def _known(bare: pl.DataFrame, comparison: Comparison) -> pl.DataFrame:
    """The rows with these ids, current ones first."""
    own_id, columns = comparison.identifier.own_id, FRAMES[comparison.kind].schema.column_names()
    ids = bare.select(own_id).unique()
    current = comparison.view.scan().select(columns).join(ids.lazy(), on=own_id, how="semi").collect()
    new = (piece.select(columns).join(ids, on=own_id, how="semi") for piece in comparison.pieces())
    return pl.concat([current, *new])
