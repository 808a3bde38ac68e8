"""Binding a mapping to one file: which of its columns exist, and how the file writes dates and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import DERIVED, EXTRA, REQUIRED, ColumnMapping, JoinedColumns, SetAside, suggestion
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import instants, numbers, texts

INSTANTS = {"purchases": ("purchased_at", "purchase_day"), "interactions": ("occurred_at", "interaction_day")}
"""The column with the instant of a row, and the one with its day."""

_Source = str | tuple[str, ...] | JoinedColumns


@dataclass(frozen=True)
class Reading:
    """How one file is read: its bound mapping, and everything that was detected from the file."""

    mapping: ColumnMapping
    file: str
    clock: instants.Clock
    decimal_comma: bool
    now: datetime
    """A later row is an error."""


def bind(mapping: ColumnMapping, available: list[str], *, file: str) -> ColumnMapping:
    """The mapping with one existing column for each canonical column that the file has.

    Raises `DataError` when the file lacks a required column or one without alternatives, or has it twice."""
    _refuse_repeated(mapping, available, file)
    columns: dict[str, _Source] = {}
    for name in (*FRAMES[mapping.kind].schema.column_names(), *EXTRA):
        if name in DERIVED or (name in EXTRA and name not in mapping.columns):
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


def settle_day_first(raw: pl.DataFrame, mapping: ColumnMapping, *, file: str) -> bool:
    """Whether the dates of this file put the day first, by the mapping or else by the dates.

    Raises `DataError` when all dates are like 03/04/2017."""
    if mapping.day_first is not None or mapping.date_formats:
        return bool(mapping.day_first)
    source = mapping.columns.get(INSTANTS[mapping.kind][0]) if mapping.kind in INSTANTS else None
    if not isinstance(source, str) or not isinstance(raw.schema[source], pl.String):
        return False
    evidence = instants.day_first_evidence(texts.text(raw[source], mapping.null_values))
    if evidence is None:
        raise DataError(
            f"{file}: the dates of column `{source}` can be read day first or month first",
            hint="Set `day_first = true` or `false` in the mapping.",
        )
    return evidence


def settle_decimal_comma(raw: pl.DataFrame, mapping: ColumnMapping, *, file: str, separator: str | None) -> bool:
    """Whether numbers have a decimal comma, by the mapping or else by the numbers.

    Raises `DataError` when all commas are like that of 1,234; in a comma-separated file they group thousands."""
    if mapping.decimal_comma is not None:
        return mapping.decimal_comma
    columns = FRAMES[mapping.kind].schema.columns()
    amounts = {name for name, spec in columns.items() if spec.dtype.is_float() or spec.dtype.is_decimal()}
    sources = [source for name, source in mapping.columns.items() if name in amounts]
    written = [texts.text(raw[source], ()).rename("") for source in sources if isinstance(source, str)]
    amounts_written = pl.concat(written) if written else pl.Series(dtype=pl.String)
    evidence = numbers.decimal_comma_evidence(amounts_written)
    if evidence is None and separator != ",":
        example = amounts_written.filter(amounts_written.str.contains(",", literal=True))[0]
        raise DataError(
            f"{file}: the comma of numbers like {example} can separate decimals or thousands",
            hint="Set `decimal_comma = true` or `false` in the mapping.",
        )
    return bool(evidence)


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
