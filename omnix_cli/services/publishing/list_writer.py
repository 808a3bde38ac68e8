"""Writing the lists of one publish: only what differs from what the store holds, and only while the lease is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.errors import ItemsRefused
from omnix_cli.item_frames import items_of
from omnix_cli.list_ids import is_shared
from omnix_cli.protocols.progress import Progress
from omnix_cli.protocols.tables import WRITE_UNIT_BYTES, TableStore
from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.leases import TABLE, Lease
from omnix_cli.services.publishing.list_items import Edition
from omnix_cli.services.publishing.published_state import PublishedState

WRITE_ROWS = 5_000
"""Items given to the store at a time; it looks at the lease more often (see `protocols.tables.Guard`)."""
_SAMPLES = 3
_FRAME_BYTES = 260
"""What the times, the status, the run and the hash of an item add to its content."""


@dataclass
class ListWriter:
    """The writes of one publish; a dry run only counts them."""

    store: TableStore
    edition: Edition
    lease: Lease
    dry_run: bool
    refused: set[str] = field(default_factory=set)
    samples: list[Mapping[str, Any]] = field(default_factory=list)
    units: int = 0
    units_saved: int = 0
    _fates: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        refreshed = self._fates["refreshed"] + self._fates["expired"]
        others = {fate: self._fates[fate] for fate in ("added", "changed", "unchanged", "removed")}
        return {"refreshed": refreshed, **others}

    def keep_all(self, receipts: pl.DataFrame) -> pl.DataFrame:
        """Writes nothing: every list is unchanged."""
        self._fates["unchanged"] = receipts.height
        return receipts

    def replace(
        self, before: PublishedState, chunks: Iterable[pl.DataFrame], aged: pl.Expr, progress: Progress
    ) -> pl.DataFrame:
        """Makes the store hold these lists instead of what it held; returns the new receipts."""
        columns = FRAMES["receipts"].schema.column_names()
        receipts = [FRAMES["receipts"].empty()]
        for chunk in chunks:
            compared = _compared(chunk, before.receipts, self.edition, aged)
            self._write(compared)
            receipts.append(compared.select(columns))
            progress.advance(chunk.height)
        after = FRAMES["receipts"].conform(pl.concat(receipts).sort("list_id"))
        self._delete(before.receipts.join(after, on="list_id", how="anti")["list_id"])
        return after.filter(~pl.col("list_id").is_in(self.refused))

    def may_write(self) -> bool:
        """Takes the lease before the first write; false in a dry run."""
        if not self.dry_run:
            self.lease.check()
        return not self.dry_run

    def _write(self, compared: pl.DataFrame) -> None:
        """Writes the lists that are new or different. A list that only needs a new lifetime gets only new times, so
        that a `status` set by the customer in the meantime is kept."""
        self._fates.update(compared["fate"].to_list())
        units = compared.select("fate", units=_write_units())
        all_units, kept = (int(part["units"].sum()) for part in (units, units.filter(fate="unchanged")))
        self.units_saved += kept
        self.units += all_units - kept
        self._put(compared.filter(pl.col("fate").is_in(["added", "changed", "expired"])))
        for refreshed in compared.filter(pl.col("fate") == "refreshed").iter_slices(WRITE_ROWS):
            if self.may_write():
                changes = ({"id": list_id, **self.edition.times} for list_id in refreshed["list_id"])
                absent = self.store.update_many(TABLE, changes)
                self._put(refreshed.filter(pl.col("list_id").is_in(absent)))

    def _put(self, compared: pl.DataFrame) -> None:
        self.samples += items_of(self.edition.items(compared.head(_SAMPLES - len(self.samples))))
        for rows in compared.iter_slices(WRITE_ROWS):
            if rows.height and self.may_write():
                try:
                    self.store.put_many(TABLE, self.edition.items(rows))
                except ItemsRefused as refusal:
                    self.refused.update(refusal.keys)

    def _delete(self, list_ids: pl.Series) -> None:
        self._fates["removed"] += len(list_ids)
        self.units += len(list_ids)
        for some in batched(list_ids.to_list(), WRITE_ROWS):
            if self.may_write():
                self.store.delete_many(TABLE, some)


def aged(edition: Edition, refresh_share: float) -> pl.Expr:
    """Whether more than that share of a receipt's lifetime is over."""
    lifetime = pl.col("expires_at") - pl.col("published_at")
    age = edition.generated_at - pl.col("published_at")
    return age.dt.total_milliseconds() > lifetime.dt.total_milliseconds() * refresh_share


def _write_units() -> pl.Expr:
    """The write units of each item: a customer's list is also in an index, which costs the same again."""
    size = pl.col("content").str.len_bytes().cast(pl.Int64) + _FRAME_BYTES
    return -(-size // WRITE_UNIT_BYTES) * pl.when(is_shared(pl.col("list_id"))).then(1).otherwise(2)


def _compared(chunk: pl.DataFrame, before: pl.DataFrame, edition: Edition, aged: pl.Expr) -> pl.DataFrame:
    """The lists with their `fate` (added, changed, expired, refreshed or unchanged) and their new receipts."""
    joined = chunk.join(before, on="list_id", how="left", maintain_order="left", suffix="_before")
    compared = joined.with_columns(
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
    return compared.with_columns(
        published_at=pl.when(kept).then("published_at").otherwise(edition.generated_at),
        expires_at=pl.when(kept).then("expires_at").otherwise(edition.expires_at),
    )
