"""The tables: keys, secondary indexes and expiry attributes, the same for every store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl


@dataclass(frozen=True)
class IndexSpec:
    """A secondary index: the items of one hash value, sorted by the range attribute (or by key without one)."""

    hash: str
    range: str | None = None

    @property
    def name(self) -> str:
        """`<hash>-<range>-index`."""
        return "-".join((*self.attributes, "index"))

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that an item must have to be in the index."""
        return (self.hash,) if self.range is None else (self.hash, self.range)


@dataclass(frozen=True)
class TableSpec:
    """A table: its key attribute, its indexes and the attribute that holds the expiry time in epoch seconds."""

    name: str
    key: str
    indexes: tuple[IndexSpec, ...] = ()
    ttl: str | None = None

    @cached_property
    def index_attributes(self) -> tuple[str, ...]:
        """The attributes of all indexes, without the key, each once."""
        attributes = dict.fromkeys(attribute for index in self.indexes for attribute in index.attributes)
        return tuple(attribute for attribute in attributes if attribute != self.key)

    def full_name(self, prefix: str, stage: str) -> str:
        """The name of the table in a store."""
        return f"{prefix}-{self.name}-{stage}"

    def index(self, name: str) -> IndexSpec:
        """The index with that name."""
        return next(index for index in self.indexes if index.name == name)

    def copies(self, item: Mapping[str, Any]) -> int:
        """The number of indexes that the item is in."""
        return sum(all(name in item for name in index.attributes) for index in self.indexes)

    def copies_of(self, items: pl.DataFrame) -> pl.Series:
        """The number of indexes that each item of a frame is in."""
        there = {name: pl.col(name).is_not_null() for name in items.columns}
        inside = [pl.all_horizontal(there.get(name, False) for name in index.attributes) for index in self.indexes]
        return items.select(self.key, copies=pl.sum_horizontal(pl.lit(0), *inside))["copies"]

    def check(self, item: Mapping[str, Any]) -> None:
        """Raises ValueError unless the key, and every index attribute that the item has, is a non-empty string:
        DynamoDB rejects other items, so every store does."""
        for attribute in self._texts:
            value = item.get(attribute)
            if type(value) is str and value:
                continue
            if attribute in item or attribute == self.key:
                raise ValueError(f"{self.name}: {attribute} must be a non-empty string, not {value!r}")

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return (self.key, *self.index_attributes)


_BY_PURCHASE_DATE = (IndexSpec("customerId", "purchaseDate"), IndexSpec("productId", "purchaseDate"))
_BY_TIMESTAMP = (IndexSpec("customerId", "timestamp"), IndexSpec("productId", "timestamp"))
TABLES: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        TableSpec("customer-profiles", "customerId", (IndexSpec("customerId", "updatedAt"),)),
        TableSpec("purchase-history", "id", _BY_PURCHASE_DATE),
        TableSpec("product-interactions", "id", _BY_TIMESTAMP, ttl="ttl"),
        TableSpec("recommendations", "id", (IndexSpec("customerId", "generatedAt"),), ttl="ttl"),
        TableSpec("products", "id", (IndexSpec("category"),)),
    )
}
