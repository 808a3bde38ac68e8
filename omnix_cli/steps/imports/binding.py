"""Binding a mapping to one file: which of its columns exist, and how the file writes dates and numbers."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import CURRENCY, DERIVED, EXTRA, REQUIRED, ColumnMapping, JoinedColumns
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import instants, texts
from omnix_cli.steps.imports.column_names import (
    candidates,
    guessed,
    is_of_a_line,
    normalised,
    usual_name,
    visible,
    without_place,
)

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
    notes: Mapping[str, str] = field(default_factory=dict)
    """How the mapping fits the file, for its report."""
    exact_ids: bool = False
    """Whether ids are kept as they are (see `RawChunk`)."""


def bind(mapping: ColumnMapping, available: list[str], *, file: str) -> ColumnMapping:
    """The mapping with one existing column for each canonical column that the file has. Names match regardless of
    case, blanks, underscores and hyphens. Rules about columns that the file lacks are left out (see `unapplied`).

    Raises `DataError` when the file lacks a required column or one without alternatives, or has it twice."""
    file_columns = _FileColumns(available, file)
    columns: dict[str, _Source] = {}
    missing: dict[str, _Source] = {}
    for name in _mappable(mapping):
        source = mapping.columns.get(name, name)
        found = file_columns.find(source)
        if found is not None:
            columns[name] = found
        elif name in REQUIRED[mapping.kind] or (name in mapping.columns and isinstance(source, str)):
            missing[name] = source
    constants = dict(mapping.constants)
    if mapping.kind == "purchases" and "quantity" not in {*columns, *constants, *missing}:
        if guessed("purchases", "quantity", _unused(available, columns)):
            missing["quantity"] = "quantity"
        else:
            constants["quantity"] = "1"
    anonymous = mapping.anonymous
    named = isinstance(mapping.columns.get("customer_id"), str)
    if (
        "customer_id" in missing
        and not named
        and "order_id" in columns
        and (anonymous or not guessed("purchases", "customer_id", _unused(available, columns)))
    ):
        del missing["customer_id"]
        anonymous = "by_order"
    if missing:
        raise _missing(missing, mapping, _unused(available, columns), available, file)
    rules = (rule.model_copy(update={"column": file_columns.find(rule.column)}) for rule in mapping.set_aside)
    returns = mapping.returns.model_copy(update={"values": file_columns.rules(mapping.returns.values)})
    bound = {
        "columns": columns,
        "constants": constants,
        "anonymous": anonymous,
        "set_aside": tuple(rule for rule in rules if rule.column is not None),
        "discounts": file_columns.all(mapping.discounts),
        "cancelled": file_columns.rules(mapping.cancelled),
        "returns": returns,
        "fill_down": file_columns.all(mapping.fill_down),
    }
    return mapping.model_copy(update=bound)


def unapplied(mapping: ColumnMapping, available: list[str]) -> dict[str, str]:
    """The parts of a mapping that a file has no column for: which, and why not."""
    file_columns = _FileColumns(available, "")
    wanted: list[tuple[str, _Source]] = [(f"set_aside `{rule.reason}`", rule.column) for rule in mapping.set_aside]
    for key, names in (
        ("cancelled", mapping.cancelled),
        ("returns", mapping.returns.values),
        ("discounts", mapping.discounts),
        ("fill_down", mapping.fill_down),
    ):
        wanted.extend((f"{key} `{name}`", name) for name in names)
    for name, source in mapping.columns.items():
        if isinstance(source, JoinedColumns):
            wanted.extend((f"{name} from `{part}`", part) for part in source.columns)
    wanted.extend(
        (f"values of {name}", mapping.columns.get(name, name))
        for name in mapping.values
        if name not in mapping.constants
    )
    if mapping.items and not any(f"{name}.".startswith(f"{mapping.items}.") for name in available):
        wanted.append((f"items `{mapping.items}`", mapping.items))
    known = [] if mapping.is_named_recipe else available  # the recipes of omnix have no misspelt columns
    return {what: _no_column(source, known) for what, source in wanted if not file_columns.has(source)}


def noticed(mapping: ColumnMapping, bound: ColumnMapping, available: list[str]) -> dict[str, str]:
    """What to tell about how a mapping fits a file, for its report."""
    found = {}
    if "quantity" in bound.constants and "quantity" not in mapping.constants:
        found["quantity"] = "1 on every line: the file has no such column"
    if bound.anonymous and "customer_id" not in {*bound.columns, *bound.constants}:
        found["customer_id"] = "none: orders are anonymous, without lists and predictions"
    if absent := unapplied(mapping, available):
        found["not applied"] = "; ".join(f"{what}: {why}" for what, why in absent.items())
    if beside := [name for name in mapping.constants if _FileColumns(available, "").has(name)]:
        found["constants"] = f"used instead of the file's {', '.join(beside)}"
    unused = _unused(available, bound.columns)
    optional = (name for name in _mappable(bound) if name not in bound.columns)
    found_names = ((name, usual_name(mapping.kind, name, unused)) for name in optional)
    usual = {name: column for name, column in found_names if column and is_of_a_line(column, name, available)}
    if usual:
        flags = " ".join(f"--map {shlex.quote(f'{name}={column}')}" for name, column in usual.items())
        found["perhaps"] = flags
    return found


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


@dataclass(frozen=True)
class _FileColumns:
    """The columns of a file, found by name."""

    available: list[str]
    file: str

    def find(self, source: _Source) -> Any:
        """The existing column or columns of a source; None if there is none. Raises `DataError` if a name fits several
        columns."""
        if isinstance(source, JoinedColumns):
            there, spare = self.all(source.columns), self.all(source.fallback)
            return source.model_copy(update={"columns": there, "fallback": spare}) if there else None
        names = (source,) if isinstance(source, str) else source
        exact = next((name for name in names if name in self.available), None)
        return exact or next((column for name in names if (column := self._one(name)) is not None), None)

    def has(self, source: _Source) -> bool:
        """Whether the file has a column of a source."""
        names = (
            (source,) if isinstance(source, str) else source.columns if isinstance(source, JoinedColumns) else source
        )
        return any(candidates(name, self.available) for name in names)

    def all(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the columns that exist."""
        return tuple(column for name in names if (column := self._one(name)) is not None)

    def rules(self, rules: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """The rules whose column exists, with its name in the file."""
        return {column: values for name, values in rules.items() if (column := self._one(name)) is not None}

    def _one(self, name: str) -> str | None:
        found = candidates(name, self.available)
        if len(found) > 1:
            raise self._ambiguous(f"the columns `{'`, `'.join(found)}` are all named like `{name}`", found)
        if not found:
            plain = normalised(name)
            copies = [one for one in self.available if without_place(one) != one]
            copies = [one for one in copies if normalised(without_place(one)) == plain]
            if copies:
                raise self._ambiguous(f"more than one column is named `{name}`", copies)
        return found[0] if found else None

    def _ambiguous(self, what: str, columns: list[str]) -> DataError:
        choice = f"Choose one with --map, `{'` or `'.join(columns)}`, or rename the columns of the file."
        return DataError(f"{self.file}: {what}", hint=choice)


def _mappable(mapping: ColumnMapping) -> list[str]:
    """The canonical columns that may come from a column of the file."""
    names = [name for name in FRAMES[mapping.kind].schema.column_names() if name not in (*DERIVED, *mapping.constants)]
    further = (name for name in EXTRA.get(mapping.kind, ()) if name not in mapping.constants)
    return [*names, *(name for name in further if name == CURRENCY or name in mapping.columns)]


def _unused(available: Iterable[str], columns: Mapping[str, _Source]) -> list[str]:
    """The columns of the file that no canonical column is read from."""
    used: set[str] = set()
    for source in columns.values():
        parts = (*source.columns, *source.fallback) if isinstance(source, JoinedColumns) else source
        used.update((parts,) if isinstance(parts, str) else parts)
    return [column for column in visible(available) if column not in used]


def _no_column(source: _Source, available: list[str]) -> str:
    """That a column is missing, and the one that may be meant."""
    wanted = _wanted(source)
    near = difflib.get_close_matches(wanted, visible(available), n=1, cutoff=0.6)
    return f"no column `{wanted}`" + (f", did you mean `{near[0]}`?" if near else "")


def _wanted(source: _Source) -> str:
    if isinstance(source, JoinedColumns):
        source = source.columns
    return source if isinstance(source, str) else source[0]


def _missing(
    missing: Mapping[str, _Source], mapping: ColumnMapping, unused: list[str], available: list[str], file: str
) -> DataError:
    """Names all missing columns, with a command line that names them."""
    kind = mapping.kind
    names = [
        f"`{_wanted(source)}`" + ("" if _wanted(source) == name else f" for {name}") for name, source in missing.items()
    ]
    columns = "columns" if len(names) > 1 else "column"
    flags = []
    left = list(unused)
    for name in (*missing, *(one for one in _mappable(mapping) if one not in missing)):
        if name in missing:
            column = guessed(kind, name, left, wanted=_wanted(missing[name]))
        else:
            column = usual_name(kind, name, left) if _wanted(mapping.columns.get(name, name)) not in available else None
            column = column if column and is_of_a_line(column, name, available) else None
        if column is not None:
            left.remove(column)
        if name in missing or column is not None:
            flags.append("--map " + shlex.quote(f"{name}={column or 'COLUMN'}"))
    items = mapping.items
    if items and all(f"{items}.{_wanted(source)}" in available for source in missing.values()):
        hint = f"The documents are in the list `{items}` of one object. Write one a line, as `jq -c '.{items}[]'` does."
        return DataError(f"{file}: no {columns} {', '.join(names)}", hint=hint)
    there = visible(available)
    shown = f"The file has: {', '.join(there[:40])}{', ...' if len(there) > 40 else ''}."
    words = ["omnix import", "orders" if mapping.items else kind, shlex.quote("-" if file == "stdin" else file)]
    if mapping.recipe:
        words.append(f"--mapping {shlex.quote(mapping.recipe)}")
    near = guessed(kind, next(iter(missing)), unused, wanted=_wanted(next(iter(missing.values()))))
    meant = f"Did you mean `{near}`? " if len(missing) == 1 and near else ""
    one = ", or give --set quantity=1 if every line is one unit" if "quantity" in missing else ""
    return DataError(
        f"{file}: no {columns} {', '.join(names)}", hint=f"{meant}{shown} Name them{one}: {' '.join([*words, *flags])}"
    )
