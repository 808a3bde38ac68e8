"""Copying the items of a table into another one, so that it can be killed, repeated and undone.

Each segment goes a chunk at a time: read, map, fetch what stands in the target under the same keys, keep that in the
journal, write what differs, note how far the segment is. Everything is on the disk before the next thing depends on it.
A chunk that was cut off is done again; what of it had been written is found to be equal, and what stood before it is
known from the first attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from threading import Event
from typing import Any

import polars as pl

from omnix_cli.errors import DataError, ItemsRefused
from omnix_cli.item_frames import as_dictionaries, items_of
from omnix_cli.protocols.tables import FrameSource, ItemSource, TableStore
from omnix_cli.records import SegmentProgress
from omnix_cli.services.migrations.checksums import canonical
from omnix_cli.services.migrations.seams import Images, Item, ItemMapping, MigrationJournal, Table
from omnix_cli.services.migrations.segments import READ_UNIT_BYTES, WRITE_UNIT_BYTES, Take, chunks, in_segments, paced

NAMED_KEYS = 20
"""How many of the keys that a target refused are remembered."""
SAMPLE = 3

Chunk = list[Item] | pl.DataFrame
"""Some items of a segment."""


@dataclass(frozen=True)
class Route:
    """From where to where the items of a table go, and how."""

    table: Table
    source: ItemSource
    target: TableStore
    mapping: ItemMapping
    segments: int = 1
    chunk_items: int = 1000
    take_read_units: Take | None = None
    advance: Callable[[int], None] = lambda items: None


@dataclass(frozen=True)
class CopyReport:
    """What became of the items read, or would. The units are estimates: of writing what was not unchanged, and of
    reading the source."""

    table: str
    read: int
    added: int
    changed: int
    unchanged: int
    refused: int
    refused_keys: tuple[str, ...]
    write_units: int
    read_units: int
    sample: tuple[Mapping[str, Any], ...] = ()


def copy_table(route: Route, journal: MigrationJournal) -> CopyReport:
    """Copies what the journal does not say is done."""
    return _report(route, in_segments(partial(_copy_segment, route, journal), route.segments))


def preview_copy(route: Route) -> CopyReport:
    """What a copy would do; writes nothing."""
    sample: list[Mapping[str, Any]] = []
    return _report(route, in_segments(partial(_preview_segment, route, sample), route.segments), tuple(sample[:SAMPLE]))


def undo_copy(table: str, target: TableStore, journal: MigrationJournal, advance: Callable[[int], None]) -> int:
    """Puts back what a copy replaced and deletes what it added; returns how many items.

    The newest images go first, so that of an item kept twice the first image stays."""
    names = list(reversed(journal.images(table)))
    settled = 0
    for number, name in enumerate(names):
        images = list(journal.image(table, name))
        settled += len(images)
        if number >= journal.record.undone.get(table, 0):
            target.put_many(table, (item for _, item in images if item is not None))
            target.delete_many(table, (key for key, item in images if item is None))
            journal.update(undone={**journal.record.undone, table: number + 1})
        advance(len(images))
    return settled


def _copy_segment(route: Route, journal: MigrationJournal, segment: int, stop: Event) -> SegmentProgress:
    name = route.table.name
    progress = journal.progress(name, segment)
    route.advance(progress.read)
    if progress.done:
        return progress
    for chunk in _chunks(route, segment, progress.after, stop):
        before = _before(route, chunk)
        kept = journal.keep(name, segment, progress.chunks, before.images)
        refused = _put(route, before.differing)
        progress = _after(progress, before, kept, refused)
        journal.save(name, segment, progress)
        route.advance(len(chunk))
    if not stop.is_set():
        progress = progress.model_copy(update={"done": True})
        journal.save(name, segment, progress)
    return progress


def _preview_segment(route: Route, sample: list[Mapping[str, Any]], segment: int, stop: Event) -> SegmentProgress:
    progress = SegmentProgress()
    for chunk in _chunks(route, segment, None, stop):
        before = _before(route, chunk)
        if len(sample) < SAMPLE:
            sample += as_dictionaries(before.differing[:SAMPLE])
        progress = _after(progress, before, before.images, ())
        route.advance(len(chunk))
    return progress


def _chunks(route: Route, segment: int, after: str | None, stop: Event) -> Iterator[Chunk]:
    """The items of a segment, some at a time; frames where the source holds them and nothing is to be changed."""
    name, segments = route.table.name, route.segments
    if isinstance(route.source, FrameSource) and route.mapping.changes_nothing:
        frames = route.source.scan_frames(name, segment=segment, segments=segments, after=after)
        for piece in chain.from_iterable(frame.iter_slices(route.chunk_items) for frame in frames):
            if stop.is_set():
                return
            yield piece
    else:
        items = route.source.scan(name, segment=segment, segments=segments, after=after)
        yield from chunks(paced(items, route.take_read_units), route.chunk_items, stop)


@dataclass(frozen=True)
class _Before:
    """A chunk before it is written: the items that differ from what stands in the target, what stands there under
    their keys, and of all items the write units by key; the last key read, and what was read in items and bytes."""

    differing: Chunk
    images: Images
    units: Mapping[str, int]
    last: str
    read: int
    read_bytes: int


def _before(route: Route, chunk: Chunk) -> _Before:
    key = route.table.key
    if isinstance(chunk, pl.DataFrame):
        keys = chunk[key].to_list()
        last, stood = keys[-1], _standing(route, keys)
        if not stood:
            return _all_new(route.table, chunk, keys)
        wanted = {item[key]: item for item in items_of(chunk)}
    else:
        wanted = {item[key]: item for item in map(partial(_mapped, route), chunk)}
        last, stood = chunk[-1][key], _standing(route, list(wanted))
    texts = {name: canonical(item) for name, item in wanted.items()}
    images = {
        name: stood.get(name) for name, text in texts.items() if name not in stood or canonical(stood[name]) != text
    }
    return _Before(
        differing=[wanted[name] for name in images],
        images=images,
        units={
            name: -(-len(text) // WRITE_UNIT_BYTES) * (1 + route.table.copies(wanted[name]))
            for name, text in texts.items()
        },
        last=last,
        read=len(chunk),
        read_bytes=sum(map(len, texts.values())),
    )


def _standing(route: Route, keys: Sequence[str]) -> dict[str, Item]:
    return {item[route.table.key]: item for item in route.target.get_many(route.table.name, keys)}


def _all_new(table: Table, items: pl.DataFrame, keys: list[str]) -> _Before:
    """A chunk of which nothing stands in the target: nobody has to look at its items one by one. Their bytes are those
    of their JSON, in which what is absent has a name, too."""
    sizes = items.to_struct().struct.json_encode().str.len_bytes().cast(pl.Int64)
    units = -(-sizes // WRITE_UNIT_BYTES) * (1 + table.copies_of(items))
    return _Before(
        differing=items,
        images=dict.fromkeys(keys),
        units=dict(zip(keys, units.to_list(), strict=True)),
        last=keys[-1],
        read=items.height,
        read_bytes=int(sizes.sum()),
    )


def _mapped(route: Route, item: Item) -> Item:
    mapped = route.mapping.apply(item)
    try:
        route.table.check(mapped)
    except ValueError as error:
        raise DataError(
            f"the item {item[route.table.key]!r} cannot be copied: {error}", hint="Mend it, or the mapping."
        ) from error
    return mapped


def _put(route: Route, items: Chunk) -> tuple[str, ...]:
    """Writes the items; returns the keys of those that the target refuses for what they are."""
    try:
        route.target.put_many(route.table.name, items)
    except ItemsRefused as error:
        return error.keys
    except (TypeError, ValueError) as error:
        message = f"the target cannot hold an item of {route.table.name}: {error}"
        raise DataError(message, hint="Mend it in the source, or drop the attribute by a mapping.") from error
    return ()


def _after(progress: SegmentProgress, before: _Before, images: Images, refused: Sequence[str]) -> SegmentProgress:
    """The progress once the chunk is written; the images tell what stood before its first attempt."""
    differing = images.keys() & before.units.keys()
    written = differing - set(refused)
    added = sum(images[key] is None for key in written)
    return SegmentProgress(
        after=before.last,
        chunks=progress.chunks + 1,
        read=progress.read + before.read,
        added=progress.added + added,
        changed=progress.changed + len(written) - added,
        unchanged=progress.unchanged + before.read - len(differing),
        refused=progress.refused + len(refused),
        refused_keys=(*progress.refused_keys, *refused)[:NAMED_KEYS],
        read_bytes=progress.read_bytes + before.read_bytes,
        write_units=progress.write_units + sum(before.units[key] for key in written),
    )


def _report(route: Route, parts: Sequence[SegmentProgress], sample: tuple[Mapping[str, Any], ...] = ()) -> CopyReport:
    return CopyReport(
        table=route.table.name,
        read=sum(part.read for part in parts),
        added=sum(part.added for part in parts),
        changed=sum(part.changed for part in parts),
        unchanged=sum(part.unchanged for part in parts),
        refused=sum(part.refused for part in parts),
        refused_keys=tuple(key for part in parts for key in part.refused_keys)[:NAMED_KEYS],
        write_units=sum(part.write_units for part in parts),
        read_units=-(-sum(part.read_bytes for part in parts) // READ_UNIT_BYTES),
        sample=sample,
    )
