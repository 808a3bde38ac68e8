"""Reading back what was published."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.publishing.leases import TABLE
from omnix_cli.services.publishing.list_items import contents, lists_of, some_lists
from omnix_cli.settings import PublishSettings

_NAMED = 20


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
        if any(item.get(name) != value for name, value in contents(content).items()):
            yield list_id
