"""Comparing tables of any size: which items are missing in the target, which are there beside them, which differ.

Both sides are read once, into buckets of (key, checksum) on disk. A bucket of which both sides have as many items and
the same sum of checksums is equal; in any other the keys are compared one by one, and what seems to differ is fetched
again from both sides by key (consistently, where scans are not) before it is called a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Event
from typing import Any

import polars as pl

from omnix_cli.protocols.tables import ItemSource
from omnix_cli.services.migrations.checksums import checksum, differing_attributes
from omnix_cli.services.migrations.seams import Buckets, Item, ItemMapping, Table
from omnix_cli.services.migrations.segments import Take, chunks, in_segments, paced

SOURCE, TARGET = "source", "target"
DIFFERENCES: dict[str, Any] = {
    "table": pl.String,
    "key": pl.String,
    "difference": pl.Enum(["missing", "extra", "different"]),
    "attributes": pl.List(pl.String),
}
"""Columns of the list of differences: keys are those of the target; `attributes` are those that differ."""
_CHUNK_ITEMS = 2_000
_FETCHED_KEYS = 500


@dataclass(frozen=True)
class Comparison:
    """What a comparison found."""

    table: str
    source_items: int
    target_items: int
    missing: int
    extra: int
    different: int
    differences: pl.DataFrame

    @property
    def count(self) -> int:
        """The differences of all kinds."""
        return self.missing + self.extra + self.different


@dataclass(frozen=True)
class Sides:
    """The two sides of a table, and how fast each may be read. Of the target only items count that the mapping can have
    made."""

    table: Table
    source: ItemSource
    target: ItemSource
    mapping: ItemMapping
    segments: int = 1
    paces: Mapping[str, Take | None] = field(default_factory=dict)
    advance: Callable[[int], None] = lambda items: None

    def read(self, side: str, segment: int) -> Iterator[Item]:
        """The items of a segment of one side, with the keys of the target."""
        name, segments = self.table.name, self.segments
        store = self.source if side == SOURCE else self.target
        items = paced(store.scan(name, segment=segment, segments=segments), self.paces.get(side))
        if side == SOURCE:
            return map(self.mapping.apply, items)
        return (item for item in items if self.mapping.is_target_key(item[self.table.key]))

    def fetch(self, side: str, keys: Sequence[str]) -> dict[str, Item]:
        """The items of these keys of the target that one side has now."""
        name, key = self.table.name, self.table.key
        if side == TARGET:
            return {item[key]: item for item in self.target.get_many(name, keys)}
        items = self.source.get_many(name, [self.mapping.source_key(one) for one in keys])
        return {item[key]: item for item in map(self.mapping.apply, items)}


def compare_table(sides: Sides, buckets: Buckets) -> Comparison:
    """Compares the items of a table; memory is that of one bucket and of the differences."""
    counts = {side: _set_down(sides, side, buckets) for side in (SOURCE, TARGET)}
    found = [row for bucket in buckets.buckets() for row in _differences(sides, _suspects(bucket))]
    differences = pl.DataFrame(found, schema=DIFFERENCES, orient="row").sort("table", "key")
    kinds = dict(differences.group_by("difference").len().iter_rows())
    return Comparison(
        sides.table.name,
        counts[SOURCE],
        counts[TARGET],
        kinds.get("missing", 0),
        kinds.get("extra", 0),
        kinds.get("different", 0),
        differences,
    )


def _set_down(sides: Sides, side: str, buckets: Buckets) -> int:
    """Reads one side into the buckets; returns how many items it has."""

    def read(segment: int, stop: Event) -> int:
        count = 0
        for chunk in chunks(sides.read(side, segment), _CHUNK_ITEMS, stop):
            buckets.add(side, [(item[sides.table.key], checksum(item)) for item in chunk])
            count += len(chunk)
            sides.advance(len(chunk))
        return count

    return sum(in_segments(read, sides.segments))


def _suspects(bucket: pl.DataFrame) -> list[str]:
    """The keys that one side lacks or whose checksums differ."""
    by_side = [bucket.filter(pl.col("side") == side).select("key", "checksum") for side in (SOURCE, TARGET)]
    if by_side[0].height == by_side[1].height and _sum(by_side[0]) == _sum(by_side[1]):
        return []
    both = by_side[0].join(by_side[1], on="key", how="full", coalesce=True)
    return both.filter(~pl.col("checksum").eq_missing(pl.col("checksum_right")))["key"].unique().sort().to_list()


def _sum(rows: pl.DataFrame) -> int:
    """The sum of the checksums as whole numbers: the same in any order."""
    return sum(int.from_bytes(one) for one in rows["checksum"])


def _differences(sides: Sides, keys: Sequence[str]) -> Iterator[tuple[str, str, str, list[str]]]:
    """What differs of these keys, looked at once more."""
    remaining = iter(keys)
    while some := list(islice(remaining, _FETCHED_KEYS)):
        source, target = sides.fetch(SOURCE, some), sides.fetch(TARGET, some)
        for key in some:
            if key in source and key in target:
                attributes = differing_attributes(source[key], target[key])
                if attributes:
                    yield sides.table.name, key, "different", attributes
            elif key in source or key in target:
                yield sides.table.name, key, "missing" if key in source else "extra", []
