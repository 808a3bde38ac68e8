"""Evaluations as people read them: a table with a column for each metric, and what has to be said beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

_MARKS = {"better": "+", "worse": "-", "no difference": "="}


def wide(evaluations: pl.DataFrame) -> pl.DataFrame:
    """One row for each part and method, one column for each metric: the value, its interval, and a mark for what the
    comparison with the best baseline says (+ better, - worse, = no difference)."""
    mark = pl.col("verdict").cast(pl.String).replace_strict(_MARKS, default=None)
    interval = pl.format("[{}, {}]", _text("low"), _text("high"))
    shown = pl.concat_str(_text("value"), interval, mark, separator=" ", ignore_nulls=True)
    rows = evaluations.with_columns(shown=pl.when(pl.col("value").is_not_null()).then(shown))
    keys = ["part", "method"]
    if rows.is_empty():
        return rows.select(*keys, "customers")
    customers = rows.filter(pl.col("low").is_not_null()).group_by(keys).agg(pl.col("customers").max())
    order = rows.group_by(keys, maintain_order=True).first().select(keys)
    table = rows.pivot("metric", index=keys, values="shown", aggregate_function="first", maintain_order=True)
    return (
        order.join(customers, on=keys, how="left", maintain_order="left")
        .join(table, on=keys, how="left", maintain_order="left")
        .select(*keys, "customers", pl.exclude(*keys, "customers"))
    )


def evaluation_notes(evaluations: pl.DataFrame, figures: Mapping[str, Any]) -> Iterator[str]:
    """What was asked and chosen, the rule of each metric, and how to read the marks."""
    for name, value in figures.items():
        yield f"{name.replace('_', ' ')}: {value:,}" if isinstance(value, int) else f"{name.replace('_', ' ')}: {value}"
    rules = evaluations.unique(["metric"], keep="first", maintain_order=True)
    for metric, rule in rules.select("metric", "rule").iter_rows():
        yield f"{metric}: {rule}"
    if evaluations["verdict"].drop_nulls().len():
        yield (
            "[low, high]: 95 % bootstrap interval over customers (1,000 resamples, fixed seed); + better, - worse than "
            "the best baseline, = no difference: the interval of the difference holds 0"
        )


def _text(column: str) -> pl.Expr:
    return pl.col(column).round(4).cast(pl.String)
