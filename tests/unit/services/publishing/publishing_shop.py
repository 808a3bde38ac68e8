"""A store, the workspace that publishes to it, and lists to publish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from omnix_cli.schemas import FRAMES
from omnix_cli.services.publishing.leases import CONTROL
from omnix_cli.services.publishing.publisher import Publisher, PublishReport
from omnix_cli.settings import PublishSettings
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.folders import DiskShelf
from tests.conftest import MemoryFrame

NOW = datetime(2026, 3, 1, 2, 30, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = PublishSettings(lifetime_days=7, refresh_share=0.5)


def entries(
    list_id: str, kind: str, *products: str, customer: str | None = None, **columns: Any
) -> list[dict[str, Any]]:
    """The rows of one list."""
    return [
        {
            "list_id": list_id,
            "kind": kind,
            "customer_id": customer,
            "rank": rank,
            "product_id": product,
            "product_name": product.title(),
            "score": 0.9 - rank / 10,
            "shelf": None,
            "reason": 'said "so"',
            "tags": [],
            "confidence": 0.5,
            "predicted_date": None,
            "next_expected_date": None,
            "urgency": None,
            **dict.fromkeys(("category", "interval_days", "date_p10", "date_p90")),
            **columns,
        }
        for rank, product in enumerate(products, 1)
    ]


def homepage(customer: str, *products: str, **columns: Any) -> list[dict[str, Any]]:
    return entries(f"{customer}#homepage", "personal", *products, customer=customer, **columns)


def stored(name: str, *lists: list[dict[str, Any]]) -> MemoryFrame:
    rows = [row for rows in lists for row in rows]
    spec = FRAMES[name]
    frame = spec.conform(pl.DataFrame(rows, infer_schema_length=None)) if rows else spec.empty()
    return MemoryFrame(name, frame.sort(spec.sort, nulls_last=False))


def frames(*lists: list[dict[str, Any]]) -> dict[str, MemoryFrame]:
    """The lists as the frames of a run: those with a customer, and those that are shared."""
    own = [rows for rows in lists if rows[0]["customer_id"]]
    shared = [rows for rows in lists if not rows[0]["customer_id"]]
    return {"recommendations": stored("recommendations", *own), "shop_lists": stored("shop_lists", *shared)}


class AfterEveryChunk:
    """Calls a function with the number of lists each time a chunk of lists was published."""

    def __init__(self, call: Callable[[int], None]) -> None:
        self.advance = call

    def begin(self, name: str, total: int) -> None:
        pass

    def end(self) -> None:
        pass


class PublishingShop:
    """A store and the workspace that publishes to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = SqliteStore(folder / "store.sqlite")
        self.checkpoints = ParquetCheckpoints(DiskShelf(folder / "checkpoints"), now=lambda: NOW)
        self.runs = 0

    def publisher(self, *, now: datetime = NOW, **changes: Any) -> Publisher:
        publisher = Publisher(
            open_store=lambda: self.store,
            checkpoints=self.checkpoints,
            settings=SETTINGS,
            clock=lambda: now,
            holder="here",
        )
        return replace(publisher, **changes)

    def publish(
        self,
        *lists: list[dict[str, Any]],
        now: datetime = NOW,
        store: SqliteStore | None = None,
        dry_run: bool = False,
        after_chunk: Callable[[int], None] = lambda lists: None,
        **changes: Any,
    ) -> PublishReport:
        """Publishes the lists; `changes` are fields of the publisher."""
        self.runs += 1
        publisher = self.publisher(now=now, dry_run=dry_run, progress=AfterEveryChunk(after_chunk), **changes)
        return publisher.write(store or self.store, frames(*lists), f"run-{self.runs}", now.date())

    def items(self) -> dict[str, dict[str, Any]]:
        return {item["id"]: item for item in self.store.scan("recommendations") if item["id"] != CONTROL}

    def products(self) -> dict[str, list[str]]:
        return {key: [entry["productId"] for entry in item["recommendations"]] for key, item in self.items().items()}


ANN, BOB = homepage("ann", "milk", "tea"), homepage("bob", "tea")
SIMILAR = entries("similar#milk", "similar", "tea")


def counts(report: PublishReport) -> dict[str, int]:
    names = ("added", "changed", "refreshed", "unchanged", "removed", "foreign")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


class Killed(BaseException):
    """Stands for the end of the process."""


class DyingStore(SqliteStore):
    """Ends the process at the n-th write, before or after it was done."""

    def __init__(self, path: Path, *, writes: int, done: bool) -> None:
        super().__init__(path)
        self._left = writes
        self._done = done

    def _die_at_last(self, write: Callable[[], Any]) -> Any:
        self._left -= 1
        if self._left == 0 and not self._done:
            raise Killed
        result = write()
        if self._left == 0:
            raise Killed
        return result

    def put_many(self, *arguments: Any) -> int:
        return self._die_at_last(lambda: super(DyingStore, self).put_many(*arguments))

    def put_if(self, *arguments: Any, **options: Any) -> bool:
        return self._die_at_last(lambda: super(DyingStore, self).put_if(*arguments, **options))

    def update_many(self, *arguments: Any) -> list[str]:
        return self._die_at_last(lambda: super(DyingStore, self).update_many(*arguments))

    def delete_many(self, *arguments: Any) -> int:
        return self._die_at_last(lambda: super(DyingStore, self).delete_many(*arguments))
