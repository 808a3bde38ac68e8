"""Who was forgotten, as the store itself knows it: whoever writes about a customer looks here first, also a function of
Lambda, which has no workspace.

Each item of the table stands for one customer and is named by the keyed hash of the id; the item `key` has the key.
A customer who registers again is welcome from that time on: what happened before stays forgotten.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from omnix_cli.days.utc_texts import iso
from omnix_cli.errors import Conflict, NoTable
from omnix_cli.protocols.tables import TableStore
from omnix_cli.stores.tables.specs import TABLES, TableSpec

TABLE = "forgotten-customers"
ALWAYS, NEVER = "", "9"
"""From when on things are stored about a customer who was never forgotten, and one who did not come back."""
_KEY = "key"
Item = Mapping[str, Any]


def forgotten_error(customer: str) -> Conflict:
    """What is said of a customer about whom nothing is stored."""
    hint = "A customer who registers again is known from then on; what happened before stays forgotten."
    return Conflict(f"customer {customer!r} was forgotten", hint=hint)


@dataclass(frozen=True)
class StoreTombstones:
    """The tombstones in a store. A store that lacks their table has none."""

    store: TableStore
    _keys: list[bytes] = field(default_factory=list, compare=False, repr=False)

    def welcome_from(self, customer: str, *, now: datetime) -> str:
        """The time, in UTC, from which on things about a customer may be stored. Reads one item, and once the key."""
        try:
            key = self._key(now)
            found = self.store.get(TABLE, _name(key, customer), now=now) if key else None
        except NoTable:
            return ALWAYS
        return ALWAYS if found is None else found.get("returnedAt", NEVER)

    def hides(self, customer: str, happened: datetime, *, now: datetime) -> bool:
        """Whether what happened to a customer at a time is not to be stored."""
        return iso(happened) < self.welcome_from(customer, now=now)

    def bury(self, customer: str, *, key: bytes, now: datetime) -> None:
        """Adds a tombstone. The first one brings the `key` of the hashes of this store. Raises `NoTable`."""
        if not self.store.traits.is_administered:
            self.store.create_tables((TABLE,))
        own = self._key(now)
        if not own:
            self.store.put_if(TABLE, {"id": _KEY, "key": (key or secrets.token_bytes(32)).hex()}, expected=None)
            own = self._key(now)
        self.store.put_many(TABLE, [{"id": _name(own, customer), "forgottenAt": iso(now)}])

    def take_back(self, customer: str, *, now: datetime) -> None:
        """The customer comes back: things that happen from now on may be stored."""
        if self.welcome_from(customer, now=now) == NEVER:
            change = {"id": _name(self._key(now), customer), "returnedAt": iso(now)}
            self.store.update_many(TABLE, [change])

    def others(self) -> OtherCustomers:
        """Tells items of forgotten customers from others, by what the table says now."""
        try:
            items = list(self.store.scan(TABLE))
        except NoTable:
            items = []
        key = next((bytes.fromhex(item["key"]) for item in items if item["id"] == _KEY), b"")
        tombstones = {item["id"]: str(item.get("returnedAt", NEVER)) for item in items if item["id"] != _KEY}
        return OtherCustomers(key, tombstones)

    def _key(self, now: datetime) -> bytes:
        if not self._keys and (found := self.store.get(TABLE, _KEY, now=now)) is not None:
            self._keys.append(bytes.fromhex(found["key"]))
        return self._keys[0] if self._keys else b""


@dataclass(frozen=True)
class OtherCustomers:
    """The tombstones of a store as they were read, for items in bulk."""

    key: bytes
    tombstones: Mapping[str, str]
    """By the hash of a customer, the time from which on things may be stored."""
    _known: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def without(self, table: str, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The items of a table that are not about forgotten customers. A store keeps the key of its hashes."""
        if table == TABLE:
            return [item for item in items if item["id"] != _KEY or not self.key]
        if not self.tombstones:
            return list(items)
        spec = TABLES[table]
        return [item for item in items if _happened(spec, item) >= self._from(item.get("customerId"))]

    def without_rows(self, table: str, items: pl.DataFrame) -> pl.DataFrame:
        """The same of items in a frame."""
        if not self.tombstones or "customerId" not in items.columns:
            return items
        gone = [one for one in items["customerId"].unique() if self._from(one)]
        if not gone:
            return items
        theirs = items.filter(pl.col("customerId").is_in(gone))
        left = {item[TABLES[table].key] for item in self.without(table, theirs.to_dicts())}
        return items.filter(~pl.col("customerId").is_in(gone) | pl.col(TABLES[table].key).is_in(sorted(left)))

    def among(self, customers: pl.Series) -> pl.Series:
        """Which of these ids belong to forgotten customers who did not come back."""
        gone = [one for one in customers.unique() if self._from(one) == NEVER] if self.tombstones else []
        return customers.is_in(gone).fill_null(False)

    def _from(self, customer: Any) -> str:
        if not isinstance(customer, str):
            return ALWAYS
        if customer not in self._known:
            self._known[customer] = self.tombstones.get(_name(self.key, customer), ALWAYS)
        return self._known[customer]


NOBODY = OtherCustomers(b"", {})
"""Tombstones of a store in which nobody was forgotten."""


def _happened(spec: TableSpec, item: Item) -> str:
    """When what an item tells happened; an order counts from its own day, whenever it was changed."""
    dated = next((index.range for index in spec.indexes if index.hash == "customerId"), None)
    return str(item.get("orderDate") or item.get(dated or "") or "")


def _name(key: bytes, customer: str) -> str:
    return hmac.digest(key, customer.encode(), "sha256").hex()
