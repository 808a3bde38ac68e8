"""Profiles of customers: registering, reading, changing preferences and consent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from omnix_cli.days.utc_texts import iso
from omnix_cli.errors import Conflict, NotFound
from omnix_cli.json_records import exact_json
from omnix_cli.json_records.customer_records import Consent, Named, PreferencesChange, Registration, parsed, wrong
from omnix_cli.protocols.tables import TableStore
from omnix_cli.steps.history import ANONYMOUS

TABLE = "customer-profiles"
BLOCKS = ("demographics", "preferences", "shoppingPatterns", "consent")
_REGISTERED_AS = "registrationHash"
"""An attribute of the item: what the customer was registered with, so that the same registration is known later."""
COMPUTED = "computedPatterns"
"""An attribute of the item: the shopping patterns as the last run wrote them."""
_FIRST, _LAST = ("customerId", *BLOCKS), ("createdAt", "updatedAt", "version")
_MOST_CHANGES = 10**15
"""No version is as high; what an older service wrote in its place may be."""
_DEFAULTS = parsed(Registration, {"customerId": "-"}).values()


@dataclass(frozen=True)
class Registered:
    """The profile of a registered customer; `created` is false where the same registration was there already."""

    profile: dict[str, Any]
    created: bool


def check_id(customer: str) -> None:
    """Raises `InvalidRecord` for an id under which nothing of a customer is stored."""
    parsed(Named, {"customerId": customer})
    if customer.startswith(ANONYMOUS):
        raise wrong("customerId", f"must not begin with {ANONYMOUS}, as anonymous orders do")


def register(store: TableStore, registration: Registration, *, now: datetime) -> Registered:
    """Stores a new customer. The same registration again changes nothing, whatever happened to the profile since.

    Raises `Conflict` for a customer who was registered otherwise."""
    customer = registration.customer_id
    check_id(customer)
    blocks = {name: value for name, value in registration.values().items() if name in BLOCKS}
    content = hashlib.sha256(exact_json.canonical(blocks)).hexdigest()
    times = {"createdAt": iso(now), "updatedAt": iso(now)}
    item = {"customerId": customer, **blocks, **times, "version": 1, _REGISTERED_AS: content}
    if store.put_if(TABLE, item, expected=None):
        return Registered(_shown(item), created=True)
    stored = _stored(store, customer, now)
    # What an older service registered has no hash; then the patterns that a run wrote say nothing about it.
    said = BLOCKS if _REGISTERED_AS in stored or COMPUTED not in stored else (*BLOCKS[:2], *BLOCKS[3:])
    if content == stored.get(_REGISTERED_AS) or all(_block(stored, name) == blocks.get(name, {}) for name in said):
        return Registered(_shown(stored), created=False)
    raise Conflict(
        f"customer {customer!r} is registered already, with other values",
        hint="Change the preferences or the consent instead.",
    )


def profile(store: TableStore, customer: str, *, now: datetime) -> dict[str, Any]:
    """The profile of a customer, with the defaults of what it lacks. Raises `NotFound`."""
    return _shown(_stored(store, customer, now))


def change_preferences(
    store: TableStore, customer: str, change: PreferencesChange, *, now: datetime, version: int | None = None
) -> dict[str, Any]:
    """Replaces the preferences that are given, each whole, and returns the profile. A change of nothing is none.

    Raises `NotFound`; `Conflict` if the profile is not at this `version`, or if somebody else changed it meanwhile."""
    return _change(store, customer, {"preferences": change.given()}, now=now, version=version)


def set_consent(
    store: TableStore, customer: str, consent: Consent, *, now: datetime, version: int | None = None
) -> dict[str, Any]:
    """Sets what a customer agrees to, and returns the profile; what is not given stays. Raises as
    `change_preferences`. Lists and questions to models follow with the next run."""
    return _change(store, customer, {"consent": consent.values()}, now=now, version=version)


def _change(
    store: TableStore, customer: str, blocks: Mapping[str, Mapping[str, Any]], *, now: datetime, version: int | None
) -> dict[str, Any]:
    """Puts the profile with parts of some blocks replaced."""
    stored = _stored(store, customer, now)
    if version is not None and version != stored.get("version"):
        raise _overtaken(customer, f"it is at version {stored.get('version', 'none')}, not {version}")
    changed = {name: {**_block(stored, name), **values} for name, values in blocks.items() if values}
    if all(_block(stored, name) == block for name, block in changed.items()):
        return _shown(stored)
    item = changed_item(stored, changed, now=now)
    if not store.put_if(TABLE, item, expected=seen_version(stored)):
        raise _overtaken(customer, "somebody changed it at the same time")
    return _shown(item)


def changed_item(stored: Mapping[str, Any], changes: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """The next version of an item: with these attributes, without those that are None."""
    # The time is never before that of the version before, which other writers compare with.
    version = stored.get("version")
    times = {
        "updatedAt": max(iso(now), str(stored.get("updatedAt", ""))),
        "version": int(version) + 1 if isinstance(version, int | Decimal) and -1 < version < _MOST_CHANGES else 1,
    }
    changed = {name: value for name, value in changes.items() if value is not None}
    return {name: value for name, value in stored.items() if name not in changes} | changed | times


def seen_version(stored: Mapping[str, Any]) -> dict[str, Any]:
    """What an item must still have so that it is replaced: its version and time, or everything if it has neither."""
    return {name: stored[name] for name in ("version", "updatedAt") if name in stored} or dict(stored)


def _overtaken(customer: str, reason: str) -> Conflict:
    hint = "Read the profile again, then repeat the change."
    return Conflict(f"the profile of {customer!r} was not changed: {reason}", hint=hint)


def _stored(store: TableStore, customer: str, now: datetime) -> dict[str, Any]:
    item = store.get(TABLE, customer, now=now)
    if item is None:
        raise NotFound(f"there is no customer {customer!r}", hint="Check the id, or register the customer.")
    return item


def _shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item without what is ours alone, and with the default of every field that it lacks. The fields are in the
    same order after every change."""
    rest = (*sorted(item.keys() - {*_FIRST, *_LAST, _REGISTERED_AS, COMPUTED}), *_LAST)
    shown = {"customerId": item["customerId"], **{name: _block(item, name) for name in BLOCKS}}
    return shown | {name: item[name] for name in rest if name in item}


def _block(item: Mapping[str, Any], name: str) -> dict[str, Any]:
    default, stored = _DEFAULTS.get(name, {}), item.get(name)
    return {**default, **stored} if isinstance(stored, Mapping) else dict(default)
