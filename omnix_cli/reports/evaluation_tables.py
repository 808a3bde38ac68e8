"""Evaluations as people read them: a table with a column for each metric, and what has to be said beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

_MARKS = {"better": "+", "worse": "-", "no difference": "="}


def tables(evaluations: pl.DataFrame) -> list[pl.DataFrame]:
    """The figures as tables, one for the parts that have the same metrics: a row for each part and method, a column for
    each metric with the value, its interval, and a mark for what the comparison with the best baseline says (+ better,
    - worse, = no difference)."""
    mark = pl.col("verdict").cast(pl.String).replace_strict(_MARKS, default=None)
    interval = pl.format("[{}, {}]", _text("low"), _text("high"))
    shown = pl.concat_str(_text("value"), interval, mark, separator=" ", ignore_nulls=True)
    rows = evaluations.with_columns(shown=pl.when(pl.col("value").is_not_null()).then(shown))
    metrics = rows.group_by("part", maintain_order=True).agg(pl.col("metric").unique(maintain_order=True))
    groups = metrics.group_by("metric", maintain_order=True).agg("part")
    return [_wide(rows.filter(pl.col("part").is_in(parts)), names) for names, parts in groups.iter_rows()]


def _wide(rows: pl.DataFrame, metrics: list[str]) -> pl.DataFrame:
    keys = ["part", "method"]
    columns = [pl.col("shown").filter(pl.col("metric") == name).first().alias(name) for name in metrics]
    known = pl.col("customers").filter(pl.col("low").is_not_null()).max()
    counts = pl.coalesce(known, pl.col("customers").max()).alias("customers")
    return rows.group_by(keys, maintain_order=True).agg(counts, *columns)


def evaluation_notes(evaluations: pl.DataFrame, figures: Mapping[str, Any]) -> Iterator[str]:
    """What was asked and chosen, the rule of each metric, and how to read the marks."""
    for name, value in figures.items():
        yield f"{name.replace('_', ' ')}: {value:,}" if isinstance(value, int) else f"{name.replace('_', ' ')}: {value}"
    rules = evaluations.unique(["metric"], keep="first", maintain_order=True)
    for metric, rule in rules.select("metric", "rule").iter_rows():
        yield f"{metric}: {rule}"
    if evaluations["verdict"].drop_nulls().len():
        yield (
            "[low, high]: 95 % bootstrap interval; + better, - worse than the best baseline, = no difference: the "
            "interval of the difference holds 0"
        )


def _text(column: str) -> pl.Expr:
    return pl.col(column).round(4).cast(pl.String)
