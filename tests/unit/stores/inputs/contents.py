"""Inputs made of bytes, for the tests of their formats."""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.stores.inputs.sources import Source

Rows = list[tuple[Any, ...]]


def read(content: bytes, **mapping: Any) -> tuple[pl.DataFrame, Rows, dict[str, str]]:
    """All rows of an input, its rejected lines as (number, reason), and its findings."""
    source = Source("input", io.BytesIO(content), ColumnMapping(kind="purchases", **mapping))
    chunks = list(source.chunks())
    rows = pl.concat((chunk.rows for chunk in chunks), how="diagonal")
    rejected = pl.concat(chunk.rejected for chunk in chunks)
    return rows, rejected.select("row_number", "reason").rows(), source.findings


def values(rows: pl.DataFrame) -> Rows:
    return rows.drop(ROW_NUMBER, ITEM).rows()
