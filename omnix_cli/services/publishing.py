"""Publishing: the store is brought to hold exactly the latest lists, and only what differs is written.

What stands in the store is known at any moment, also after a process was killed in the middle of it:

- Each item carries the hash of its content, so a store can always be read to learn what stands in it.
- The receipts of a finished publish (a checkpoint) say the same without reading, as long as nothing was written since.
  A control item in the store says so: it names the receipts, and is set to `writing` before the first write.
- So when the control item names receipts that this workspace has, they are compared with; in every other case (a
  publish that did not finish, another workspace, a store that was deleted or restored) the store itself is.

A killed publish is therefore simply published again: what it wrote is found to be there already.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain

import polars as pl

from omnix_cli.errors import LockedError
from omnix_cli.protocols import Checkpoints, StoredFrame, TableStore
from omnix_cli.schemas import FRAMES
from omnix_cli.services.items import Edition, lists
from omnix_cli.settings import PublishSettings

TABLE = "recommendations"
CONTROL = "control#published"
"""The key of the control item. Its `state` is `writing` or `complete`; then `receiptsKey` names the receipts."""
VERSION = "1"


@dataclass(frozen=True)
class PublishReport:
    """What a publish did, or would do. The lists are those added, changed, refreshed and unchanged together.

    `refreshed` lists have the content they had, but a new lifetime; `removed` were published before and are not among
    the lists any more; `foreign` items in the table are not ours and stay (counted only when the store was read).
    `compared_with` says what the lists were compared with. `receipts_key` names what stands in the store now.
    """

    lists: int
    added: int
    changed: int
    refreshed: int
    unchanged: int
    removed: int
    foreign: int
    compared_with: str
    receipts_key: str | None
    dry_run: bool
    seconds: float

    @property
    def written(self) -> int:
        """Items put, renewed or deleted."""
        return self.added + self.changed + self.refreshed + self.removed


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
    now: datetime,
    run_id: str,
    as_of: date,
    force: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda lists: None,
) -> PublishReport:
    """Writes what differs, removes what is stale, and records what stands; `progress` hears of every lists done.

    With `force` the receipts are not believed: the store is read, so that what others did to it is mended too.
    Raises `LockedError` when another publish wrote to the same store meanwhile."""
    began = time.perf_counter()
    if not dry_run:
        store.create_tables()
    before = _standing(store, checkpoints, now, force=force)
    edition = Edition.of(run_id, now=now, lifetime_days=settings.lifetime_days)
    writing = _Writing(store, edition, as_of, dry_run=dry_run)
    frames = (recommendations, shop_lists)
    keys = {frame.name: frame.key for frame in frames}
    aged = _aged(edition, settings.refresh_share)
    if before.lists == keys and before.receipts.filter(aged).is_empty():
        after, key = writing.leave(before.receipts), before.key
    else:
        after, key = writing.replace(before, chain.from_iterable(map(lists, frames)), aged, progress), before.key
        if not dry_run and (writing.begun or key is None):
            key = _commit(after, checkpoints, keys)
            writing.finish(key)
    return PublishReport(
        lists=after.height,
        **writing.counts(),
        foreign=before.foreign,
        compared_with=before.source,
        receipts_key=key,
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


class _Writing:
    """The writes of one publish, between two marks in the store; a dry run only counts them."""

    def __init__(self, store: TableStore, edition: Edition, as_of: date, *, dry_run: bool) -> None:
        self._store = store
        self._edition = edition
        self._dry_run = dry_run
        self._mark = {"id": CONTROL, "state": "writing", "runId": edition.run_id, "asOf": as_of.isoformat()}
        self._fates: Counter[str] = Counter()
        self.begun = False

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
        self._delete(before.receipts.join(after, on="list_id", how="anti")["list_id"].to_list())
        return after

    def _write(self, judged: pl.DataFrame) -> None:
        """Puts the lists that are new or different. Of those that only need a new lifetime nothing but the times is
        written, so that what a customer did with one meanwhile (its `status`) stays."""
        self._fates.update(judged["fate"].to_list())
        self._put(judged.filter(pl.col("fate").is_in(["added", "changed", "expired"])))
        refreshed = judged.filter(pl.col("fate") == "refreshed")
        if refreshed.height and self._begin():
            renewed = ({"id": list_id, **self._edition.times} for list_id in refreshed["list_id"])
            absent = self._store.update_many(TABLE, renewed)
            self._put(refreshed.filter(pl.col("list_id").is_in(absent)))

    def _delete(self, list_ids: list[str]) -> None:
        """Deletes these lists."""
        self._fates["removed"] += len(list_ids)
        if list_ids and self._begin():
            self._store.delete_many(TABLE, list_ids)

    def finish(self, receipts_key: str) -> None:
        """Marks the store as holding exactly what the receipts say."""
        self._begin()
        complete = {**self._mark, "state": "complete", "receiptsKey": receipts_key}
        if not self._store.put_if(TABLE, complete, expected=self._mark):
            self._store.put_many(TABLE, [{**self._mark, "state": "disturbed"}])
            raise LockedError(
                "another publish wrote to the same store meanwhile",
                hint="Run `omnix publish` again when it is done: it reads the store and mends it.",
            )

    def _put(self, rows: pl.DataFrame) -> None:
        if rows.height and self._begin():
            self._store.put_many(TABLE, _items(rows, self._edition))

    def _begin(self) -> bool:
        """Leaves the mark before the first write; false in a dry run."""
        if not self.begun and not self._dry_run:
            self._store.put_many(TABLE, [self._mark])
            self.begun = True
        return self.begun


def _items(rows: pl.DataFrame, edition: Edition) -> Iterator[dict[str, object]]:
    columns: Iterable[tuple[str, str, str]] = rows.select("list_id", "content_hash", "content").iter_rows()
    return (edition.item(*row) for row in columns)


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
