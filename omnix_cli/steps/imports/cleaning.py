"""Turns the raw rows of an input into canonical rows, or into quarantine rows with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import or_

import dataframely as dy
import polars as pl

from omnix_cli.mappings import LINE, ColumnMapping, SetAside
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, WRITTEN_AT
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.history import ANONYMOUS
from omnix_cli.steps.imports import deletions, ids, instants, numbers, purchase_rules, texts, totals
from omnix_cli.steps.imports.binding import INSTANTS, Reading, written_column
from omnix_cli.steps.imports.identity import with_line_ids
from omnix_cli.steps.imports.problems import Problem, quarantined

VERSION = "3"
"""Raise it when a change reads the same input differently: then files imported before are read again."""

OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Earlier dates are typing errors or the zero of some clock."""

_OWN_ID = {"purchases": "purchase_id", "interactions": "interaction_id"}
_WORDING = {"nullability": "missing", "min_length": "missing", "min": "too small", "max": "too large"}


@dataclass(frozen=True)
class Cleaned:
    """Canonical rows with ROW_NUMBER and ITEM, purchases also with WRITTEN_AT, and quarantine rows. The id of a
    purchase or interaction is null where the input has none (see `identity.with_made_ids`)."""

    rows: pl.DataFrame
    quarantine: pl.DataFrame


def clean(raw: pl.DataFrame, reading: Reading) -> Cleaned:
    """Splits raw rows (with ROW_NUMBER and ITEM) into canonical rows and quarantine rows; none is lost.

    `reading.mapping` must be bound to the columns of `raw`."""
    mapping = reading.mapping
    problems = [*(_aside(rule, raw, mapping) for rule in mapping.set_aside), *deletions.set_aside(raw, mapping)]
    columns: dict[str, pl.Series] = {}
    written_at: dict[str, pl.Series] = {}
    for name, spec in FRAMES[mapping.kind].schema.columns().items():
        written = written_column(raw, mapping, name)
        if written is None or not len(written):
            columns[name] = pl.repeat(None, raw.height, dtype=spec.dtype, eager=True)
            continue
        if isinstance(spec.dtype, pl.Datetime):
            read = instants.instant(written, mapping.null_values, reading.clock)
            columns[name], written_at[name] = read.values, read.written
            problems.extend(Problem(mask, name, reason, written) for mask, reason in read.problems)
            continue
        parsed = _parsed(name, spec, written, reading)
        columns[name] = parsed.values
        if parsed.unreadable is not None:
            reason = ids.CHANGED if name in ids.NAMES else _unreadable(spec.dtype)
            problems.append(Problem(parsed.unreadable, name, reason, written))
    problems[:0] = _totals(raw, mapping, columns)
    rows = pl.DataFrame(columns, height=raw.height).with_columns(raw[ROW_NUMBER], raw[ITEM])
    if mapping.anonymous == "by_order" and rows["customer_id"].null_count():
        rows = rows.with_columns(
            pl.coalesce("customer_id", pl.lit(ANONYMOUS) + pl.col("order_id")).alias("customer_id")
        )
    if mapping.kind == "purchases":
        unknown = pl.repeat(None, raw.height, dtype=pl.Datetime("us"), eager=True)
        rows = rows.with_columns(written_at.get("purchased_at", unknown).alias(WRITTEN_AT))
        rows = purchase_rules.settle(rows, raw, mapping, decimal_comma=reading.decimal_comma)
        line = written_column(raw, mapping, LINE)
        if line is not None:
            rows = with_line_ids(rows, texts.text(line, mapping.null_values))
    if mapping.kind in INSTANTS:
        instant, day = INSTANTS[mapping.kind]
        rows = rows.with_columns(pl.col(instant).dt.convert_time_zone(reading.clock.timezone).dt.date().alias(day))
        times, written = rows[instant], _source(raw, mapping, instant, rows[instant])
        is_late = (times > reading.now.astimezone(UTC)).fill_null(False)
        problems.append(Problem(is_late, instant, "in the future", written))
        problems.append(Problem((times < OLDEST).fill_null(False), instant, f"before {OLDEST.year}", written))
    if mapping.kind in ("products", "customers"):
        rows = rows.with_columns(pl.col(pl.List(pl.String)).fill_null([]))
    problems.extend(_broken_rules(rows, raw, mapping))
    return _split(raw, rows, problems, reading.file)


def _totals(raw: pl.DataFrame, mapping: ColumnMapping, columns: Mapping[str, pl.Series]) -> Iterator[Problem]:
    times = columns[INSTANTS[mapping.kind][0]] if mapping.kind in INSTANTS else None
    undated = times.is_null() if times is not None and times.null_count() else None
    if (mask := totals.found_in(raw, mapping, undated)) is not None:
        first = next(name for name in raw.columns if name not in (ROW_NUMBER, ITEM))
        yield Problem(mask, first, totals.REASON, raw[first], expected=True)


def _parsed(name: str, spec: dy.Column, written: pl.Series, reading: Reading) -> texts.Parsed:
    mapping, dtype = reading.mapping, spec.dtype
    if dtype.is_numeric():
        parsed = numbers.number(written, mapping.null_values, decimal_comma=reading.decimal_comma)
        return parsed if dtype.is_float() else _narrowed(parsed, dtype)
    if name in ids.NAMES:
        return ids.parsed(written, mapping, file=reading.file)
    trimmed = texts.text(written, mapping.null_values)
    if isinstance(dtype, pl.List):
        return texts.Parsed(texts.entries(written, trimmed, mapping.list_separator), None)
    if isinstance(dtype, pl.String):
        return texts.Parsed(trimmed, None)
    values = texts.word(trimmed, dtype) if isinstance(dtype, pl.Enum) else texts.flag(trimmed)
    return texts.Parsed(values, values.is_null() & trimmed.is_not_null())


def _narrowed(parsed: texts.Parsed, dtype: pl.DataType) -> texts.Parsed:
    """Numbers as money or whole numbers; one that does not fit is unreadable."""
    values = numbers.money(parsed.values) if dtype.is_decimal() else numbers.whole_number(parsed.values, dtype)
    if values.null_count() == parsed.values.null_count():
        return texts.Parsed(values, parsed.unreadable)
    lost = values.is_null() & parsed.values.is_not_null()
    return texts.Parsed(values, lost if parsed.unreadable is None else lost | parsed.unreadable)


def _aside(rule: SetAside, raw: pl.DataFrame, mapping: ColumnMapping) -> Problem:
    column = str(rule.column)  # one, since the mapping is bound
    trimmed = texts.text(raw[column], mapping.null_values)
    mask = trimmed.is_null() & rule.missing
    lower = trimmed.str.to_lowercase()
    if rule.values:
        mask |= lower.is_in([value.strip().lower() for value in rule.values]).fill_null(False)
    if rule.other_than:
        mask |= ~lower.is_in([value.strip().lower() for value in rule.other_than]).fill_null(True)
    if rule.matches:
        mask |= trimmed.str.contains(rule.matches).fill_null(False)
    return Problem(mask, column, rule.reason, trimmed, expected=True)


def _unreadable(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Boolean):
        return "neither true nor false"
    if isinstance(dtype, pl.Enum):
        return f"not one of {', '.join(dtype.categories)}"
    return "not a whole number" if dtype.is_integer() else "not a number"


def _broken_rules(rows: pl.DataFrame, raw: pl.DataFrame, mapping: ColumnMapping) -> Iterator[Problem]:
    """The rules of the schema, except that an id may still be made from the content."""
    schema = FRAMES[mapping.kind].schema
    rules = {
        (name, rule): expression
        for name, spec in schema.columns().items()
        if name != _OWN_ID.get(mapping.kind)
        for rule, expression in spec.validation_rules(pl.col(name)).items()
    }
    if mapping.kind == "customers":
        rules["budget_max", "below budget_min"] = pl.col("budget_max") >= pl.col("budget_min")
    kept = rows.select(rule.all(ignore_nulls=True).alias(f"{number}") for number, rule in enumerate(rules.values()))
    for ((name, rule), expression), (holds,) in zip(rules.items(), kept.iter_columns(), strict=True):
        if not holds:
            mask = rows.select(~expression.fill_null(True)).to_series()
            yield Problem(mask, name, _WORDING.get(rule, rule), _source(raw, mapping, name, rows[name]))


def _source(raw: pl.DataFrame, mapping: ColumnMapping, name: str, otherwise: pl.Series) -> pl.Series:
    """The text in the input or, for a computed column, its value."""
    source = mapping.columns.get(name)
    return raw[source] if isinstance(source, str) else otherwise


def _split(raw: pl.DataFrame, rows: pl.DataFrame, problems: list[Problem], file: str) -> Cleaned:
    found = [problem for problem in problems if problem.mask.any()]
    if not found:
        return Cleaned(rows, FRAMES["quarantine"].empty())
    bad = reduce(or_, (problem.mask for problem in found))
    return Cleaned(rows.filter(~bad), quarantined(raw, bad, found, file))
