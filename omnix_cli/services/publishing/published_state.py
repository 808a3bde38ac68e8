"""What the store holds: its lists, as receipts (a row a list, with content hash and lifetime), read back to verify it.

The receipts of the last publish (a checkpoint) are used when the store's control item says that they are still true;
otherwise the store is read, under the lease.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from omnix_cli.protocols.checkpoints import Checkpoints, StoredFrame
from omnix_cli.protocols.tables import TableStore
from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.leases import CONTROL, TABLE
from omnix_cli.services.publishing.list_items import CONTENT, lists_of, some_lists
from omnix_cli.settings import PublishSettings

VERSION = "1"
"""The version of the receipts; receipts of another one are compared with, list by list."""
_NAMED = 20


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
    store: TableStore,
    checkpoints: Checkpoints,
    control: Mapping[str, Any],
    *,
    force: bool = False,
    before_reading: Callable[[], object] = lambda: None,
) -> PublishedState:
    """What the store holds: from the receipts when they can be trusted, else (or with `force`) read from the store.
    `before_reading` is called before it is read: what is written while it is read could be missed."""

    def read(why: str) -> PublishedState:
        before_reading()
        return _read(store, why)

    if TABLE in store.missing_tables():
        return PublishedState(FRAMES["receipts"].empty(), "an empty store")
    if not control:
        return read("the store: it has no record of a publish")
    if force:
        return read("the store, as forced")
    if control["state"] != "complete":
        return read("the store: the last publish did not finish")
    checkpoint = checkpoints.find(control["receiptsKey"])
    if checkpoint is None:
        return read("the store: the receipts of its last publish are not in this workspace")
    manifest = checkpoint.manifest
    frames = manifest.inputs if manifest.version == VERSION else {}
    return PublishedState(checkpoint.frame("receipts").scan().collect(), "the last receipts", manifest.key, frames)


def published_day(control: Mapping[str, Any]) -> date | None:
    """The `as_of` day of the lists in the store; None when there are none."""
    return date.fromisoformat(control["asOf"]) if "asOf" in control else None


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


@dataclass(frozen=True)
class Verification:
    """How many items of how many were read back, and the ids of those that are not as they should be."""

    read: int
    of: int
    differences: tuple[str, ...]

    def __str__(self) -> str:
        """What it proves. If no item of a sample differs: with 95 % confidence fewer than 3 / n of all items differ
        (the rule of three; Hanley and Lippman-Hand, JAMA 1983)."""
        if self.differences:
            count = len(self.differences)
            more = f" and {count - _NAMED} more" if count > _NAMED else ""
            return f"{count:,} of {self.read:,} items differ: {', '.join(self.differences[:_NAMED])}{more}"
        if self.read == self.of:
            return f"all {self.of:,} items read back and equal"
        share = min(3 / self.read, 1)
        return f"{self.read:,} of {self.of:,} items read back and equal: with 95 % confidence under {share:.1%} differ"


def verify(
    store: TableStore, receipts: pl.DataFrame, frames: Sequence[StoredFrame], settings: PublishSettings, *, seed: str
) -> Verification | None:
    """Compares items of the store with the lists they should hold; another `seed` chooses another sample."""
    if settings.verify == "none" or receipts.is_empty():
        return None
    chosen = receipts["list_id"]
    if settings.verify == "sample" and len(chosen) > settings.verify_items:
        order = [hashlib.sha256(f"{seed} {list_id}".encode()).digest() for list_id in chosen]
        chosen = chosen.gather(sorted(range(len(order)), key=order.__getitem__)[: settings.verify_items])
        chunks: Iterable[pl.DataFrame] = (some_lists(frame, chosen) for frame in frames)
    else:
        wanted = chosen.to_frame()
        chunks = (chunk.join(wanted, on="list_id", how="semi") for frame in frames for chunk in lists_of(frame))
    differing = [list_id for chunk in chunks for list_id in _differing(store, chunk)]
    return Verification(len(chosen), receipts.height, tuple(sorted(differing)))


def _differing(store: TableStore, lists: pl.DataFrame) -> Iterator[str]:
    if lists.is_empty():
        return
    stored = {item["id"]: item for item in store.get_many(TABLE, lists["list_id"].to_list())}
    for list_id, content in lists.select("list_id", "content").iter_rows():
        item = stored.get(list_id, {})  # its times and status may change
        if any(item.get(name) != value for name, value in CONTENT.decode(content).items()):
            yield list_id
