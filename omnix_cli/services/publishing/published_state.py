"""What the store holds: its lists, as receipts (a row a list, with content hash and lifetime), read back to verify it.

The receipts of the last publish (a checkpoint) are used when the store's control item says that they are still true;
otherwise the store is read, under the lease.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import chain
from random import Random
from typing import Any

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.protocols.checkpoints import Checkpoints, StoredFrame
from omnix_cli.protocols.tables import TableStore
from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.drift import COLUMNS, Tolerance, before, facts_hash, numbers, with_numbers
from omnix_cli.services.publishing.leases import CONTROL, TABLE, is_to_be_created
from omnix_cli.services.publishing.list_items import CHUNK_ROWS, content_hash, content_of, lists_of, some_lists
from omnix_cli.settings import PublishSettings
from omnix_cli.steps.capacity import item_bytes

VERSION = "2"
"""The version of the receipts; receipts of another one are compared with, list by list."""
_NAMED = 20
_READ_AT_ONCE = 10_000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class PublishedState:
    """The receipts of what the store holds and where they come from; the key of the checkpoint that holds them, the
    keys of the frames that were published, and with what tolerance. `foreign` counts items of other services."""

    receipts: pl.DataFrame
    source: str
    key: str | None = None
    frames: Mapping[str, str] = field(default_factory=dict)
    tolerance: Tolerance | None = None
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

    if is_to_be_created(store):
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
    rows = checkpoint.frame("receipts").scan().collect()
    receipts = pl.concat([FRAMES["receipts"].empty(), rows], how="diagonal")
    is_current = manifest.version == VERSION
    return PublishedState(
        receipts,
        "the last receipts",
        manifest.key,
        manifest.inputs if is_current else {},
        Tolerance(*(manifest.parameters[name] for name in Tolerance().parameters)) if is_current else None,
    )


def published_day(control: Mapping[str, Any]) -> date | None:
    """The `as_of` day of the lists in the store; None when there are none."""
    return date.fromisoformat(control["asOf"]) if "asOf" in control else None


def keep_receipts(
    receipts: pl.DataFrame, checkpoints: Checkpoints, frames: Mapping[str, str], tolerance: Tolerance
) -> str:
    """Keeps the receipts as a checkpoint whose key is a hash of their content; returns the key."""
    # The hash of a content stands for its facts and numbers.
    texts = pl.concat_str(pl.exclude(COLUMNS).cast(pl.String), separator=" ", ignore_nulls=True)
    lines = receipts.select(texts).to_series()
    digest = hashlib.sha256(f"{VERSION} {tolerance.parameters}".encode())
    for some in batched(lines, CHUNK_ROWS):
        digest.update("".join(some).encode())
    key = f"publish-{digest.hexdigest()[:32]}"
    if checkpoints.find(key) is None:
        with checkpoints.write(
            key=key, step="publish", version=VERSION, parameters=tolerance.parameters, inputs=dict(frames)
        ) as writer:
            writer.append("receipts", receipts)
    return key


def _read(store: TableStore, source: str) -> PublishedState:
    """Reads what the store holds. Items are compared with their own hash, so that a list which something else has
    changed is written again."""
    parts, foreign = [FRAMES["receipts"].empty()], 0
    for items in batched(store.scan(TABLE), _READ_AT_ONCE):
        lists = [item for item in items if "contentHash" in item]
        foreign += sum(item["id"] != CONTROL for item in items) - len(lists)
        parts.append(_receipts(lists))
    receipts = pl.concat(parts)
    is_empty = receipts.is_empty() and not foreign
    return PublishedState(receipts, "an empty store" if is_empty else source, foreign=foreign)


def _receipts(items: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """The receipts of items; with an empty hash, which no content has, for one that must be written again."""
    rows = [(item["id"], *_held(item)) for item in items]
    return pl.DataFrame(rows, schema=FRAMES["receipts"].empty().schema, orient="row")


def _held(item: Mapping[str, Any]) -> tuple[str, datetime, datetime, int | None, str | None, Any, Any]:
    try:
        published, expires = (datetime.fromisoformat(item[name]) for name in ("generatedAt", "expiresAt"))
        has_its_times = published.tzinfo is not None and expires.tzinfo is not None
    except (KeyError, TypeError, ValueError):
        has_its_times = False
    content = _content(item)
    if has_its_times and content and item.get("ttl") == int(expires.timestamp()) and item["contentHash"] == content[0]:
        return content[0], published, expires, item_bytes(item), *content[1:]
    return "", _LONG_AGO, _LONG_AGO, None, None, None, None


def _content(item: Mapping[str, Any]) -> tuple[str, str, list[int], list[int]] | None:
    """The hash of the content of an item and what is compared of it; None if the item is no list."""
    try:
        content = content_of(item)
        return content_hash(content), facts_hash(content), *numbers(item, content)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None


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
    """Compares items of the store with their receipts and with the lists of tonight, from which they may be as far as
    the tolerance; another `seed` chooses another sample."""
    if settings.verify == "none" or receipts.is_empty():
        return None
    chosen = receipts["list_id"]
    if settings.verify == "sample" and len(chosen) > settings.verify_items:
        chosen = chosen.gather(sorted(Random(seed).sample(range(len(chosen)), settings.verify_items)))
        chunks: Iterable[pl.DataFrame] = (some_lists(frame, chosen) for frame in frames)
    else:
        wanted = chosen.to_frame()
        chunks = (chunk.join(wanted, on="list_id", how="semi") for frame in frames for chunk in lists_of(frame))
    written = receipts.select("list_id", written="content_hash")
    tolerance = Tolerance.of(settings)
    differing = chain.from_iterable(_differing(store, chunk, written, tolerance) for chunk in chunks)
    return Verification(len(chosen), receipts.height, tuple(sorted(differing)))


def _differing(store: TableStore, lists: pl.DataFrame, written: pl.DataFrame, tolerance: Tolerance) -> list[str]:
    """The lists whose items do not have the content that was `written`, or one too far from that of tonight."""
    if lists.is_empty():
        return []
    items = store.get_many(TABLE, lists["list_id"].to_list())  # their times and status may change
    rows = [(item["id"], *content) for item in items if (content := _content(item))]
    schema = FRAMES["receipts"].empty().select("list_id", "content_hash", *COLUMNS).schema
    held = before(pl.DataFrame(rows, schema=schema, orient="row"))
    compared = with_numbers(lists).join(held, on="list_id", how="left").join(written, on="list_id", how="left")
    is_as_written = (compared["content_hash_before"] == compared["written"]).fill_null(False).to_numpy()
    return compared.filter(~(is_as_written & tolerance.holds(compared)))["list_id"].to_list()
