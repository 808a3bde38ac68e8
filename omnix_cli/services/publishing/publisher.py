"""Publishing: the store is brought to hold exactly the latest lists, and only what differs is written.

One publisher writes at a time: it holds a lease in the store (see `leases`).

What stands in the store is known at any moment, also after a process was killed in the middle of it:

- Each item carries the hash of its content, so a store can always be read to learn what stands in it.
- The receipts of a finished publish (a checkpoint) say the same without reading, as long as nothing was written since.
  A control item in the store says so: it names the receipts, and is set to `writing` before the first write.
- So when the control item names receipts that this workspace has, they are compared with; in every other case (a
  publish that did not finish, another workspace, a store that was deleted or restored) the store itself is.

A killed publish is therefore simply published again: what it wrote is found to be there already. Afterwards some of
the items, or all, are read back and compared with what they should be.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Any

import polars as pl

from omnix_cli.errors import ItemsRefused
from omnix_cli.item_frames import items_of
from omnix_cli.protocols.checkpoints import Checkpoints, StoredFrame
from omnix_cli.protocols.tables import TableStore, WriteLimit
from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.leases import CONTROL, Lease
from omnix_cli.services.publishing.list_items import Edition, lists
from omnix_cli.services.publishing.verification import Verification, verify, write_units
from omnix_cli.settings import PublishSettings

TABLE = "recommendations"
VERSION = "1"
WRITE_ROWS = 5_000
"""Items written between two looks at the lease."""


@dataclass(frozen=True)
class PublishReport:
    """What a publish did, or would do. The lists are those added, changed, refreshed and unchanged together.

    `refreshed` lists have the content they had, but a new lifetime; `removed` were published before and are not among
    the lists any more; `foreign` items in the table are not ours and stay (counted only when the store was read).
    `refused` items the store does not take for what they are (too large, say). `compared_with` says what the lists were
    compared with. `receipts_key` names what stands in the store now. `units` are the write units that the writes need,
    `units_saved` those of the items that had not to be written. `samples` are a few of the items written,
    `limit` is how fast a dry run would write.
    """

    lists: int
    added: int
    changed: int
    refreshed: int
    unchanged: int
    removed: int
    foreign: int
    refused: int
    compared_with: str
    receipts_key: str | None
    units: int
    units_saved: int
    samples: tuple[Mapping[str, Any], ...]
    limit: WriteLimit | None
    verification: Verification | None
    dry_run: bool
    seconds: float

    @property
    def written(self) -> int:
        """Items put, renewed or deleted."""
        return self.added + self.changed + self.refreshed + self.removed

    @property
    def figures(self) -> dict[str, int | float | str]:
        """How many lists met which fate."""
        fates = ("added", "changed", "refreshed", "unchanged", "removed", "refused")
        return {fate: getattr(self, fate) for fate in fates if fate != "refused" or self.refused}

    def cost(self, price: float) -> dict[str, int | float | str]:
        """Write units and dollars, spent and saved, at a price for a million units."""
        spent, saved = (round(units * price / 1e6, 4) for units in (self.units, self.units_saved))
        units = {"write_units": self.units, "write_units_saved": self.units_saved}
        return {**units, "cost_usd": spent, "cost_saved_usd": saved}

    @property
    def findings(self) -> tuple[str, ...]:
        """What the verification says, and how fast the store would be written to."""
        return tuple(found.said for found in (self.verification, self.limit) if found)

    @property
    def incomplete(self) -> str:
        """What was not done; empty when all was."""
        differ = self.verification.said if self.verification and self.verification.differences else ""
        refused = f"the store refused {self.refused} items" if self.refused else ""
        return "; ".join(filter(None, (refused, differ)))


@dataclass(frozen=True)
class _Standing:
    """What stands in the store: receipts, where they are from, the key of the checkpoint that holds them, and the keys
    of the frames whose lists they are."""

    receipts: pl.DataFrame
    source: str
    key: str | None = None
    lists: Mapping[str, str] = field(default_factory=dict)
    foreign: int = 0


def publish(
    recommendations: StoredFrame,
    shop_lists: StoredFrame,
    *,
    store: TableStore,
    checkpoints: Checkpoints,
    settings: PublishSettings,
    clock: Callable[[], datetime],
    holder: str,
    run_id: str,
    as_of: date,
    force: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda lists: None,
) -> PublishReport:
    """Writes what differs, removes what is stale, and records what stands; `progress` hears of every lists done.

    `holder` names the workspace that publishes. With `force` the receipts are not believed: the store is read, so that
    what others did to it is mended too. Raises `LockedError` while another workspace publishes to the same store."""
    began, now = time.perf_counter(), clock()
    if not dry_run:
        store.create_tables()
    before = _standing(store, checkpoints, now, force=force)
    edition = Edition.of(run_id, now=now, lifetime_days=settings.lifetime_days)
    facts = {"runId": run_id, "asOf": as_of.isoformat()}
    lease = Lease(store, TABLE, holder, clock, settings.lease_seconds, facts)
    writing = _Writing(store, edition, lease, dry_run=dry_run)
    frames = (recommendations, shop_lists)
    keys = {frame.name: frame.key for frame in frames}
    aged = _aged(edition, settings.refresh_share)
    verification = None
    if before.lists == keys and before.receipts.filter(aged).is_empty():
        after, key = writing.leave(before.receipts), before.key
    else:
        after, key = writing.replace(before, chain.from_iterable(map(lists, frames)), aged, progress), before.key
        if not dry_run and (lease.held or key is None):
            writing.begin()
            verification = verify(store, TABLE, after, frames, settings, seed=run_id)
            if verification and verification.differences:
                lease.disturb()
            else:
                key = _commit(after, checkpoints, {} if writing.refused else keys)  # what was refused is tried again
                lease.complete(key)
    return PublishReport(
        lists=after.height,
        **writing.counts(),
        foreign=before.foreign,
        refused=len(writing.refused),
        compared_with=before.source,
        receipts_key=key,
        units=writing.units,
        units_saved=writing.units_saved,
        samples=tuple(writing.samples),
        limit=store.write_limit(TABLE) if dry_run and TABLE not in store.missing_tables() else None,
        verification=verification,
        dry_run=dry_run,
        seconds=time.perf_counter() - began,
    )


def published_day(store: TableStore, *, now: datetime) -> date | None:
    """The day on which the run stood whose lists are in the store; None when none are."""
    control = None if TABLE in store.missing_tables() else store.get(TABLE, CONTROL, now=now)
    return date.fromisoformat(control["asOf"]) if control and "asOf" in control else None


def _standing(store: TableStore, checkpoints: Checkpoints, now: datetime, *, force: bool) -> _Standing:
    """What stands in the store, from the receipts when they can be relied on, else read from the store."""
    if TABLE in store.missing_tables():
        return _Standing(FRAMES["receipts"].empty(), "an empty store")
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
    written_for = manifest.inputs if manifest.version == VERSION else {}
    receipts = checkpoint.frame("receipts").scan().collect()
    return _Standing(receipts, "the last receipts", manifest.key, written_for)


def _read(store: TableStore, source: str) -> _Standing:
    columns = {"list_id": "id", "content_hash": "contentHash", "published_at": "generatedAt", "expires_at": "expiresAt"}
    rows, foreign = [], 0
    for item in store.scan(TABLE, attributes=tuple(columns.values())):
        if "contentHash" in item:
            rows.append(tuple(item[attribute] for attribute in columns.values()))
        elif item["id"] != CONTROL:
            foreign += 1
    text = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    instant = pl.col("published_at", "expires_at").str.to_datetime(time_unit="us", time_zone="UTC")
    return _Standing(text.with_columns(instant), source if rows or foreign else "an empty store", foreign=foreign)


def _aged(edition: Edition, refresh_share: float) -> pl.Expr:
    """Whether more than that share of a receipt's lifetime is over."""
    lifetime = pl.col("expires_at") - pl.col("published_at")
    age = edition.generated_at - pl.col("published_at")
    return age.dt.total_milliseconds() > lifetime.dt.total_milliseconds() * refresh_share


def _judged(piece: pl.DataFrame, before: pl.DataFrame, edition: Edition, aged: pl.Expr) -> pl.DataFrame:
    """The lists with their `fate` (added, changed, expired, refreshed or unchanged) and their new receipts."""
    joined = piece.join(before, on="list_id", how="left", maintain_order="left", suffix="_before")
    judged = joined.with_columns(
        fate=pl.when(pl.col("content_hash_before").is_null())
        .then(pl.lit("added"))
        .when(pl.col("content_hash_before") != pl.col("content_hash"))
        .then(pl.lit("changed"))
        .when(pl.col("expires_at") <= edition.generated_at)
        .then(pl.lit("expired"))
        .when(aged)
        .then(pl.lit("refreshed"))
        .otherwise(pl.lit("unchanged"))
    )
    kept = pl.col("fate") == "unchanged"
    return judged.with_columns(
        published_at=pl.when(kept).then("published_at").otherwise(edition.generated_at),
        expires_at=pl.when(kept).then("expires_at").otherwise(edition.expires_at),
    )


_SAMPLES = 3


class _Writing:
    """The writes of one publish, under its lease; a dry run only counts them."""

    def __init__(self, store: TableStore, edition: Edition, lease: Lease, *, dry_run: bool) -> None:
        self._store = store
        self._edition = edition
        self._lease = lease
        self._dry_run = dry_run
        self._fates: Counter[str] = Counter()
        self.refused: set[str] = set()
        self.samples: list[Mapping[str, Any]] = []
        self.units = self.units_saved = 0

    def counts(self) -> dict[str, int]:
        """How many lists met which fate."""
        refreshed = self._fates["refreshed"] + self._fates["expired"]
        others = {fate: self._fates[fate] for fate in ("added", "changed", "unchanged", "removed")}
        return {"refreshed": refreshed, **others}

    def leave(self, receipts: pl.DataFrame) -> pl.DataFrame:
        """Nothing is to be done; what stands stays."""
        self._fates["unchanged"] = receipts.height
        return receipts

    def replace(
        self, before: _Standing, pieces: Iterable[pl.DataFrame], aged: pl.Expr, progress: Callable[[int], None]
    ) -> pl.DataFrame:
        """Brings the store from what stands to these lists; returns the new receipts."""
        columns = FRAMES["receipts"].schema.column_names()
        receipts = [FRAMES["receipts"].empty()]
        for piece in pieces:
            judged = _judged(piece, before.receipts, self._edition, aged)
            self._write(judged)
            receipts.append(judged.select(columns))
            progress(piece.height)
        after = FRAMES["receipts"].conform(pl.concat(receipts).sort("list_id"))
        self._delete(before.receipts.join(after, on="list_id", how="anti")["list_id"])
        return after.filter(~pl.col("list_id").is_in(self.refused))

    def begin(self) -> bool:
        """Takes the lease before the first write, and keeps it before every other; false in a dry run."""
        if self._dry_run:
            return False
        if self._lease.held:
            self._lease.keep()
        else:
            self._lease.take()
        return True

    def _write(self, judged: pl.DataFrame) -> None:
        """Puts the lists that are new or different. Of those that only need a new lifetime nothing but the times is
        written, so that what a customer did with one meanwhile (its `status`) stays."""
        self._fates.update(judged["fate"].to_list())
        units = judged.select("fate", units=write_units(pl.col("content"), pl.col("list_id")))
        all_units, kept = (int(part["units"].sum()) for part in (units, units.filter(fate="unchanged")))
        self.units_saved += kept
        self.units += all_units - kept
        self._put(judged.filter(pl.col("fate").is_in(["added", "changed", "expired"])))
        for refreshed in judged.filter(pl.col("fate") == "refreshed").iter_slices(WRITE_ROWS):
            if self.begin():
                renewed = ({"id": list_id, **self._edition.times} for list_id in refreshed["list_id"])
                absent = self._store.update_many(TABLE, renewed)
                self._put(refreshed.filter(pl.col("list_id").is_in(absent)))

    def _put(self, judged: pl.DataFrame) -> None:
        self.samples += items_of(self._edition.items(judged.head(_SAMPLES - len(self.samples))))
        for rows in judged.iter_slices(WRITE_ROWS):
            if rows.height and self.begin():
                try:
                    self._store.put_many(TABLE, self._edition.items(rows))
                except ItemsRefused as refusal:
                    self.refused.update(refusal.keys)

    def _delete(self, list_ids: pl.Series) -> None:
        """Deletes these lists."""
        self._fates["removed"] += len(list_ids)
        self.units += len(list_ids)
        for first in range(0, len(list_ids), WRITE_ROWS):
            if self.begin():
                self._store.delete_many(TABLE, list_ids[first : first + WRITE_ROWS].to_list())


def _commit(receipts: pl.DataFrame, checkpoints: Checkpoints, inputs: dict[str, str]) -> str:
    """Keeps the receipts under a key made of what they say."""
    lines = receipts.select(pl.concat_str(pl.all().cast(pl.String), separator=" ")).to_series()
    digest = hashlib.sha256(VERSION.encode())
    for line in lines:
        digest.update(line.encode())
    key = f"publish-{digest.hexdigest()[:32]}"
    if checkpoints.find(key) is None:
        with checkpoints.write(key=key, step="publish", version=VERSION, parameters={}, inputs=inputs) as writer:
            writer.append("receipts", receipts)
    return key
