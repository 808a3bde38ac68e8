"""Writing the imported purchases to `purchase-history`, with the dates on which they were made.

Cancelled purchases and returned units are left out (see `steps.history.seen`), since the table holds purchases only. A
purchase that was returned in part is written with the quantity and the total price that are left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from omnix_cli.item_frames import items_of
from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.protocols.progress import Progress
from omnix_cli.protocols.tables import Names
from omnix_cli.services.migrations.copying import CopyOptions, CopyReport, copy
from omnix_cli.services.migrations.sides import Source, Target
from omnix_cli.steps.history import seen
from omnix_cli.stores.migrations.journal import Journals
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE, purchase_items

_ROWS_IN_MEMORY = 2_000_000
_CHUNK_ROWS = 20_000


def backfill(
    purchases: StoredFrame, target: Target, journals: Journals, *, options: CopyOptions, progress: Progress
) -> CopyReport:
    """Copies the imported purchases to their table, which is created in an embedded store; see `copying.copy`."""
    options = replace(options, create=options.create or not target.store.traits.is_administered)
    source = Source(PurchaseItems(purchases), segments=1 + purchases.rows // _ROWS_IN_MEMORY, bills_capacity=False)
    return copy([PURCHASE_TABLE], source, target, journals, options=options, progress=progress)


@dataclass(frozen=True)
class PurchaseItems:
    """The imported purchases, read like a table. Implements `protocols.ItemSource` and `FrameSource`.

    A segment holds the customers of one hash value, so each segment can be read on its own."""

    purchases: StoredFrame

    def address(self, table: str) -> str:
        return self.purchases.key

    def expected_items(self, table: str) -> int:
        return self.purchases.rows

    def scan(
        self, table: str, *, attributes: Names = None, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[dict[str, Any]]:
        for items in self.scan_frames(table, segment=segment, segments=segments, after=after):
            names = items.columns if attributes is None else [name for name in attributes if name in items.columns]
            yield from items_of(items.select(names))

    def scan_frames(
        self, table: str, *, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[pl.DataFrame]:
        own = self.purchases.scan().filter(pl.col("customer_id").hash(seed=0) % segments == segment)
        lines = seen(own, as_of=date.max).sort("purchase_id")
        later = lines if after is None else lines.filter(pl.col("purchase_id") > after)
        yield from map(purchase_items, later.collect().iter_slices(_CHUNK_ROWS))

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        lines = self.purchases.scan()
        customers = lines.filter(pl.col("purchase_id").is_in(list(keys))).select("customer_id").unique()
        own = lines.join(customers, on="customer_id", how="semi")  # a return is another line of the same customer
        chosen = seen(own, as_of=date.max).filter(pl.col("purchase_id").is_in(list(keys))).collect()
        yield from items_of(purchase_items(chosen))
