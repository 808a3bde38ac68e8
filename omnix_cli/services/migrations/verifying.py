"""Verifying: are two tables, or a table and its export, the same item by item?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from omnix_cli.errors import PartialError
from omnix_cli.protocols.progress import NO_PROGRESS, Progress, shown
from omnix_cli.services.migrations.differences import SOURCE, TARGET, Comparison, TablePair, compare_table
from omnix_cli.services.migrations.sides import Source, chosen_tables
from omnix_cli.stores.migrations.key_buckets import KeyBuckets
from omnix_cli.stores.migrations.rewrites import ItemRewrite
from omnix_cli.stores.tables.specs import TABLES


@dataclass(frozen=True)
class VerifyReport:
    """The comparisons of all tables."""

    tables: tuple[Comparison, ...]

    @property
    def count(self) -> int:
        """The number of differences."""
        return sum(table.count for table in self.tables)

    @property
    def differences(self) -> pl.DataFrame:
        """One row a difference: table, key, difference, attributes."""
        return pl.concat([table.differences for table in self.tables])


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
        pair = TablePair(
            TABLES[name],
            source.items,
            target.items,
            rewrite,
            segments=max(source.segments, target.segments),
            paces={SOURCE: source.pace(), TARGET: target.pace()},
            progress=progress,
        )
        return compare_table(pair, KeyBuckets(Path(folder)))
