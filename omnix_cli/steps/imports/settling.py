"""Settling how a file writes dates and numbers: what its rows show, and what follows once all of them were seen.

Evidence adds up over the chunks of a file in any cut. Values that leave nothing open (2024-03-05, 2.50) cost next to
nothing; only columns with other values are looked at closely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

import polars as pl

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.schemas import FRAMES
from omnix_cli.steps.imports import numbers, texts
from omnix_cli.steps.imports.binding import Settled, written_column
from omnix_cli.steps.imports.dates.orders import ORDERS, order_evidence
from omnix_cli.steps.imports.instants import SERIALS

_SERIAL = r"^\d{5}(?:\.\d*)?$"


@dataclass(frozen=True)
class Evidence:
    """What rows show. `orders` has, for each set of orders in which some date can be read, such a date; `serials` is a
    number that may be a serial day of a spreadsheet, `other_dates` says that some dates are no such numbers."""

    orders: Mapping[frozenset[str], str] = field(default_factory=dict)
    decimals: numbers.DecimalEvidence = field(default_factory=numbers.DecimalEvidence)
    serials: str | None = None
    other_dates: bool = False

    def __or__(self, more: Evidence) -> Evidence:
        return Evidence(
            {**more.orders, **self.orders},
            self.decimals | more.decimals,
            self.serials or more.serials,
            self.other_dates or more.other_dates,
        )

    @property
    def possible(self) -> frozenset[str]:
        """The orders in which all dates can be read."""
        return reduce(frozenset.__and__, self.orders, frozenset(ORDERS))

    @property
    def is_open(self) -> bool:
        """Whether further rows may still decide something."""
        undecided = bool(self.orders) and len(self.possible) > 1
        return undecided or self.decimals.is_open or (self.serials is not None and not self.other_dates)


def evidence(rows: pl.DataFrame, mapping: ColumnMapping, this_year: int) -> Evidence:
    """What rows show that the (bound) mapping does not say. A year of two digits is one from 1990 to this year."""
    found = Evidence()
    for name, spec in FRAMES[mapping.kind].schema.columns().items():
        is_date = isinstance(spec.dtype, pl.Datetime) and not mapping.date_formats
        is_amount = spec.dtype.is_float() or spec.dtype.is_decimal()
        if name not in mapping.columns or not (is_date or (is_amount and mapping.decimal_comma is None)):
            continue
        written = written_column(rows, mapping, name)
        if written is None or not len(written):
            continue
        if is_amount:
            if isinstance(written.dtype, pl.String):
                found |= Evidence(decimals=numbers.decimal_evidence(written, prices=spec.dtype.is_decimal()))
            continue
        found |= _serial_evidence(written, mapping)
        if mapping.day_first is None and isinstance(written.dtype, pl.String):
            found |= Evidence(order_evidence(written, this_year))
    return found


def shown(found: Evidence) -> Settled:
    """How a file writes dates and numbers, as far as its rows show it."""
    order = next(iter(found.possible)) if found.orders and len(found.possible) == 1 else None
    return Settled(order, found.decimals.settled)


def is_settled_by(before: Settled, found: Evidence) -> bool:
    """Whether other files of its source settle all that the rows of a file leave open."""
    order_is_open = bool(found.orders) and len(found.possible) > 1
    return not (order_is_open and before.order is None) and not (
        found.decimals.is_open and before.decimal_comma is None
    )


def settle(found: Evidence, mapping: ColumnMapping, earlier: Settled, *, file: str, separator: str | None) -> Settled:
    """How a file is read, by its mapping, or else by what its rows show, or else as in other files of its source.

    In a comma-separated file, commas that may be either group thousands. Raises `DataError` when dates or numbers can
    be read in two ways, or when they contradict each other."""
    taken = set()
    order = None if mapping.day_first is None else ORDERS[0] if mapping.day_first else ORDERS[1]
    if found.orders and order is None:
        order = shown(found).order
        if not found.possible:
            raise _contradictory(found, file)
        if order is None and earlier.order in found.possible:
            order = earlier.order
            taken.add("dates")
        if order is None:
            raise _open_order(found, file)
    comma = mapping.decimal_comma if mapping.decimal_comma is not None else found.decimals.settled
    if comma is None and found.decimals.is_open:
        in_doubt = found.decimals.in_doubt(separator)
        if earlier.decimal_comma is not None:
            comma = earlier.decimal_comma
            taken.add("decimals")
        elif in_doubt:
            sign = "comma" if in_doubt == found.decimals.open_comma else "point"
            raise DataError(
                f"{file}: the {sign} of numbers like {in_doubt} can separate decimals or thousands",
                hint="Give --decimal-comma or --decimal-point, or set `decimal_comma = true` or `false` in the "
                "mapping.",
            )
    serials = found.serials is not None and not found.other_dates
    return Settled(order, comma, serials, frozenset(taken))


def _serial_evidence(written: pl.Series, mapping: ColumnMapping) -> Evidence:
    values = written.drop_nulls()
    if values.is_empty():
        return Evidence()
    if values.dtype.is_numeric():
        low, high = SERIALS
        within = bool(values.cast(pl.Float64).is_between(low, high).all())
        return Evidence(serials=str(values[0])) if within else Evidence(other_dates=True)
    if not isinstance(values.dtype, pl.String):
        return Evidence(other_dates=True)
    first = values.head(1000).str.strip_chars()
    given = first.filter(~first.is_in(["", *mapping.null_values])).head(1)
    if not given.is_empty() and not given.str.contains(_SERIAL).all():
        return Evidence(other_dates=True)
    values = texts.text(values, mapping.null_values).drop_nulls()
    if values.is_empty():
        return Evidence()
    serial = values.str.contains(_SERIAL) & values.cast(pl.Float64, strict=False).is_between(*SERIALS)
    return Evidence(serials=values[0]) if serial.fill_null(False).all() else Evidence(other_dates=True)


def _contradictory(found: Evidence, file: str) -> DataError:
    """Names one date for each order that the dates of the file show, enough to leave no order in common."""
    shown, left = [], frozenset(ORDERS)
    for orders, example in sorted(found.orders.items(), key=lambda one: (len(one[0]), one[1])):
        if left & orders != left:
            shown.append(f"{example} is {_listed(orders)}")
            left &= orders
    return DataError(
        f"{file}: its dates contradict each other: {', '.join(shown)}",
        hint="Give --day-first or --month-first: the dates of the other order then go to quarantine. Or import them "
        "as two files.",
    )


def _open_order(found: Evidence, file: str) -> DataError:
    example = next(one for orders, one in sorted(found.orders.items(), key=lambda one: one[1]) if len(orders) > 1)
    hint = "Give --day-first or --month-first, or set `day_first = true` or `false` in the mapping or the source."
    if "year first" in found.possible:
        hint += ' If the year comes first, set `date_formats = ["%y/%m/%d"]`.'
    return DataError(f"{file}: dates like {example} can be read {_listed(found.possible)}", hint=hint)


def _listed(orders: frozenset[str]) -> str:
    return " or ".join(order for order in ORDERS if order in orders)
