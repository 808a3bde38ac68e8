"""The tables: keys, secondary indexes and expiry attributes, the same for every store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from omnix_cli.steps.capacity import frame_bytes, item_bytes, write_units


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

    def write_units(self, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> int:
        """What DynamoDB counts for putting an item, where `before` is there (None: nothing).

        The table counts the larger of both, and so does an index in which the item keeps its place. Where it moves, the
        old entry is deleted and a new one is put."""
        old, new = (0 if item is None else write_units(item_bytes(item)) for item in (before, after))
        units = max(old, new)
        for index in self.indexes:
            place, new_place = (_place(index, item) for item in (before, after))
            if place == new_place:
                units += max(old, new) if place else 0
            else:
                units += (old if place else 0) + (new if new_place else 0)
        return units

    def units_of_new(self, items: pl.DataFrame) -> pl.Series:
        """What DynamoDB counts for each item of a frame, where there is none with its key yet."""
        there = {name: pl.col(name).is_not_null() for name in items.columns}
        inside = [pl.all_horizontal(there.get(name, False) for name in index.attributes) for index in self.indexes]
        entries = items.select(self.key, entries=pl.sum_horizontal(pl.lit(1), *inside))["entries"]
        return write_units(frame_bytes(items)) * entries

    def check(self, item: Mapping[str, Any]) -> None:
        """Raises ValueError unless the key, and every index attribute that the item has, is a non-empty string:
        DynamoDB rejects other items, so every store does."""
        for attribute in self._texts:
            value = item.get(attribute)
            if type(value) is str and value:
                continue
            if attribute in item or attribute == self.key:
                raise ValueError(f"{self.name}: {attribute} must be a non-empty string, not {value!r}")

    def check_frame(self, items: pl.DataFrame) -> None:
        """Raises ValueError for the first item of a frame that `check` rejects."""
        texts = items.select(name for name in self._texts if name in items.columns)
        are_texts = all(dtype in (pl.String, pl.Null) for dtype in texts.dtypes)
        if self.key in texts.columns and are_texts:
            suspects = texts.filter(pl.any_horizontal(pl.all().cast(pl.String) == "") | pl.col(self.key).is_null())
        else:
            suspects = texts if texts.width else items.head(1).select(pl.lit(None))
        for row in suspects.iter_rows(named=True):
            self.check({name: value for name, value in row.items() if value is not None})

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return (self.key, *self.index_attributes)


def _place(index: IndexSpec, item: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """Where an item is in an index; nothing if it is not in it."""
    if item is None or any(name not in item for name in index.attributes):
        return ()
    return tuple(item[name] for name in index.attributes)


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
        TableSpec("order-states", "id", (IndexSpec("customerId", "changedAt"),), ttl="ttl"),
        TableSpec("forgotten-customers", "id"),
    )
}
