"""Filling down: columns that are written on the first line of an order only."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.steps.imports import texts


def filled_down(
    raw: pl.DataFrame, mapping: ColumnMapping, above: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The rows with the `fill_down` columns of a bound mapping filled, and the last line for the next chunk.

    Empty cells have the value of the line above within the same order; a line without an order id continues the order
    above. `above` is the last line of the chunk before. Without an order id, each column is filled on its own."""
    if not mapping.fill_down or raw.is_empty():
        return raw, above
    order = mapping.columns.get("order_id")
    needed = list(dict.fromkeys([*mapping.fill_down, *([order] if isinstance(order, str) else [])]))
    lines = raw.select(needed)
    if above is not None:
        lines = pl.concat([above, lines], how="diagonal_relaxed").select(needed)
    blank = {name: texts.text(lines[name], mapping.null_values).is_null() for name in needed}
    first = _first_lines(lines[order], blank[order], mapping.null_values) if isinstance(order, str) else None
    filled = pl.DataFrame(
        [_filled(lines[name], blank[name], first) if name in mapping.fill_down else lines[name] for name in needed]
    )
    return raw.with_columns(filled.tail(raw.height).get_columns()), filled.tail(1)


def _first_lines(orders: pl.Series, blank: pl.Series, null_values: Sequence[str]) -> pl.Series:
    """For each line the position of the first line of its order."""
    ids = texts.text(orders, null_values).forward_fill()
    continues = (blank | ids.eq_missing(ids.shift(1))).scatter(0, False)
    return pl.int_range(0, len(orders), eager=True).set(continues, None).forward_fill()


def _filled(values: pl.Series, blank: pl.Series, first: pl.Series | None) -> pl.Series:
    if not blank.any():
        return values
    place = pl.int_range(0, len(values), eager=True).set(blank, None).forward_fill()
    if first is not None:
        place = place.set((place < first).fill_null(False), None)
    return values.gather(place)
