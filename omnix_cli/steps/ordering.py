"""Sorting by texts that repeat: the distinct ones are sorted, the rows by their rank, which costs a fraction."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def sorted_by_text(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """The rows sorted by one text column, equal ones in their present order."""
    return rows.with_columns(_ranked(rows[column]).alias("_rank")).sort("_rank", maintain_order=True).drop("_rank")


def sorted_by(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The rows sorted by some columns of which the last is unique.

    The last column takes part only when the others leave ties, since comparing long unique texts is what costs."""
    *leading, last = columns
    keys = [_ranked(rows[column]).alias(f"_{column}") if rows.schema[column] == pl.String else rows[column] for column in leading]
    ranked = rows.with_columns(key.alias(f"_{column}") for column, key in zip(leading, keys, strict=True))
    by = [f"_{column}" for column in leading]
    ordered = ranked.sort(by)
    ties = ordered.select(pl.all_horizontal(pl.col(key) == pl.col(key).shift(1) for key in by).any()).item()
    return (ranked.sort(*by, last) if ties else ordered).drop(by)


def _ranked(texts: pl.Series) -> pl.Series:
    return texts.cast(pl.Enum(texts.unique().drop_nulls().sort()))
