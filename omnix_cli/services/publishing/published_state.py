"""Which lists the store holds now, as receipts: one row a list, with its content hash and its lifetime.

The receipts of the last publish (a checkpoint) are used when the store's control item says that they are still true;
otherwise the store is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from omnix_cli.protocols.checkpoints import Checkpoints
from omnix_cli.protocols.tables import TableStore
from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.leases import CONTROL, TABLE

VERSION = "1"
"""The version of the receipts; receipts of another one are compared with, list by list."""


@dataclass(frozen=True)
class PublishedState:
    """The receipts of what the store holds and where they come from; the key of the checkpoint that holds them, and the
    keys of the frames that were published. `foreign` counts items of other services."""

    receipts: pl.DataFrame
    source: str
    key: str | None = None
    frames: Mapping[str, str] = field(default_factory=dict)
    foreign: int = 0


def published_state(
    store: TableStore, checkpoints: Checkpoints, now: datetime, *, force: bool = False
) -> PublishedState:
    """What the store holds: from the receipts when they can be trusted, else (or with `force`) read from the store."""
    if TABLE in store.missing_tables():
        return PublishedState(FRAMES["receipts"].empty(), "an empty store")
    control = store.get(TABLE, CONTROL, now=now)
    if control is None:
        return _read(store, "the store: it has no record of a publish")
    if force:
        return _read(store, "the store, as forced")
    if control["state"] != "complete":
        return _read(store, "the store: the last publish did not finish")
    checkpoint = checkpoints.find(control["receiptsKey"])
    if checkpoint is None:
        return _read(store, "the store: the receipts of its last publish are not in this workspace")
    manifest = checkpoint.manifest
    frames = manifest.inputs if manifest.version == VERSION else {}
    return PublishedState(checkpoint.frame("receipts").scan().collect(), "the last receipts", manifest.key, frames)


def published_day(store: TableStore, *, now: datetime) -> date | None:
    """The `as_of` day of the lists in the store; None when there are none."""
    control = None if TABLE in store.missing_tables() else store.get(TABLE, CONTROL, now=now)
    return date.fromisoformat(control["asOf"]) if control and "asOf" in control else None


def keep_receipts(receipts: pl.DataFrame, checkpoints: Checkpoints, frames: Mapping[str, str]) -> str:
    """Keeps the receipts as a checkpoint whose key is a hash of their content; returns the key."""
    lines = receipts.select(pl.concat_str(pl.all().cast(pl.String), separator=" ")).to_series()
    digest = hashlib.sha256(VERSION.encode())
    for line in lines:
        digest.update(line.encode())
    key = f"publish-{digest.hexdigest()[:32]}"
    if checkpoints.find(key) is None:
        with checkpoints.write(key=key, step="publish", version=VERSION, parameters={}, inputs=dict(frames)) as writer:
            writer.append("receipts", receipts)
    return key


def _read(store: TableStore, source: str) -> PublishedState:
    columns = {"list_id": "id", "content_hash": "contentHash", "published_at": "generatedAt", "expires_at": "expiresAt"}
    rows, foreign = [], 0
    for item in store.scan(TABLE, attributes=tuple(columns.values())):
        if "contentHash" in item:
            rows.append(tuple(item[attribute] for attribute in columns.values()))
        elif item["id"] != CONTROL:
            foreign += 1
    texts = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    instants = pl.col("published_at", "expires_at").str.to_datetime(time_unit="us", time_zone="UTC")
    return PublishedState(
        texts.with_columns(instants), source if rows or foreign else "an empty store", foreign=foreign
    )
