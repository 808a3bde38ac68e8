"""Binding a mapping to one file: which of its columns exist, and how the file writes dates and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import DERIVED, LINE, REQUIRED, ColumnMapping, JoinedColumns, SetAside, suggestion
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import instants, texts

INSTANTS = {"purchases": ("purchased_at", "purchase_day"), "interactions": ("occurred_at", "interaction_day")}
"""The column with the instant of a row, and the one with its day."""

_Source = str | tuple[str, ...] | JoinedColumns


@dataclass(frozen=True)
class Settled:
    """How a file is read; None where nothing in it is in question. `earlier` are the settings taken from earlier
    imports of its source."""

    order: str | None = None
    decimal_comma: bool | None = None
    serials: bool = False
    earlier: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reading:
    """How one file is read: its bound mapping, and everything that was detected from the file."""

    mapping: ColumnMapping
    file: str
    clock: instants.Clock
    decimal_comma: bool
    now: datetime
    """A later row is an error."""
    settled: Settled = Settled()


def bind(mapping: ColumnMapping, available: list[str], *, file: str) -> ColumnMapping:
    """The mapping with one existing column for each canonical column that the file has.

    Raises `DataError` when the file lacks a required column or one without alternatives, or has it twice."""
    _refuse_repeated(mapping, available, file)
    columns: dict[str, _Source] = {}
    for name in (*FRAMES[mapping.kind].schema.column_names(), LINE):
        if name in DERIVED or (name == LINE and LINE not in mapping.columns):
            continue
        source = mapping.columns.get(name, name)
        found = _present(source, available)
        if found is not None:
            columns[name] = found
        elif name not in mapping.constants and (
            name in REQUIRED[mapping.kind] or (name in mapping.columns and isinstance(source, str))
        ):
            raise _missing(name, source, available, file)
    bound = {
        "columns": columns,
        "set_aside": tuple(_bound_rule(rule, available, file) for rule in mapping.set_aside),
        "discounts": tuple(column for column in mapping.discounts if column in available),
        "cancelled": {column: values for column, values in mapping.cancelled.items() if column in available},
    }
    return mapping.model_copy(update=bound)


def written_column(raw: pl.DataFrame, mapping: ColumnMapping, name: str) -> pl.Series | None:
    """The input column that a canonical column is read from; None if there is none."""
    source = mapping.columns.get(name)
    if isinstance(source, str):
        written = raw[source]
    elif isinstance(source, JoinedColumns):
        written = _joined(source, raw, mapping)
    elif name in mapping.constants:
        written = pl.repeat(mapping.constants[name], raw.height, dtype=pl.String, eager=True)
    else:
        return None
    if name in mapping.values:
        return texts.text(written, mapping.null_values).replace(mapping.values[name])
    return written


def _joined(source: JoinedColumns, raw: pl.DataFrame, mapping: ColumnMapping) -> pl.Series:
    first, *others = (texts.text(raw[column], mapping.null_values) for column in source.columns)
    spare = (texts.text(raw[column], mapping.null_values) for column in source.fallback)
    leading = pl.coalesce(first, *spare)
    joined = pl.concat_str(leading, *others, separator=source.separator, ignore_nulls=True)
    return pl.select(pl.when(leading.is_not_null()).then(joined)).to_series()


def _refuse_repeated(mapping: ColumnMapping, available: list[str], file: str) -> None:
    for name in mapping.input_columns():
        copies = [column for column in available if re.fullmatch(rf"{re.escape(name)} \(\d+ of \d+\)", column)]
        if copies and name not in available:
            raise DataError(
                f"{file}: more than one column is named `{name}`",
                hint=f"Choose one with --map, `{'` or `'.join(copies)}`, or rename the columns of the file.",
            )


def _bound_rule(rule: SetAside, available: list[str], file: str) -> SetAside:
    found = _present(rule.column, available)
    if found is None:
        raise _missing(f"set_aside ({rule.reason})", rule.column, available, file)
    return rule.model_copy(update={"column": found})


def _present(source: _Source, available: list[str]) -> _Source | None:
    if isinstance(source, JoinedColumns):
        there = tuple(column for column in source.columns if column in available)
        spare = tuple(column for column in source.fallback if column in available)
        return source.model_copy(update={"columns": there, "fallback": spare}) if there else None
    alternatives = (source,) if isinstance(source, str) else source
    return next((column for column in alternatives if column in available), None)


def _missing(name: str, source: _Source, available: list[str], file: str) -> DataError:
    if isinstance(source, JoinedColumns):
        source = source.columns
    wanted = source if isinstance(source, str) else source[0]
    there = [column for column in available if column not in (ROW_NUMBER, ITEM)]
    hint = suggestion(wanted, there, what="The file has")
    return DataError(f"{file}: no column `{wanted}` for {name}", hint=f"{hint} Name it with --map {name}=COLUMN.")
