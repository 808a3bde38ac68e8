"""What a table looks like in any store, and how it differs from its specification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from omnix_cli.protocols.tables import Difference

READY = "ACTIVE"

Warmth = tuple[int, int]
"""Reads and writes a second that a table or an index can handle at once."""
_CREATE = "Run `omnix tables create`."


@dataclass(frozen=True)
class IndexShape:
    """The attributes of an index, each with its type, how much of an item it holds, and how warm it is."""

    attributes: tuple[str, ...]
    projection: str = "ALL"
    status: str = READY
    warm: Warmth | None = None

    def __str__(self) -> str:
        return f"{', '.join(self.attributes)}; {self.projection}"


@dataclass(frozen=True)
class TableShape:
    """A table: the key with its type, the indexes by name, the expiry attribute if expiry is on.

    In a wanted table or index, None means that any value is fine."""

    key: tuple[str, ...]
    indexes: Mapping[str, IndexShape]
    expiry: str | None = None
    status: str = READY
    billing: str | None = None
    recovery: bool | None = None
    protection: bool | None = None
    warm: Warmth | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the table and all its indexes are ready."""
        return self.status == READY and all(index.status == READY for index in self.indexes.values())


def differences(wanted: TableShape, found: TableShape | None, *, ours: bool = True) -> tuple[Difference, ...]:
    """How a table differs from what is wanted, and what to do about each difference. A table that is not `ours` is
    created by another service."""
    if found is None:
        remedy = _CREATE if ours else "Its owner creates it; set `store.tables.own_products` if that is you."
        return (Difference("table", "missing", "exists", remedy),)
    return (
        *_of_table(wanted, found),
        *_of_indexes(wanted, found),
        *_of_expiry(wanted, found),
        *_of_care(wanted, found),
    )


def lacking_warmth(wanted: Warmth | None, found: Warmth | None) -> Warmth | None:
    """The reads and writes a second to ask for, 0 for what is enough; None if both are. DynamoDB never lowers one."""
    both = zip(wanted or (0, 0), found or (0, 0), strict=True)
    reads, writes = (there if here < there else 0 for there, here in both)
    return (reads, writes) if reads or writes else None


def _of_table(wanted: TableShape, found: TableShape) -> Iterator[Difference]:
    if found.status != READY:
        yield Difference("table", found.status, READY, "Wait, then check again.")
    if found.key != wanted.key:
        remedy = "A key cannot be changed: copy the items to a new table with `omnix tables copy`."
        yield Difference("key", ", ".join(found.key), ", ".join(wanted.key), remedy)


def _of_indexes(wanted: TableShape, found: TableShape) -> Iterator[Difference]:
    for name, index in wanted.indexes.items():
        there = found.indexes.get(name)
        if there is None:
            yield Difference(f"index {name}", "missing", str(index), _CREATE)
        elif (there.attributes, there.projection) != (index.attributes, index.projection):
            remedy = "Delete the index, then run `omnix tables create`."
            yield Difference(f"index {name}", str(there), str(index), remedy)
        elif there.status != READY:
            yield Difference(f"index {name}", there.status, READY, "Wait until it is built.")
        elif lacking_warmth(index.warm, there.warm):
            what = f"warm throughput of index {name}"
            yield Difference(what, _units(there.warm), _units(index.warm), _CREATE)
    for name in sorted(found.indexes.keys() - wanted.indexes.keys()):
        remedy = "omnix does not use it. Delete it if nobody does: every write pays for it."
        yield Difference(f"index {name}", str(found.indexes[name]), "none", remedy)


def _of_expiry(wanted: TableShape, found: TableShape) -> Iterator[Difference]:
    if found.expiry == wanted.expiry:
        return
    if found.expiry is None:
        remedy = _CREATE
    elif wanted.expiry is None:
        remedy = "Items are being deleted: turn it off, or add the table to `store.tables.expiring`."
    else:
        remedy = "Turn it off, wait an hour, then run `omnix tables create`."
    yield Difference("expiry", found.expiry or "off", wanted.expiry or "off", remedy)


def _of_care(wanted: TableShape, found: TableShape) -> Iterator[Difference]:
    """Backups, protection and billing."""
    cares = (
        ("point-in-time recovery", "point_in_time_recovery", wanted.recovery, found.recovery),
        ("deletion protection", "deletion_protection", wanted.protection, found.protection),
    )
    for what, setting, should, does in cares:
        if should is not None and bool(does) != should:
            remedy = _CREATE if should else f"Turn it off, or set `store.tables.{setting}`."
            yield Difference(what, "off" if should else "on", "on" if should else "off", remedy)
    if wanted.billing is not None and found.billing != wanted.billing:
        yield Difference("billing", str(found.billing), wanted.billing, "Switch the table to on-demand capacity.")
    if lacking_warmth(wanted.warm, found.warm):
        yield Difference("warm throughput", _units(found.warm), _units(wanted.warm), _CREATE)


def _units(warm: Warmth | None) -> str:
    return f"{warm[0]} reads, {warm[1]} writes a second" if warm else "unknown"
