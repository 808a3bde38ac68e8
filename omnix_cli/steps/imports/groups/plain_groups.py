"""Plain groups: all their rows are of one file and stand, so that nothing is left to decide but their numbers.

Most groups with several rows are so: an order names a product twice."""

from __future__ import annotations

import polars as pl

from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports.groups.identity import CHANGED, FILE, LINE_NUMBER, MADE, PLACE
from omnix_cli.steps.imports.groups.stated_lines import GROUP, LINE, line_hashes


def plain(rows: pl.DataFrame, kind: str) -> pl.Series:
    """Those of the groups in column GROUP that are plain, sorted. The rows have ids without numbers."""
    if MADE not in rows.columns:
        return rows[GROUP].clear()
    others = ~pl.col(MADE)
    if kind == "purchases":
        ids = pl.col(FRAMES[kind].key[0])
        others |= (pl.col("kind") == "cancelled") | ids.str.contains("#%line ", literal=True)
        others |= pl.col(CHANGED).is_not_null()
    if rows[FILE].n_unique() > 1:
        others |= pl.col(FILE) != pl.col(FILE).first().over(GROUP)
    found = rows[GROUP].unique().sort()
    decided = rows.filter(others)[GROUP].unique()
    return found if decided.is_empty() else found.filter(~found.is_in(decided.implode()))


def all_plain(rows: pl.DataFrame, kind: str) -> bool:
    """Whether cleaned rows make plain groups only, as far as that is cheap to know."""
    own_id = FRAMES[kind].key[0]
    if kind not in ("purchases", "interactions") or rows[own_id].null_count() < rows.height:
        return False
    if kind == "purchases" and (rows["kind"] == "cancelled").any():
        return False
    unset = (name not in rows.columns or rows[name].null_count() == rows.height for name in (LINE_NUMBER, CHANGED))
    return all(unset) and rows[FILE][0] == 0 and bool((rows[FILE] == 0).all())


def numbered(rows: pl.DataFrame, kind: str) -> pl.Series:
    """The ids of the rows of plain groups, with their numbers: lines in the order of their places, equal ones together
    (as in `numbering`)."""
    own_id = FRAMES[kind].key[0]
    lines = rows.select(pl.int_range(pl.len()).alias("row"), pl.col(own_id), pl.col(GROUP), *PLACE).with_columns(
        line_hashes(rows, rows[own_id], kind)
    )
    lines = lines.sort(*PLACE).with_row_index("place")
    lines = lines.with_columns(pl.col("place").min().over(GROUP, LINE).alias("first"))
    number = pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over(GROUP).alias("number")
    lines = lines.sort("first", "place").with_columns(number).sort("row")
    plain_id = pl.col("number") == 1
    return lines.select(
        pl.when(plain_id).then(own_id).otherwise(pl.format("{}#{}", own_id, "number")).alias(own_id)
    ).to_series()
