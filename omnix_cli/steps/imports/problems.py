"""Rows that cannot be imported, and why."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import texts

_LONGEST_VALUE = 200


@dataclass(frozen=True)
class Problem:
    """A problem of the rows in `mask`: its reason, the column of the canonical frame (or of the input), and the value
    that was read."""

    mask: pl.Series
    column: str
    reason: str
    value: pl.Series
    expected: bool = False


def quarantined(raw: pl.DataFrame, bad: pl.Series, problems: list[Problem], file: str) -> pl.DataFrame:
    """Quarantine rows for the raw rows in `bad`, each with its first problem."""
    rows = raw.filter(bad)
    which = pl.repeat(None, rows.height, dtype=pl.Int32, eager=True)
    value = pl.repeat(None, rows.height, dtype=pl.String, eager=True)
    for number, problem in reversed(list(enumerate(problems))):
        here = problem.mask.filter(bad)
        written = texts.text(problem.value.filter(bad), ()).str.slice(0, _LONGEST_VALUE)
        which = which.set(here, number)
        value = pl.select(pl.when(here).then(written).otherwise(value)).to_series()
    columns = {"value": value, "row_number": rows[ROW_NUMBER], "item": rows[ITEM], "row": as_json(rows)}
    for name in ("column", "reason", "expected"):
        columns[name] = pl.Series([getattr(problem, name) for problem in problems]).gather(which)
    return quarantine_rows(pl.DataFrame(columns), file)


def quarantine_rows(rows: pl.DataFrame, file: str) -> pl.DataFrame:
    """Rows in the form of `schemas.Quarantine`, with the name of the file added."""
    spec = FRAMES["quarantine"]
    return spec.conform(rows.with_columns(pl.lit(file).alias("file")))


def as_json(rows: pl.DataFrame) -> pl.Series:
    """Each row as a JSON object of its texts, named `row`."""
    columns = [column for column in rows.columns if column not in (ROW_NUMBER, ITEM)]
    written = rows.select(texts.text(rows[column], ()) for column in columns)
    return written.select(pl.struct(pl.all()).struct.json_encode().alias("row")).to_series()
