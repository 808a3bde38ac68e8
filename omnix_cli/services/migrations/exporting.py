"""Exporting tables: their items as they are, in parts, so that an export that was killed continues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import Event

from omnix_cli.batching import batched
from omnix_cli.protocols.progress import NO_PROGRESS, Progress, shown
from omnix_cli.services.migrations.sides import Source, TableItems, chosen_tables, in_segments, paced, until
from omnix_cli.stores.migrations.archives import ArchiveWriter
from omnix_cli.stores.workspace.folders import Folder

PART_ITEMS = 20_000


def export(
    tables: Sequence[str],
    source: Source,
    folder: Folder,
    *,
    now: datetime,
    part_items: int = PART_ITEMS,
    progress: Progress = NO_PROGRESS,
) -> tuple[TableItems, ...]:
    """Exports tables to a folder; returns how many items of each it holds."""
    names = chosen_tables(tables)
    expected = {name: source.items.expected_items(name) for name in names}  # fails before anything is written
    address = ", ".join(map(source.items.address, names))
    archive = ArchiveWriter(folder, source=address, tables=names, segments=source.segments)
    report = []
    for name in names:
        with shown(progress, name, expected[name]):
            _export_table(name, source, archive, part_items, progress)
        report.append(TableItems(name, sum(archive.items(name, segment) for segment in range(source.segments))))
    archive.commit(now)
    return tuple(report)


def _export_table(table: str, source: Source, archive: ArchiveWriter, part_items: int, progress: Progress) -> None:
    """Adds the items that the archive does not hold yet."""
    take_read_units, segments = source.pace(), source.segments

    def export_segment(segment: int, stop: Event) -> None:
        progress.advance(archive.items(table, segment))
        items = source.items.scan(table, segment=segment, segments=segments, after=archive.last_key(table, segment))
        for part in until(stop, batched(paced(items, take_read_units), part_items)):
            archive.add(table, segment, part)
            progress.advance(len(part))

    in_segments(export_segment, segments)
