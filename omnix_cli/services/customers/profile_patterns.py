"""Shopping patterns and segments in the profiles of the store: written by the nightly run, changed by nobody else.

What a customer set stays: preferences, demographics, consent, fields that omnix does not know, and shopping times that
the customer named. The item says in `computedPatterns` what a run wrote, so that a later run tells that from the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Literal

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.protocols.progress import MayGoOn, always
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers.profiles import COMPUTED, TABLE, changed_item, seen_version
from omnix_cli.steps.capacity import item_bytes, write_units

PROFILED = ("shopping_patterns", "segments")
"""The frames that are written to profiles."""
CHUNK_ITEMS = 2_000
"""Profiles compared at a time."""
ATTEMPTS = 10
"""How often a change is repeated that others overtake."""
THREADS = 8
"""Changes sent at the same time to a store that is reached over a network."""
_BLOCK, _SEGMENT, _TIMES = "shoppingPatterns", "segment", "preferredShoppingTimes"
Fate = Literal["changed", "cleared", "unchanged", "contended", "gone"]


@dataclass(frozen=True)
class Written:
    """What became of the profiles. `changed` ones got other patterns or another segment, `cleared` ones lost theirs
    (there are no orders or no consent any more), `contended` ones were changed by others all the time and wait for the
    next run. `units` are the write units used."""

    changed: int
    cleared: int
    unchanged: int
    contended: int
    units: int

    @property
    def written(self) -> int:
        return self.changed + self.cleared

    @property
    def figures(self) -> dict[str, int | float | str]:
        names = ("changed", "cleared", "unchanged", "contended")
        return {name: getattr(self, name) for name in names if name in ("changed", "unchanged") or getattr(self, name)}


@dataclass(frozen=True)
class ProfileWriter:
    """Writes what is known of customers to the profiles that exist in the store. `may_go_on` is called before every
    write; `now` is the clock. A dry run only counts."""

    store: TableStore
    now: Callable[[], datetime]
    may_go_on: MayGoOn = always
    dry_run: bool = False

    def write(self, known: pl.DataFrame) -> Written:
        """Makes the profiles say what `known` (see `known_of`) says, and writes only those that say something else.

        A profile is replaced only while it is at the version that was read; if somebody changes it meanwhile, it is
        read again: neither change is lost. One that is deleted meanwhile stays so."""
        fates: Counter[str] = Counter()
        units = 0
        bills = self.store.traits.bills_capacity
        with ThreadPoolExecutor(THREADS) if bills else nullcontext() as pool:
            apply = pool.map if pool else map
            for items in batched(self.store.scan(TABLE), CHUNK_ITEMS):
                self.may_go_on()
                rows = _rows(known, [item["customerId"] for item in items])
                for fate, used in apply(partial(self._written, rows=rows), items):
                    fates[fate] += 1
                    units += used
        return Written(**{name: fates[name] for name in ("changed", "cleared", "unchanged", "contended")}, units=units)

    def _written(self, item: dict[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> tuple[Fate, int]:
        """What became of one profile, and the write units used."""
        customer, stored = item["customerId"], item
        for _ in range(ATTEMPTS):
            row = rows.get(customer) if _consents(stored) else None
            changes = _changes(stored, row)
            if all(stored.get(name) == value for name, value in changes.items()):
                return "unchanged", 0
            new = changed_item(stored, changes, now=self.now())
            units = _units(stored, new)
            if not self.dry_run:
                self.may_go_on()
            if self.dry_run or self.store.put_if(TABLE, new, expected=seen_version(stored), units=units):
                return "changed" if row else "cleared", units
            again = self.store.get(TABLE, customer, now=self.now())
            if again is None:
                return "gone", 0
            stored = again
        return "contended", 0


def known_of(patterns: pl.LazyFrame, segments: pl.LazyFrame) -> pl.DataFrame:
    """What profiles say of customers, one row each."""
    columns = ("customer_id", "average_order_value", "shopping_frequency", "preferred_times", "seasons")
    return patterns.select(columns).join(segments.select("customer_id", "segment"), on="customer_id").collect()


def _rows(known: pl.DataFrame, customers: list[str]) -> dict[str, Mapping[str, Any]]:
    theirs = known.filter(pl.col("customer_id").is_in(customers))
    return {row["customer_id"]: row for row in theirs.iter_rows(named=True)}


def _changes(stored: Mapping[str, Any], row: Mapping[str, Any] | None) -> dict[str, Any]:
    """The attributes as they should be; None: absent."""
    before, block = (_mapping(stored.get(name)) for name in (COMPUTED, _BLOCK))
    theirs = {name: value for name, value in block.items() if name not in before or before[name] != value}
    computed = dict(_computed(row)) if row else {}
    if theirs.get(_TIMES):
        computed.pop(_TIMES, None)
    merged = {**theirs, **computed}
    return {
        _BLOCK: merged if merged or _BLOCK in stored else None,
        COMPUTED: computed or None,
        _SEGMENT: row["segment"] if row else None,
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _computed(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The patterns that are known, under the names of the table."""
    if row["average_order_value"] is not None:
        yield "averageOrderValue", row["average_order_value"]
    if row["shopping_frequency"] is not None:
        yield "shoppingFrequency", row["shopping_frequency"]
    if row["preferred_times"]:
        yield _TIMES, row["preferred_times"]
    if row["seasons"]:
        share = {season["season"]: Decimal(f"{season['share']:.2f}") for season in row["seasons"]}
        compared = {season["season"]: season["compared"] for season in row["seasons"]}
        yield "seasonalPatterns", {name: {"share": share[name], "comparedWithShop": compared[name]} for name in share}


def _consents(stored: Mapping[str, Any]) -> bool:
    """Whether the profile does not object: what it says now counts more than what the run knew of it."""
    return _mapping(stored.get("consent")).get("personalisation") is not False


def _units(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """The write units of replacing a profile. In the index, sorted by `updatedAt`, the old entry is deleted and a new
    one is put."""
    old, new = write_units(item_bytes(before)), write_units(item_bytes(after))
    return max(old, new) + old + new
