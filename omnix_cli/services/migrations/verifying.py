"""Verifying: are two tables, or a table and its export, the same? Which items are missing, are extra, or differ?

Each side is read once, into buckets of (key, checksum) on disk. A bucket with as many items and the same sum of
checksums on both sides is equal; in any other the keys are compared one by one, and an item that seems to differ is
read again by key from both sides (consistently, where scans are not) before it counts as a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.errors import PartialError
from omnix_cli.protocols.progress import NO_PROGRESS, Progress, shown
from omnix_cli.protocols.tables import ItemSource
from omnix_cli.services.migrations.checksums import checksum, differing_attributes
from omnix_cli.services.migrations.sides import Source, Take, chosen_tables, in_segments, paced, until
from omnix_cli.stores.migrations.key_buckets import KeyBuckets
from omnix_cli.stores.migrations.rewrites import ItemRewrite
from omnix_cli.stores.tables.specs import TABLES, TableSpec

Item = dict[str, Any]
SOURCE, TARGET = "source", "target"
DIFFERENCES: dict[str, Any] = {
    "table": pl.String,
    "key": pl.String,
    "difference": pl.Enum(["missing", "extra", "different"]),
    "attributes": pl.List(pl.String),
}
"""The columns of the list of differences; keys are those of the target, `attributes` those that differ."""
_CHUNK_ITEMS = 2_000
_FETCHED_KEYS = 500


@dataclass(frozen=True)
class Comparison:
    """How many items each side of a table has, and how they differ."""

    table: str
    source_items: int
    target_items: int
    missing: int
    extra: int
    different: int
    differences: pl.DataFrame

    @property
    def count(self) -> int:
        return self.missing + self.extra + self.different


@dataclass(frozen=True)
class VerifyReport:
    """The comparisons of all tables; `count` is the number of differences, which are the rows of `differences`."""

    tables: tuple[Comparison, ...]

    @property
    def count(self) -> int:
        return sum(table.count for table in self.tables)

    @property
    def differences(self) -> pl.DataFrame:
        return pl.concat([table.differences for table in self.tables])


@dataclass(frozen=True)
class TablePair:
    """A table in its source and its target, and how fast each may be read. Items of the target count only if the
    rewrite can have made their key."""

    table: TableSpec
    source: ItemSource
    target: ItemSource
    rewrite: ItemRewrite
    segments: int = 1
    paces: Mapping[str, Take | None] = field(default_factory=dict)
    progress: Progress = NO_PROGRESS

    def read(self, side: str, segment: int) -> Iterator[Item]:
        """The items of a segment of one side, with the keys of the target."""
        name, segments = self.table.name, self.segments
        store = self.source if side == SOURCE else self.target
        items = paced(store.scan(name, segment=segment, segments=segments), self.paces.get(side))
        if side == SOURCE:
            return map(self.rewrite.apply, items)
        return (item for item in items if self.rewrite.is_target_key(item[self.table.key]))

    def fetch(self, side: str, keys: Sequence[str]) -> dict[str, Item]:
        """The items of these keys of the target that one side has now."""
        name, key = self.table.name, self.table.key
        if side == TARGET:
            return {item[key]: item for item in self.target.get_many(name, keys)}
        items = self.source.get_many(name, [self.rewrite.source_key(one) for one in keys])
        return {item[key]: item for item in map(self.rewrite.apply, items)}


def verify(
    tables: Sequence[str],
    source: Source,
    target: Source,
    *,
    rewrites: Mapping[str, ItemRewrite],
    progress: Progress = NO_PROGRESS,
) -> VerifyReport:
    """Compares tables of stores or exports. Raises `PartialError`, which carries the report, when they differ."""
    names = chosen_tables(tables, source, target)
    report = VerifyReport(tuple(_compare(name, source, target, rewrites[name], progress) for name in names))
    if report.count:
        hint = "A copy writes what is missing or different."
        raise PartialError(f"{report.count:,} differences", hint=hint, report=report)
    return report


def _compare(name: str, source: Source, target: Source, rewrite: ItemRewrite, progress: Progress) -> Comparison:
    items = source.items.expected_items(name) + target.items.expected_items(name)
    with TemporaryDirectory(prefix="omnix-") as folder, shown(progress, name, items):
        segments = max(source.segments, target.segments)
        paces = {SOURCE: source.pace(), TARGET: target.pace()}
        pair = TablePair(TABLES[name], source.items, target.items, rewrite, segments, paces, progress)
        return compare_table(pair, KeyBuckets(Path(folder)))


def compare_table(pair: TablePair, buckets: KeyBuckets) -> Comparison:
    """Compares the items of a table; memory is that of one bucket and of the differences."""
    counts = {side: _fill(pair, side, buckets) for side in (SOURCE, TARGET)}
    rows = [row for bucket in buckets.buckets() for row in _differences(pair, _suspects(bucket))]
    differences = pl.DataFrame(rows, schema=DIFFERENCES, orient="row").sort("table", "key")
    kinds = dict(differences.group_by("difference").len().iter_rows())
    missing, extra, different = (kinds.get(kind, 0) for kind in ("missing", "extra", "different"))
    return Comparison(pair.table.name, counts[SOURCE], counts[TARGET], missing, extra, different, differences)


def _fill(pair: TablePair, side: str, buckets: KeyBuckets) -> int:
    """Reads one side into the buckets; returns how many items it has."""

    def read(segment: int, stop: Event) -> int:
        count = 0
        for chunk in until(stop, batched(pair.read(side, segment), _CHUNK_ITEMS)):
            buckets.add(side, [(item[pair.table.key], checksum(item)) for item in chunk])
            count += len(chunk)
            pair.progress.advance(len(chunk))
        return count

    return sum(in_segments(read, pair.segments))


def _suspects(bucket: pl.DataFrame) -> list[str]:
    """The keys that one side lacks or whose checksums differ."""
    left, right = (bucket.filter(pl.col("side") == side).select("key", "checksum") for side in (SOURCE, TARGET))
    sums = [sum(map(int.from_bytes, rows["checksum"])) for rows in (left, right)]  # the same in any order
    if left.height == right.height and sums[0] == sums[1]:
        return []
    both = left.join(right, on="key", how="full", coalesce=True)
    return both.filter(~pl.col("checksum").eq_missing(pl.col("checksum_right")))["key"].unique().sort().to_list()


def _differences(pair: TablePair, keys: Sequence[str]) -> Iterator[tuple[str, str, str, list[str]]]:
    """The items of these keys that still differ when they are read again."""
    for fetched in batched(keys, _FETCHED_KEYS):
        source, target = pair.fetch(SOURCE, fetched), pair.fetch(TARGET, fetched)
        for key in fetched:
            if key in source and key in target:
                attributes = differing_attributes(source[key], target[key])
                if attributes:
                    yield pair.table.name, key, "different", attributes
            elif key in source or key in target:
                yield pair.table.name, key, "missing" if key in source else "extra", []
