"""Writing the lists of one publish: only what differs from what the store holds, and only while the lease is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from omnix_cli.errors import ItemsRefused
from omnix_cli.item_frames import items_of
from omnix_cli.list_ids import is_shared
from omnix_cli.protocols.progress import Progress
from omnix_cli.protocols.tables import TableStore
from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.drift import COLUMNS, Tolerance, before, with_numbers
from omnix_cli.services.publishing.leases import TABLE, Lease
from omnix_cli.services.publishing.list_items import Edition
from omnix_cli.services.publishing.published_state import PublishedState
from omnix_cli.steps.capacity import write_units

WRITE_ROWS = 5_000
"""Items given to the store at a time; it looks at the lease more often (see `protocols.tables.Guard`)."""
_SAMPLES = 3


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
        others = {fate: self._fates[fate] for fate in ("added", "changed", "unchanged", "removed", "drifted")}
        return {"refreshed": refreshed, **others}

    def keep_all(self, receipts: pl.DataFrame) -> pl.DataFrame:
        """Writes nothing: every list is unchanged."""
        self._fates["unchanged"] = receipts.height
        return receipts

    def replace(
        self,
        state: PublishedState,
        chunks: Iterable[pl.DataFrame],
        aged: pl.Expr,
        tolerance: Tolerance,
        progress: Progress,
    ) -> pl.DataFrame:
        """Makes the store hold these lists instead of what it held; returns the new receipts."""
        columns = FRAMES["receipts"].schema.column_names()
        receipts, held = [FRAMES["receipts"].empty()], before(state.receipts)
        for chunk in chunks:
            compared = _compared(chunk, held, self.edition, aged, tolerance)
            self._write(compared)
            receipts.append(compared.select(columns))
            progress.advance(chunk.height)
        after = FRAMES["receipts"].conform(pl.concat(receipts).sort("list_id"))
        self._delete(state.receipts.join(after, on="list_id", how="anti"))
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
        self._fates["drifted"] += int(compared["drifted"].sum())
        all_units, kept = (int(part["units"].sum()) for part in (compared, compared.filter(fate="unchanged")))
        self.units_saved += kept
        self.units += all_units - kept
        self._put(compared.filter(pl.col("fate").is_in(["added", "changed", "expired"])))
        for refreshed in compared.filter(pl.col("fate") == "refreshed").iter_slices(WRITE_ROWS):
            if self.may_write():
                changes = ({"id": list_id, **self.edition.times} for list_id in refreshed["list_id"])
                absent = self.store.update_many(TABLE, changes, **self._costs(refreshed))
                self._put(refreshed.filter(pl.col("list_id").is_in(absent)))

    def _put(self, compared: pl.DataFrame) -> None:
        self.samples += items_of(self.edition.items(compared.head(_SAMPLES - len(self.samples))))
        for rows in compared.iter_slices(WRITE_ROWS):
            if rows.height and self.may_write():
                try:
                    self.store.put_many(TABLE, self.edition.items(rows), **self._costs(rows))
                except ItemsRefused as refusal:
                    self.refused.update(refusal.keys)

    def _delete(self, receipts: pl.DataFrame) -> None:
        self._fates["removed"] += receipts.height
        removed = receipts.with_columns(units=_units(pl.col("item_bytes").fill_null(1), None))
        self.units += int(removed["units"].sum())
        for some in removed.iter_slices(WRITE_ROWS):
            if self.may_write():
                self.store.delete_many(TABLE, some["list_id"].to_list(), **self._costs(some))

    def _costs(self, rows: pl.DataFrame) -> dict[str, Any]:
        """The units of these rows, for a store that bills them."""
        if not self.store.traits.bills_capacity:
            return {}
        return {"units": dict(rows.select("list_id", "units").iter_rows())}


def aged(edition: Edition, refresh_share: float) -> pl.Expr:
    """Whether more than that share of a receipt's lifetime is over."""
    lifetime = pl.col("expires_at") - pl.col("published_at")
    age = edition.generated_at - pl.col("published_at")
    return age.dt.total_milliseconds() > lifetime.dt.total_milliseconds() * refresh_share


def _units(before: pl.Expr, after: pl.Expr | None) -> pl.Expr:
    """The write units of replacing or removing items, from their bytes (null: there was none).

    The table counts the larger of both. A customer's list is in an index, too, sorted by `generatedAt`: since that
    changes with every write, the old entry is deleted there and a new one is put."""
    old = write_units(before).fill_null(0)
    new = pl.lit(0, pl.Int64) if after is None else write_units(after)
    in_index = ~is_shared(pl.col("list_id"))
    return pl.max_horizontal(old, new) + pl.when(in_index).then(old + new).otherwise(0)


def _compared(
    chunk: pl.DataFrame, held: pl.DataFrame, edition: Edition, aged: pl.Expr, tolerance: Tolerance
) -> pl.DataFrame:
    """The lists with their `fate` (added, changed, expired, refreshed or unchanged) and their new receipts. An
    unchanged list that `drifted` has other numbers than the published one, within the tolerance, until it is aged."""
    joined = chunk.join(held, on="list_id", how="left", maintain_order="left").with_row_index("row")
    is_same = (pl.col("content_hash") == pl.col("content_hash_before")).fill_null(False)
    is_known = is_same & pl.col("facts_hash_before").is_not_null()
    known = joined.filter(is_known).with_columns(pl.col(f"{name}_before").alias(name) for name in COLUMNS)
    others = with_numbers(joined.filter(~is_known))
    near = pl.Series("near", tolerance.holds(others), dtype=pl.Boolean)
    compared = pl.concat([known.with_columns(near=True), others.with_columns(near)]).sort("row")
    is_over = pl.col("expires_at") <= edition.generated_at
    compared = compared.with_columns(
        fate=pl.when(pl.col("content_hash_before").is_null())
        .then(pl.lit("added"))
        .when(~is_same & (~pl.col("near") | is_over | aged))
        .then(pl.lit("changed"))
        .when(is_over)
        .then(pl.lit("expired"))
        .when(aged)
        .then(pl.lit("refreshed"))
        .otherwise(pl.lit("unchanged"))
    )
    kept = pl.col("fate") == "unchanged"
    size = pl.col("content_bytes") + edition.frame_bytes
    before_size = pl.when(pl.col("fate") != "added").then(pl.coalesce("item_bytes", size))
    as_published = (
        pl.when(kept).then(pl.coalesce(f"{name}_before", name)).otherwise(name).alias(name)
        for name in ("content_hash", *COLUMNS)
    )
    return compared.with_columns(
        *as_published,
        drifted=kept & ~is_same,
        published_at=pl.when(kept).then("published_at").otherwise(edition.generated_at),
        expires_at=pl.when(kept).then("expires_at").otherwise(edition.expires_at),
        item_bytes=pl.when(kept).then(before_size).otherwise(size),
        units=_units(before_size, size),
    )
