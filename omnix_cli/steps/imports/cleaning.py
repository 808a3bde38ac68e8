"""Turns the raw rows of an input into canonical rows, or into quarantine rows with a reason."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from functools import reduce
from operator import or_
from typing import Any

import dataframely as dy
import polars as pl

from omnix_cli.days.utc_texts import OLDEST
from omnix_cli.mappings import CHANGED_AT, CURRENCY, LINE, ColumnMapping, SetAside
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.history import ANONYMOUS
from omnix_cli.steps.imports import deletions, ids, instants, numbers, purchase_rules, rule_values, texts, totals
from omnix_cli.steps.imports.amounts import currencies, misplaced_codes
from omnix_cli.steps.imports.binding import INSTANTS, Reading, written_column
from omnix_cli.steps.imports.dates.local_times import local_days
from omnix_cli.steps.imports.groups.identity import CHANGED, LINE_NUMBER, RETURNED, WRITTEN, order_names
from omnix_cli.steps.imports.problems import Problem, quarantined

VERSION = "3"
"""Raise it when a change reads the same input differently: then files imported before are read again."""

_OWN_ID = {"purchases": "purchase_id", "interactions": "interaction_id"}
_NEGATIVE = "negative: for returns, set `returns = { negative_quantity = true }`"
_WORDING = {"nullability": "missing", "min_length": "missing", "min": "too small", "max": "too large"}


@dataclass(frozen=True)
class Cleaned:
    """Canonical rows with ROW_NUMBER and ITEM, purchases also with WRITTEN, and quarantine rows. The id of a purchase
    or interaction is null where the input has none (see `identity.with_made_ids`). `aside` has those of the quarantine
    rows that a rule of the mapping sets aside and that name an order line, as canonical rows; `placeholders` counts the
    order ids that are none, `currencies` the good rows by the currency of their amounts (empty: not said)."""

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    aside: pl.DataFrame
    placeholders: int = 0
    currencies: Mapping[str, int] = field(default_factory=dict)
    suspects: pl.DataFrame = field(default_factory=misplaced_codes.NO_SUSPECTS.clear)
    """The rows that are set aside if the whole file says so (see `misplaced_codes`) ..."""
    suspected: pl.DataFrame = field(default_factory=misplaced_codes.NO_SUSPECTS.clear)
    """... and these as quarantine rows."""
    highest: Mapping[str, float] = field(default_factory=dict)
    """The highest quantity and amounts of the other rows."""


def clean(raw: pl.DataFrame, reading: Reading) -> Cleaned:
    """Splits raw rows (with ROW_NUMBER and ITEM) into canonical rows and quarantine rows; none is lost.

    `reading.mapping` must be bound to the columns of `raw`."""
    mapping = reading.mapping
    read = _read(raw, reading)
    rows, problems = (
        pl.DataFrame(read.columns, height=raw.height).with_columns(raw[ROW_NUMBER], raw[ITEM]),
        read.problems,
    )
    placeholders = 0
    if mapping.kind == "purchases":
        orders = rows["order_id"]
        rows, placeholders = _without_placeholders(rows, mapping, are_digits="order_id" in read.digits)
        if mapping.items is not None:
            problems.append(_no_items(rows, raw, mapping))
        rows = rows.with_columns(read.written_at.alias(WRITTEN))
        if mapping.anonymous == "by_order" and rows["customer_id"].null_count():
            buyers = pl.lit(ANONYMOUS) + order_names(rows, mapping.order_scope)
            rows = rows.with_columns(pl.coalesce("customer_id", pl.when(orders.is_not_null()).then(buyers)))
        rows = purchase_rules.settle(rows, raw, mapping, decimal_comma=reading.decimal_comma)
        rows = rows.with_columns(_identifying(rows, raw, reading, problems))
    if mapping.kind in INSTANTS:
        instant, day = INSTANTS[mapping.kind]
        rows = rows.with_columns(local_days(rows[instant], reading.clock.timezone).alias(day))
        times, written = rows[instant], _source(raw, mapping, instant, rows[instant])
        is_late = (times > reading.now.astimezone(UTC)).fill_null(False)
        problems.append(Problem(is_late, instant, "in the future", written))
        problems.append(Problem((times < OLDEST).fill_null(False), instant, f"before {OLDEST.year}", written))
    if mapping.kind in ("products", "customers"):
        rows = rows.with_columns(pl.col(pl.List(pl.String)).fill_null([]))
    problems.extend(_too_large(rows, raw, mapping))
    amounts = [name for name, dtype in rows.schema.items() if dtype.is_decimal()]
    rows = rows.with_columns(numbers.money(rows[name]) for name in amounts)
    problems.extend(_broken_rules(rows, raw, mapping))
    split = _split(raw, rows, problems, reading.file, read.currency)
    return replace(split, **_suspected(split.rows, raw, reading), placeholders=placeholders)


@dataclass
class _Read:
    """The canonical columns as the file writes them, the purchase times without their zone, the currency of each row,
    what is wrong with cells, and the columns of ids that are all digits."""

    columns: dict[str, pl.Series]
    problems: list[Problem]
    written_at: pl.Series
    currency: pl.Series | None
    digits: Collection[str]


def _read(raw: pl.DataFrame, reading: Reading) -> _Read:
    mapping = reading.mapping
    problems = [*(_aside(rule, raw, mapping) for rule in mapping.set_aside), *deletions.set_aside(raw, mapping)]
    columns: dict[str, pl.Series] = {}
    written_at: dict[str, pl.Series] = {}
    beside: list[pl.Series] = []
    digits: set[str] = set()
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
        beside += [] if parsed.currencies is None else [parsed.currencies]
        digits |= {name} if parsed.are_digits else set()
        if parsed.unreadable is not None:
            reason = ids.CHANGED if name in ids.NAMES else _unreadable(spec.dtype)
            problems.append(Problem(parsed.unreadable, name, reason, written))
    problems[:0] = _totals(raw, mapping, columns, digits)
    currency = _currency(raw, mapping, beside)
    if currency is not None and mapping.currency:
        problems += _in_another(currency, mapping.currency)
    unknown = pl.repeat(None, raw.height, dtype=pl.Datetime("us"), eager=True)
    return _Read(columns, problems, written_at.get("purchased_at", unknown), currency, digits)


def _suspected(rows: pl.DataFrame, raw: pl.DataFrame, reading: Reading) -> dict[str, Any]:
    """What `Cleaned` has on rows with a code for a number."""
    if reading.mapping.kind != "purchases":
        return {}
    suspects = misplaced_codes.suspects(rows)
    highest = misplaced_codes.highest(rows, suspects)
    if suspects.is_empty():
        return {"highest": highest}
    lines = raw.join(suspects, on=[ROW_NUMBER, ITEM], how="left", maintain_order="left")
    problems = []
    for column, reason in suspects.select("column", "reason").unique(maintain_order=True).iter_rows():
        mask = ((lines["column"] == column) & (lines["reason"] == reason)).fill_null(False)
        problems.append(Problem(mask, column, reason, _source(raw, reading.mapping, column, lines["number"])))
    bad = reduce(or_, (problem.mask for problem in problems))
    written = quarantined(raw, bad, problems, reading.file)
    return {"highest": highest, "suspects": suspects, "suspected": written}


def _currency(raw: pl.DataFrame, mapping: ColumnMapping, beside: list[pl.Series]) -> pl.Series | None:
    """The currency of each row: that of its column, else the one beside an amount. None if no row says any."""
    column = written_column(raw, mapping, CURRENCY)
    if column is not None and len(column):
        if not isinstance(column.dtype, pl.String):
            column = texts.text(column, mapping.null_values)
        beside = [currencies.named(column, mapping.null_values), *beside]
    return pl.select(pl.coalesce(*beside)).to_series() if beside else None


def _in_another(currency: pl.Series, kept: str) -> Iterator[Problem]:
    """Rows whose amounts are in another currency than that of the mapping."""
    other = currencies.differs(currency, kept)
    for one in currency.filter(other).unique().sort():
        yield Problem(other & (currency == one), CURRENCY, f"in another currency ({one})", currency, expected=True)


def _without_placeholders(rows: pl.DataFrame, mapping: ColumnMapping, *, are_digits: bool) -> tuple[pl.DataFrame, int]:
    """Purchases without the order ids that only fill their column, and how many those are."""
    spellings = mapping.placeholder_spellings
    if are_digits:
        begin = {text[0] for text in spellings if text.isdigit()}
        if not any(rows["order_id"].str.starts_with(digit).any() for digit in begin):
            return rows, 0
    fillers = rows["order_id"].is_in(spellings)
    count = int(fillers.sum())
    return (rows.with_columns(rows["order_id"].set(fillers, None)), count) if count else (rows, 0)


def _no_items(rows: pl.DataFrame, raw: pl.DataFrame, mapping: ColumnMapping) -> Problem:
    """Order documents without items: nothing of the order stands."""
    mask = ((raw[ITEM] == 0) & rows["product_id"].is_null() & rows["order_id"].is_not_null()).fill_null(False)
    return Problem(mask, "product_id", "an order without items", rows["order_id"], expected=True)


def _identifying(
    rows: pl.DataFrame, raw: pl.DataFrame, reading: Reading, problems: list[Problem]
) -> Iterator[pl.Series]:
    """What a purchase is known by, besides its columns."""
    mapping = reading.mapping
    yield rows["_returned"].alias(RETURNED)
    line = written_column(raw, mapping, LINE)
    if line is not None:
        yield texts.text(line, mapping.null_values).alias(LINE_NUMBER)
    changed = written_column(raw, mapping, CHANGED_AT)
    if changed is not None:
        parsed = instants.instant(changed, mapping.null_values, reading.clock)
        yield parsed.values.cast(instants.UTC_INSTANT).alias(CHANGED)
        problems.extend(Problem(mask, CHANGED_AT, reason, changed) for mask, reason in parsed.problems)


def _totals(
    raw: pl.DataFrame, mapping: ColumnMapping, columns: Mapping[str, pl.Series], digits: Collection[str]
) -> Iterator[Problem]:
    times = columns[INSTANTS[mapping.kind][0]] if mapping.kind in INSTANTS else None
    undated = times.is_null() if times is not None and times.null_count() else None
    if (mask := totals.found_in(raw, mapping, undated, digits)) is not None:
        first = next(name for name in raw.columns if name not in (ROW_NUMBER, ITEM))
        yield Problem(mask, first, totals.REASON, raw[first], expected=True)


def _parsed(name: str, spec: dy.Column, written: pl.Series, reading: Reading) -> texts.Parsed:
    mapping, dtype = reading.mapping, spec.dtype
    if dtype.is_numeric():
        read = numbers.amount if dtype.is_decimal() else numbers.quantity if name == "quantity" else numbers.number
        parsed = read(written, mapping.null_values, decimal_comma=reading.decimal_comma)
        return _narrowed(parsed, dtype) if dtype.is_integer() else parsed
    if name in ids.NAMES:
        exact: ids.Exact = "no" if not reading.exact_ids else "key" if name == FRAMES[mapping.kind].key[0] else "id"
        return ids.parsed(written, mapping, file=reading.file, exact=exact)
    trimmed = texts.text(written, mapping.null_values)
    if isinstance(dtype, pl.List):
        return texts.Parsed(texts.entries(written, trimmed, mapping.list_separator), None)
    if isinstance(dtype, pl.String):
        return texts.Parsed(trimmed, None)
    values = texts.word(trimmed, dtype) if isinstance(dtype, pl.Enum) else texts.flag(trimmed)
    return texts.Parsed(values, values.is_null() & trimmed.is_not_null())


def _narrowed(parsed: texts.Parsed, dtype: pl.DataType) -> texts.Parsed:
    """Numbers as whole numbers; one that does not fit is unreadable."""
    values = numbers.whole_number(parsed.values, dtype)
    if values.null_count() == parsed.values.null_count():
        return texts.Parsed(values, parsed.unreadable)
    lost = values.is_null() & parsed.values.is_not_null()
    return texts.Parsed(values, lost if parsed.unreadable is None else lost | parsed.unreadable)


def _aside(rule: SetAside, raw: pl.DataFrame, mapping: ColumnMapping) -> Problem:
    column = str(rule.column)  # one, since the mapping is bound
    trimmed = texts.text(raw[column], mapping.null_values)
    return Problem(rule_values.sets_aside(rule, trimmed), column, rule.reason, trimmed, expected=True)


def _unreadable(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Boolean):
        return "neither true nor false"
    if isinstance(dtype, pl.Enum):
        return f"not one of {', '.join(dtype.categories)}"
    return "not a whole number" if dtype.is_integer() else "not a number"


def _too_large(rows: pl.DataFrame, raw: pl.DataFrame, mapping: ColumnMapping) -> Iterator[Problem]:
    """Quantities and amounts beyond all sense, which no sum of a run could hold."""
    for name, dtype in rows.schema.items():
        largest = numbers.LARGEST_MONEY if dtype.is_decimal() else numbers.LARGEST_QUANTITY
        if dtype.is_decimal() or name == "quantity":
            mask = (rows[name].abs() > largest).fill_null(False)
            yield Problem(mask, name, f"too large (more than {largest:,})", _source(raw, mapping, name, rows[name]))


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
            if (name, rule) == ("quantity", "min"):
                yield Problem(mask & (rows[name] < 0), name, _NEGATIVE, _source(raw, mapping, name, rows[name]))
            yield Problem(mask, name, _WORDING.get(rule, rule), _source(raw, mapping, name, rows[name]))


def _source(raw: pl.DataFrame, mapping: ColumnMapping, name: str, otherwise: pl.Series) -> pl.Series:
    """The text in the input or, for a computed column, its value."""
    source = mapping.columns.get(name)
    return raw[source] if isinstance(source, str) else otherwise


def _split(
    raw: pl.DataFrame, rows: pl.DataFrame, problems: list[Problem], file: str, currency: pl.Series | None
) -> Cleaned:
    found = [problem for problem in problems if problem.mask.any()]
    if not found:
        in_currency = currencies.counts(currency) if currency is not None else {"": rows.height}
        return Cleaned(rows, FRAMES["quarantine"].empty(), rows.clear(), currencies=in_currency)
    bad = reduce(or_, (problem.mask for problem in found))
    good = rows.filter(~bad)
    in_currency = currencies.counts(currency.filter(~bad)) if currency is not None else {"": good.height}
    return Cleaned(good, quarantined(raw, bad, found, file), _aside_rows(rows, found), currencies=in_currency)


def _aside_rows(rows: pl.DataFrame, found: list[Problem]) -> pl.DataFrame:
    """The rows that a rule of the mapping sets aside and that say which line, or which order, they are about."""
    ruled = [problem.mask for problem in found if problem.expected]
    if not ruled or WRITTEN not in rows.columns:
        return rows.clear()
    readable = pl.col("purchase_id").is_not_null() | (
        pl.col(WRITTEN).is_not_null()
        & pl.col("product_id").is_not_null()
        & (pl.col("order_id").is_not_null() | pl.col("customer_id").is_not_null())
    )
    no_items = (pl.col(ITEM) == 0) & pl.col("order_id").is_not_null() & pl.col("product_id").is_null()
    if any(problem.reason == "an order without items" for problem in found):
        readable |= no_items
    aside = rows.filter(reduce(or_, ruled)).filter(readable)
    return aside.with_columns(pl.col("product_id", "customer_id").fill_null(""))
