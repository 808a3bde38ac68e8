"""Tables in memory, for the tests of what reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

Item = dict[str, Any]


@dataclass(frozen=True)
class MemoryItems:
    """Items by key; `scanned` is what a scan gives where that is not the same."""

    items: Mapping[str, Item]
    scanned: Mapping[str, Item] | None = None
    fetched: list[str] = field(default_factory=list)

    def address(self, table: str) -> str:
        return "memory"

    def expected_items(self, table: str) -> int:
        return len(self.items)

    def scan(
        self,
        table: str,
        *,
        attributes: Sequence[str] | None = None,
        segment: int = 0,
        segments: int = 1,
        after: str | None = None,
    ) -> Iterator[Item]:
        items = self.items if self.scanned is None else self.scanned
        return (item for key, item in items.items() if crc32(key.encode()) % segments == segment)

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[Item]:
        self.fetched.extend(keys)
        return (self.items[key] for key in keys if key in self.items)


def keyed(items: Mapping[str, Item]) -> dict[str, Item]:
    return {key: {"id": key, **item} for key, item in items.items()}
