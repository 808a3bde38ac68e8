"""Exporting tables: their items as they are, in parts, so that an export that was killed goes on."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from omnix_cli.protocols.tables import ItemSource
from omnix_cli.services.migrations.seams import ArchiveWriter
from omnix_cli.services.migrations.segments import Take, chunks, in_segments, paced

PART_ITEMS = 20_000


def export_table(
    source: ItemSource,
    table: str,
    archive: ArchiveWriter,
    *,
    segments: int,
    take_read_units: Take | None,
    advance: Callable[[int], None],
) -> int:
    """Adds what the archive does not hold yet of the table; returns the items that it holds then."""

    def export(segment: int, stop: Event) -> None:
        advance(archive.items(table, segment))
        items = source.scan(table, segment=segment, segments=segments, after=archive.last_key(table, segment))
        for part in chunks(paced(items, take_read_units), PART_ITEMS, stop):
            archive.add(table, segment, part)
            advance(len(part))

    in_segments(export, segments)
    return sum(archive.items(table, segment) for segment in range(segments))
