"""Interactions of a customer with products in the store: read newest first, and recorded one by one."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from omnix_cli.days.utc_texts import iso
from omnix_cli.errors import Conflict
from omnix_cli.json_records import exact_json
from omnix_cli.json_records.customer_records import NewInteraction
from omnix_cli.protocols.tables import Page, TableStore
from omnix_cli.services.customers.given_times import check_time
from omnix_cli.stores.tables.store_tombstones import StoreTombstones, forgotten_error

TABLE = "product-interactions"
INDEX = "customerId-timestamp-index"


def interactions(
    store: TableStore, customer: str, *, now: datetime, limit: int = 50, cursor: str | None = None
) -> Page:
    """A page of a customer's interactions as they are stored, newest first; empty for an unknown customer."""
    return store.query(TABLE, INDEX, customer, now=now, limit=limit, cursor=cursor)


def record_interaction(
    store: TableStore,
    customer: str,
    interaction: NewInteraction,
    *,
    now: datetime,
    lifetime_days: float | None = None,
    tombstones: StoreTombstones | None = None,
) -> tuple[dict[str, Any], bool]:
    """Stores an interaction and returns its item, and whether it is new: with an `id` that is there already, or made of
    equal content, nothing changes. With `lifetime_days`, the store forgets it so long after it happened.

    Raises `Conflict` if another interaction has the id, and for a customer who was forgotten since it happened;
    `InvalidRecord` for an impossible time."""
    happened = interaction.timestamp or now
    check_time("timestamp", happened, now=now)
    tombstones = tombstones or StoreTombstones(store)
    if tombstones.hides(customer, happened, now=now):
        raise forgotten_error(customer)
    item, is_new = _recorded(store, customer, interaction, happened, now, lifetime_days)
    if tombstones.hides(customer, happened, now=now):  # forgotten since: this came too late to go
        store.delete_many(TABLE, [item["id"]])
        raise forgotten_error(customer)
    return item, is_new


def _recorded(
    store: TableStore,
    customer: str,
    interaction: NewInteraction,
    happened: datetime,
    now: datetime,
    lifetime_days: float | None,
) -> tuple[dict[str, Any], bool]:
    item = {
        **interaction.values(),
        "customerId": customer,
        "timestamp": iso(happened),
        "metadata": interaction.metadata,
    }
    item["id"] = interaction.id or hashlib.sha256(exact_json.canonical(item)).hexdigest()
    if lifetime_days is not None:
        item["ttl"] = int((happened + timedelta(days=lifetime_days)).timestamp())
    if store.put_if(TABLE, item, expected=None):
        return item, True
    stored = store.get(TABLE, item["id"], now=now)
    if stored is None:  # it expired, and the store has not deleted it yet
        store.put_many(TABLE, [item])
        return item, True
    told = {"ttl"} if interaction.timestamp else {"ttl", "timestamp"}
    if any(stored.get(name) != item.get(name) for name in (stored.keys() | item.keys()) - told):
        raise Conflict(f"there is another interaction with the id {item['id']!r}", hint="Give each one its own id.")
    return stored, False
