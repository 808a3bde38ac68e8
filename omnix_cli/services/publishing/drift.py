"""How far a published list may be from the one of tonight.

Scores, chances and expected dates of customers who did not shop move a little every night. A list with the same `facts`
(items, order, labels, reasons) is the same while its numbers stay within a tolerance of those that the *store* holds:
drift cannot add up. What a reason says to be "about so many days" is such a number, too: the rhythm that was fitted.
The facts are the content without these numbers; an absent number is absent in them, so two lists with the same facts
have the same numbers, in the same order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli.settings import PublishSettings

PLACES = 4  # decimals of scores and confidences: more mean nothing, and the last bits of a float vary
SHARES = ("score", "confidence")
INTERVAL = "intervalDays"
_DATES = ("predictedPurchaseDate", "nextExpectedDate", "intervalFrom", "intervalTo")
_SHARE_UNITS, _DAY_UNITS = 10**PLACES, 10
"""Shares are compared in the digits that are published, days in tenths."""
_NUMBERS = rf'"({"|".join((*SHARES, *_DATES, INTERVAL))})":(?:"[^"]*"|[^,}}\]]+)'
"""A number in the JSON of a content. Quotes inside strings are escaped there, so what looks like one is one."""
_ABOUT = r"about (?:every )?(\d{1,6}) days?"
"""A rhythm in a reason."""
_MOST_DAYS = 10_000_000
_EPOCH = date(1970, 1, 1).toordinal()
COLUMNS = ("facts_hash", "shares", "days")
"""What is kept of a published list: the hash of its facts, and its numbers."""


@dataclass(frozen=True)
class Tolerance:
    """The most that a published number may be off: shares (0..1) and days."""

    share: float = 0.0
    days: float = 0.0

    @classmethod
    def of(cls, settings: PublishSettings) -> Tolerance:
        return cls(settings.max_drift, settings.max_drift_days)

    @property
    def parameters(self) -> dict[str, float]:
        return {"max_drift": self.share, "max_drift_days": self.days}

    def holds(self, lists: pl.DataFrame) -> npt.NDArray[np.bool_]:
        """Of each list, whether what was published of it (the `COLUMNS` with the suffix `_before`, null: nothing is
        known) has its facts, and its numbers within the tolerance."""
        same = (lists["facts_hash"] == lists["facts_hash_before"]).fill_null(False)
        far = [
            _distance(name, lists.filter(same)) > round(most * units)
            for name, most, units in (("shares", self.share, _SHARE_UNITS), ("days", self.days, _DAY_UNITS))
        ]
        holds = same.to_numpy().copy()
        holds[holds] = ~(far[0] | far[1])
        return holds


def _distance(name: str, lists: pl.DataFrame) -> npt.NDArray[np.int64]:
    """The largest difference of two lists of numbers of equal length; 0 for empty ones."""
    now, before = (pl.col(column).cast(pl.List(pl.Int64)) for column in (name, f"{name}_before"))
    largest = (now - before).list.eval(pl.element().abs()).list.max().fill_null(0)
    return lists.select(largest).to_series().to_numpy()


def before(receipts: pl.DataFrame) -> pl.DataFrame:
    """Receipts beside which those of tonight are put: their contents and numbers have the suffix `_before`."""
    return receipts.rename({name: f"{name}_before" for name in ("content_hash", *COLUMNS)})


def with_numbers(lists: pl.DataFrame) -> pl.DataFrame:
    """Rows of `list_items.lists_of` with their `COLUMNS`."""
    shares = [pl.concat_list(_in_units(pl.col("confidence"), _SHARE_UNITS)).cast(pl.List(pl.Int16))]
    shares += [_each(name, _in_units(_field(name), _SHARE_UNITS)).cast(pl.List(pl.Int16)) for name in SHARES]
    dates = [_each(name, _field(name).str.to_date().to_physical() * _DAY_UNITS) for name in _DATES]
    about = pl.col("content").str.extract_all(_ABOUT).list.eval(pl.element().str.extract(_ABOUT).cast(pl.Int32))
    days = [*dates, _each(INTERVAL, _in_units(_field(INTERVAL), _DAY_UNITS)), about * _DAY_UNITS]
    facts = lists["content"].str.replace_all(_NUMBERS, '"${1}":0').str.replace_all(_ABOUT, "")
    return lists.with_columns(
        pl.Series("facts_hash", [_hash(text) for text in facts], dtype=pl.String),
        shares=pl.concat_list(shares),
        days=pl.concat_list(each.cast(pl.List(pl.Int32)) for each in days),
    )


def _field(name: str) -> pl.Expr:
    return pl.element().struct.field(name).drop_nulls()


def _each(name: str, value: pl.Expr) -> pl.Expr:
    return pl.col("recommendations").list.eval(value).alias(name)


def _in_units(value: pl.Expr, units: int) -> pl.Expr:
    return (value * units).round().cast(pl.Int32)


def facts_hash(content: str) -> str:
    """The hash of the facts of a content (JSON, as `list_items` makes it)."""
    return _hash(re.sub(_ABOUT, "", re.sub(_NUMBERS, r'"\1":0', content)))


def numbers(item: Mapping[str, Any], content: str) -> tuple[list[int], list[int]]:
    """The shares and the days of an item of the store and its content, in the order of `with_numbers`. Raises
    LookupError, TypeError or ValueError for an item that is no list."""
    entries: Sequence[Mapping[str, Any]] = item["recommendations"]

    def values(names: Sequence[str]) -> Iterator[Any]:
        return (entry[name] for name in names for entry in entries if name in entry)

    shares = [round(share * _SHARE_UNITS) for share in (item["confidence"], *values(SHARES))]
    days = [(date.fromisoformat(day).toordinal() - _EPOCH) * _DAY_UNITS for day in values(_DATES)]
    days += [round(interval * _DAY_UNITS) for interval in values((INTERVAL,))]
    days += [int(number) * _DAY_UNITS for number in re.findall(_ABOUT, content)]
    if not all(0 <= share <= _SHARE_UNITS for share in shares) or not all(abs(day) <= _MOST_DAYS for day in days):
        raise ValueError("a number that no list has")
    return shares, days


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
