"""From the raw rows of an input to canonical rows, and to quarantine what cannot be one, each row with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import dataframely as dy
import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import REQUIRED, ColumnMapping, JoinedColumns, SetAside, suggestion
from omnix_cli.schemas import FRAMES
from omnix_cli.steps import fields, purchase_rules
from omnix_cli.steps.problems import ITEM, ROW_NUMBER, Problem, quarantined

VERSION = "1"
"""Raise when a change here reads the same input differently."""

OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No shop's history is older; earlier dates are typing errors or the zero of some clock."""

_IDS = ("purchase_id", "customer_id", "product_id", "order_id", "interaction_id", "session_id")
_OWN_ID = {"purchases": "purchase_id", "interactions": "interaction_id"}
_INSTANTS = {"purchases": ("purchased_at", "purchase_day"), "interactions": ("occurred_at", "interaction_day")}
_WORDING = {"nullability": "missing", "min_length": "missing", "min": "too small", "max": "too large"}


@dataclass(frozen=True)
class Reading:
    """How one file is read: its mapping, with everything the file itself had to tell settled."""

    mapping: ColumnMapping
    file: str
    clock: fields.Clock
    decimal_comma: bool
    now: datetime
    """No row can be later."""


@dataclass(frozen=True)
class Cleaned:
    """Canonical rows (with ROW_NUMBER and ITEM), and rows for quarantine. Ids from content are still null."""

    rows: pl.DataFrame
    quarantine: pl.DataFrame


def bind(mapping: ColumnMapping, available: list[str], *, file: str) -> ColumnMapping:
    """The mapping with one existing column for each canonical one, those the file does not have left out.

    Raises `DataError` when a required column, or one that was named alone, is not in the file."""
    columns: dict[str, str | tuple[str, ...] | JoinedColumns] = {}
    for name in FRAMES[mapping.kind].schema.column_names():
        source = mapping.columns.get(name, name)
        found = _present(source, available)
        if found is not None:
            columns[name] = found
        elif name not in mapping.constants and (
            name in REQUIRED[mapping.kind] or (name in mapping.columns and isinstance(source, str))
        ):
            raise _missing(name, source, available, file)
    for rule in mapping.set_aside:
        if rule.column not in available:
            raise _missing(f"set_aside ({rule.reason})", rule.column, available, file)
    return mapping.model_copy(
        update={
            "columns": columns,
            "discounts": tuple(column for column in mapping.discounts if column in available),
            "cancelled": {column: values for column, values in mapping.cancelled.items() if column in available},
        }
    )


def clean(raw: pl.DataFrame, reading: Reading) -> Cleaned:
    """Splits raw rows (with ROW_NUMBER and ITEM) into canonical rows and rows for quarantine; none is lost.

    `reading.mapping` must be bound to the columns of `raw`."""
    mapping = reading.mapping
    texts = {name: fields.text(raw[name], mapping.null_values) for name in _sources(mapping)}
    problems = [_aside(rule, texts[rule.column]) for rule in mapping.set_aside]
    columns: dict[str, pl.Series] = {}
    for name, spec in FRAMES[mapping.kind].schema.columns().items():
        column, written = _typed(name, spec, raw, texts, reading)
        columns[name] = column.rename(name)
        if name in mapping.columns and not isinstance(column.dtype, pl.String | pl.List):
            problems.append(Problem(column.is_null() & written.is_not_null(), name, _unreadable(column.dtype), written))
    rows = pl.DataFrame(columns, height=raw.height).with_columns(raw[ROW_NUMBER], raw[ITEM])
    if mapping.kind == "purchases":
        rows = purchase_rules.settle(rows, mapping, texts)
    if mapping.kind in _INSTANTS:
        instant, day = _INSTANTS[mapping.kind]
        rows = rows.with_columns(_day(rows[instant], reading.clock.timezone).rename(day))
        problems.extend(_impossible_times(rows[instant], instant, reading, texts))
    problems.extend(_broken_rules(rows, mapping, texts))
    return _split(raw, rows, problems, reading.file)


def settle_day_first(raw: pl.DataFrame, mapping: ColumnMapping, *, file: str) -> bool:
    """Whether the dates of this file put the day first: told by the mapping, or by the dates themselves.

    Raises `DataError` where dates like 03/04/2017 leave it open."""
    if mapping.day_first is not None or mapping.date_formats:
        return bool(mapping.day_first)
    instant = _INSTANTS.get(mapping.kind, (None,))[0]
    source = mapping.columns.get(instant) if instant else None
    if not isinstance(source, str) or not isinstance(raw.schema[source], pl.String):
        return False
    evidence = fields.day_first_evidence(fields.text(raw[source], mapping.null_values))
    if evidence is None:
        raise DataError(
            f"{file}: the dates of column `{source}` can be read day first or month first",
            hint="Say which with `day_first = true` or `false` in the mapping.",
        )
    return evidence


def settle_decimal_comma(raw: pl.DataFrame, mapping: ColumnMapping) -> bool:
    """Whether numbers are written with a decimal comma: told by the mapping, or by the numbers themselves."""
    if mapping.decimal_comma is not None:
        return mapping.decimal_comma
    columns = FRAMES[mapping.kind].schema.columns()
    sources = [source for name, source in mapping.columns.items() if _is_amount(columns[name].dtype)]
    texts = [fields.text(raw[source], ()) for source in sources if isinstance(source, str)]
    return bool(texts) and fields.decimal_comma_evidence(pl.concat([column.rename("") for column in texts]))


def _is_amount(dtype: pl.DataType) -> bool:
    return dtype.is_float() or dtype.is_decimal()


def _present(
    source: str | tuple[str, ...] | JoinedColumns, available: list[str]
) -> str | tuple[str, ...] | JoinedColumns | None:
    if isinstance(source, JoinedColumns):
        there = tuple(column for column in source.columns if column in available)
        spare = tuple(column for column in source.fallback if column in available)
        return source.model_copy(update={"columns": there, "fallback": spare}) if there else None
    alternatives = (source,) if isinstance(source, str) else source
    return next((column for column in alternatives if column in available), None)


def _missing(name: str, source: str | tuple[str, ...] | JoinedColumns, available: list[str], file: str) -> DataError:
    if isinstance(source, JoinedColumns):
        source = source.columns
    wanted = source if isinstance(source, str) else source[0]
    hint = suggestion(wanted, available, what="The file has")
    return DataError(f"{file}: no column `{wanted}` for {name}", hint=f"{hint} Say which with --map {name}=COLUMN.")


def _sources(mapping: ColumnMapping) -> list[str]:
    names: list[str] = []
    for source in mapping.columns.values():
        names.extend((*source.columns, *source.fallback) if isinstance(source, JoinedColumns) else [str(source)])
    return list(
        dict.fromkeys([*names, *mapping.discounts, *mapping.cancelled, *(rule.column for rule in mapping.set_aside)])
    )


def _typed(
    name: str, spec: dy.Column, raw: pl.DataFrame, texts: Mapping[str, pl.Series], reading: Reading
) -> tuple[pl.Series, pl.Series]:
    """A canonical column and the text it was read from."""
    mapping, dtype = reading.mapping, spec.dtype
    source = mapping.columns.get(name)
    if isinstance(source, str):
        column, written = raw[source], texts[source]
    elif isinstance(source, JoinedColumns):
        column = written = _joined(source, texts)
    else:
        constant = mapping.constants.get(name)
        column = written = pl.repeat(constant, raw.height, dtype=pl.String, eager=True)
    if name in mapping.values:
        column = written = written.replace(mapping.values[name])
    if isinstance(dtype, pl.String):
        ids = mapping.whole_number_ids and name in _IDS
        return (fields.whole_ids(written) if ids else written), written
    if isinstance(dtype, pl.Datetime):
        return fields.instant(column, written, reading.clock), written
    if isinstance(dtype, pl.Date):
        return pl.repeat(None, raw.height, dtype=dtype, eager=True), written
    if isinstance(dtype, pl.Boolean):
        return fields.flag(written), written
    if isinstance(dtype, pl.List):
        return fields.entries(column, written, mapping.list_separator), written
    if isinstance(dtype, pl.Enum):
        return fields.word(written, dtype), written
    numbers = fields.number(column, written, decimal_comma=reading.decimal_comma)
    if isinstance(dtype, pl.Decimal):
        return fields.money(numbers), written
    return (fields.whole_number(numbers, dtype) if dtype.is_integer() else numbers), written


def _joined(source: JoinedColumns, texts: Mapping[str, pl.Series]) -> pl.Series:
    first, *others = source.columns
    leading = pl.coalesce(texts[first], *(texts[column] for column in source.fallback))
    joined = pl.concat_str(
        leading, *(texts[column] for column in others), separator=source.separator, ignore_nulls=True
    )
    return pl.select(pl.when(leading.is_not_null()).then(joined)).to_series()


def _aside(rule: SetAside, texts: pl.Series) -> Problem:
    mask = texts.is_null() & rule.missing
    if rule.values:
        mask |= texts.is_in(rule.values).fill_null(False)
    if rule.other_than:
        mask |= ~texts.is_in(rule.other_than).fill_null(True)
    if rule.matches:
        mask |= texts.str.contains(rule.matches).fill_null(False)
    return Problem(mask, rule.column, rule.reason, texts, expected=True)


def _unreadable(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Datetime):
        return "not a date"
    if isinstance(dtype, pl.Boolean):
        return "neither true nor false"
    if isinstance(dtype, pl.Enum):
        return f"not one of {', '.join(dtype.categories)}"
    return "not a whole number" if dtype.is_integer() else "not a number"


def _day(instants: pl.Series, zone: str) -> pl.Series:
    return (instants if zone == "UTC" else instants.dt.convert_time_zone(zone)).dt.date()


def _impossible_times(
    instants: pl.Series, name: str, reading: Reading, texts: Mapping[str, pl.Series]
) -> tuple[Problem, Problem]:
    written = _written(reading.mapping, name, texts, instants)
    return (
        Problem((instants > reading.now.astimezone(UTC)).fill_null(False), name, "in the future", written),
        Problem((instants < OLDEST).fill_null(False), name, f"before {OLDEST.year}", written),
    )


def _broken_rules(rows: pl.DataFrame, mapping: ColumnMapping, texts: Mapping[str, pl.Series]) -> list[Problem]:
    """The rules of the schema, except that an id may still be made from the content."""
    schema = FRAMES[mapping.kind].schema
    rules = {
        (name, rule): expression
        for name, spec in schema.columns().items()
        if name != _OWN_ID.get(mapping.kind)
        for rule, expression in spec.validation_rules(pl.col(name)).items()
    }
    if mapping.kind == "customers":
        rules[("budget_max", "below budget_min")] = (pl.col("budget_max") >= pl.col("budget_min")).fill_null(True)
    broken = rows.lazy().select(
        (~check.fill_null(True)).alias(f"{name}|{rule}") for (name, rule), check in rules.items()
    )
    masks = broken.collect()
    return [
        Problem(masks[f"{name}|{rule}"], name, _WORDING.get(rule, rule), _written(mapping, name, texts, rows[name]))
        for name, rule in rules
    ]


def _written(mapping: ColumnMapping, name: str, texts: Mapping[str, pl.Series], otherwise: pl.Series) -> pl.Series:
    source = mapping.columns.get(name)
    return texts[source] if isinstance(source, str) else otherwise


def _split(raw: pl.DataFrame, rows: pl.DataFrame, problems: list[Problem], file: str) -> Cleaned:
    found = [problem for problem in problems if problem.mask.any()]
    if not found:
        return Cleaned(rows, FRAMES["quarantine"].empty())
    bad = found[0].mask
    for problem in found[1:]:
        bad = bad | problem.mask
    return Cleaned(rows.filter(~bad), quarantined(raw, bad, found, file))
