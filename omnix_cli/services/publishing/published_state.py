"""What the store holds: its lists, as receipts (a row a list, with content hash and lifetime), read back to verify it.

The receipts of the last publish (a checkpoint) are used when the store's control item says that they are still true;
otherwise the store is read, under the lease.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.protocols.checkpoints import Checkpoints, StoredFrame
from omnix_cli.protocols.tables import TableStore
from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.leases import CONTROL, DISTURBED, TABLE, is_to_be_created
from omnix_cli.services.publishing.list_items import CHUNK_ROWS, CONTENT, content_hash, lists_of, some_lists
from omnix_cli.settings import PublishSettings
from omnix_cli.steps.capacity import item_bytes

VERSION = "1"
"""The version of the receipts; receipts of another one are compared with, list by list."""
_NAMED = 20
_RECEIPT_ATTRIBUTES = ("id", "contentHash", "generatedAt", "expiresAt")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


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

    def read(why: str, *, whole: bool = False) -> PublishedState:
        before_reading()
        return _read(store, why, whole=whole)

    if is_to_be_created(store):
        return PublishedState(FRAMES["receipts"].empty(), "an empty store")
    if not control:
        return read("the store: it has no record of a publish")
    if force:
        return read("the store, as forced", whole=True)
    if control["state"] != "complete":
        return read("the store: the last publish did not finish", whole=control["state"] == DISTURBED)
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
    texts = pl.concat_str(pl.all().cast(pl.String), separator=" ", ignore_nulls=True)
    lines = receipts.select(texts).to_series()
    digest = hashlib.sha256(VERSION.encode())
    for some in batched(lines, CHUNK_ROWS):
        digest.update("".join(some).encode())
    key = f"publish-{digest.hexdigest()[:32]}"
    if checkpoints.find(key) is None:
        with checkpoints.write(key=key, step="publish", version=VERSION, parameters={}, inputs=dict(frames)) as writer:
            writer.append("receipts", receipts)
    return key


def _read(store: TableStore, source: str, *, whole: bool = False) -> PublishedState:
    """Reads what the store holds. `whole` items are compared with their own hash, so that a list which something else
    has changed is written again; otherwise the hash is believed, which takes a small part of the time."""
    receipts, foreign = [], 0
    for item in store.scan(TABLE, attributes=None if whole else _RECEIPT_ATTRIBUTES):
        if "contentHash" in item:
            receipts.append(_receipt(item, whole=whole))
        elif item["id"] != CONTROL:
            foreign += 1
    schema = FRAMES["receipts"].empty().schema
    frame = pl.DataFrame(receipts, schema=schema, orient="row")
    return PublishedState(frame, source if receipts or foreign else "an empty store", foreign=foreign)


def _receipt(item: Mapping[str, Any], *, whole: bool) -> tuple[str, str, datetime, datetime, int | None]:
    """The receipt of an item; with an empty hash, which no content has, if the item must be written again."""
    try:
        published, expires = (datetime.fromisoformat(item[name]) for name in ("generatedAt", "expiresAt"))
        is_as_written = published.tzinfo is not None and expires.tzinfo is not None
    except (KeyError, TypeError, ValueError):
        is_as_written = False
    if not is_as_written:
        return item["id"], "", _LONG_AGO, _LONG_AGO, None
    if not whole:
        return item["id"], str(item["contentHash"]), published, expires, None
    hashed = item["contentHash"] if item.get("ttl") == int(expires.timestamp()) and _has_its_hash(item) else ""
    return item["id"], hashed, published, expires, item_bytes(item)


def _has_its_hash(item: Mapping[str, Any]) -> bool:
    try:
        return bool(item["contentHash"] == content_hash(item))
    except (AttributeError, LookupError, TypeError, ValueError):
        return False


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
        chosen = chosen.gather(sorted(Random(seed).sample(range(len(chosen)), settings.verify_items)))
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
