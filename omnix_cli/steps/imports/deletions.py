"""Rows that were deleted at their source, as the incremental export of a table lists them.

A deleted purchase becomes a cancelled line. Rows of other kinds cannot be cancelled: what was imported stays, and the
deletion goes to quarantine as an expected row.
"""

from __future__ import annotations

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import DELETED, ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import ids, texts
from omnix_cli.steps.imports.problems import Problem, as_json, quarantine_rows

_KEPT = "deleted there, kept here"
_NEVER_HERE = "deleted there, never imported here"


def deleted(raw: pl.DataFrame) -> pl.Series:
    """Which rows were deleted at their source."""
    if DELETED not in raw.columns:
        return pl.repeat(False, raw.height, dtype=pl.Boolean, eager=True)
    return texts.flag(texts.text(raw[DELETED], ())).fill_null(False)


def set_aside(raw: pl.DataFrame, mapping: ColumnMapping) -> list[Problem]:
    """The deletions that cannot become canonical rows."""
    if DELETED not in raw.columns or mapping.kind == "purchases":
        return []
    return [Problem(deleted(raw), DELETED, _KEPT, raw[DELETED], expected=True)]


def split_bare(
    raw: pl.DataFrame, mapping: ColumnMapping, *, file: str = "", exact_ids: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows; and separately the deleted ones that have nothing but an id, with their `row` as JSON."""
    own_id = FRAMES[mapping.kind].key[0]
    source = mapping.columns.get(own_id, own_id)
    names = (source,) if isinstance(source, str) else source if isinstance(source, tuple) else ()
    given = next((name for name in names if name in raw.columns), None)
    if DELETED not in raw.columns or given is None:
        return raw, pl.DataFrame()
    rest = [pl.col(name).is_null() for name in raw.columns if name not in (given, DELETED, ROW_NUMBER, ITEM)]
    bare = raw.select(deleted(raw) & pl.all_horizontal(True, *rest) & pl.col(given).is_not_null()).to_series()
    rows = raw.filter(bare)
    found = ids.parsed(rows[given], mapping, file=file, exact="key" if exact_ids else "no").values.alias(own_id)
    return raw.filter(~bare), rows.select(found, as_json(rows), ROW_NUMBER, ITEM)


def cancelled(bare: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The known ones among deleted purchase lines (with FILE and position), as cancelled lines."""
    rows = known.unique("purchase_id", keep="last", maintain_order=True)
    kind = pl.lit("cancelled", known.schema["kind"]).alias("kind")
    return bare.join(rows, on="purchase_id", how="inner", maintain_order="left").with_columns(kind)


def nothing_done(bare: pl.DataFrame, known: pl.DataFrame, kind: str, file: str) -> pl.DataFrame:
    """Quarantine rows for deleted rows that are not known or cannot be cancelled."""
    own_id = FRAMES[kind].key[0]
    rows = bare.join(known.select(own_id).unique(), on=own_id, how="anti", maintain_order="left").select(
        "row",
        pl.col(ROW_NUMBER).alias("row_number"),
        pl.col(ITEM).alias("item"),
        pl.lit(own_id).alias("column"),
        pl.col(own_id).alias("value"),
        pl.lit(_NEVER_HERE if kind == "purchases" else _KEPT).alias("reason"),
        pl.lit(True).alias("expected"),
    )
    return quarantine_rows(rows, file)
