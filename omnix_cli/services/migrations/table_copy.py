"""Copying the items of one table into another, so that the copy can be killed, repeated and undone.

Each segment is copied a chunk at a time: read it, rewrite it, read the target's items with the same keys, keep those in
the journal, write what differs, save the progress. A chunk that was interrupted is copied again: items that were
already written compare as equal, and the first attempt kept what they replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from threading import Event
from typing import Any

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.errors import DataError, ItemsRefused
from omnix_cli.item_frames import as_dictionaries, items_of
from omnix_cli.protocols.progress import NO_PROGRESS, Progress
from omnix_cli.protocols.tables import READ_UNIT_BYTES, WRITE_UNIT_BYTES, FrameSource, ItemSource, TableStore
from omnix_cli.records import SegmentProgress
from omnix_cli.services.migrations.checksums import canonical
from omnix_cli.services.migrations.sides import Take, in_segments, paced, until
from omnix_cli.stores.migrations.journal import Images, Journal
from omnix_cli.stores.migrations.rewrites import ItemRewrite
from omnix_cli.stores.tables.specs import TableSpec

Item = dict[str, Any]

NAMED_KEYS = 20
"""How many keys of refused items are reported."""
SAMPLE = 3
_COUNTS = ("read", "added", "changed", "unchanged", "refused", "write_units")

Chunk = list[Item] | pl.DataFrame
"""Items of a segment that are copied together."""


@dataclass(frozen=True)
class Route:
    """A table, its source and target, and how its items are copied."""

    table: TableSpec
    source: ItemSource
    target: TableStore
    rewrite: ItemRewrite
    segments: int = 1
    chunk_items: int = 1000
    take_read_units: Take | None = None
    progress: Progress = NO_PROGRESS


@dataclass(frozen=True)
class TableCopy:
    """How many items of a table were read and what was done with them, or would be. The units are estimates: for
    writing what was added or changed, and for reading the source."""

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


def copy_table(route: Route, journal: Journal) -> TableCopy:
    """Copies what the journal does not mark as done."""
    return _report(route, in_segments(partial(_copy_segment, route, journal), route.segments))


def preview_copy(route: Route) -> TableCopy:
    """What a copy would do; writes nothing."""
    sample: list[Mapping[str, Any]] = []
    return _report(route, in_segments(partial(_preview_segment, route, sample), route.segments), tuple(sample[:SAMPLE]))


def undo_copy(table: str, target: TableStore, journal: Journal, progress: Progress) -> int:
    """Puts back the items that a copy replaced and deletes those it added; returns how many.

    The newest images are put back first, so that the oldest image of an item is the one that remains."""
    names = list(reversed(journal.images(table)))
    undone = 0
    for number, name in enumerate(names):
        images = list(journal.image(table, name))
        undone += len(images)
        if number >= journal.record.undone.get(table, 0):
            target.put_many(table, (item for _, item in images if item is not None))
            target.delete_many(table, (key for key, item in images if item is None))
            journal.update(undone={**journal.record.undone, table: number + 1})
        progress.advance(len(images))
    return undone


def _copy_segment(route: Route, journal: Journal, segment: int, stop: Event) -> SegmentProgress:
    name = route.table.name
    progress = journal.progress(name, segment)
    route.progress.advance(progress.read)
    if progress.done:
        return progress
    for chunk in _chunks(route, segment, progress.after, stop):
        before = _before(route, chunk)
        kept = journal.keep(name, segment, progress.chunks, before.images)
        refused = _put(route, before.differing)
        progress = _after(progress, before, kept, refused)
        journal.save(name, segment, progress)
        route.progress.advance(len(chunk))
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
        route.progress.advance(len(chunk))
    return progress


def _chunks(route: Route, segment: int, after: str | None, stop: Event) -> Iterator[Chunk]:
    """The items of a segment in chunks: frames, if the source has frames and nothing is rewritten."""
    name, segments = route.table.name, route.segments
    if isinstance(route.source, FrameSource) and route.rewrite.changes_nothing:
        frames = route.source.scan_frames(name, segment=segment, segments=segments, after=after)
        yield from until(stop, chain.from_iterable(frame.iter_slices(route.chunk_items) for frame in frames))
    else:
        items = route.source.scan(name, segment=segment, segments=segments, after=after)
        yield from until(stop, batched(paced(items, route.take_read_units), route.chunk_items))


@dataclass(frozen=True)
class _Before:
    """A chunk before it is written: the items that differ from the target's and the target's items with their keys;
    the write units of all items by key; the last key, and how many items and bytes were read."""

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
        last, current = keys[-1], _current(route, keys)
        if not current:
            return _all_new(route.table, chunk, keys)
        wanted = {item[key]: item for item in items_of(chunk)}
    else:
        wanted = {item[key]: item for item in map(partial(_rewritten, route), chunk)}
        last, current = chunk[-1][key], _current(route, list(wanted))
    texts, copies = {name: canonical(item) for name, item in wanted.items()}, route.table.copies
    images = {
        name: current.get(name)
        for name, text in texts.items()
        if name not in current or canonical(current[name]) != text
    }
    return _Before(
        differing=[wanted[name] for name in images],
        images=images,
        units={name: -(-len(text) // WRITE_UNIT_BYTES) * (1 + copies(wanted[name])) for name, text in texts.items()},
        last=last,
        read=len(chunk),
        read_bytes=sum(map(len, texts.values())),
    )


def _current(route: Route, keys: Sequence[str]) -> dict[str, Item]:
    return {item[route.table.key]: item for item in route.target.get_many(route.table.name, keys)}


def _all_new(table: TableSpec, items: pl.DataFrame, keys: list[str]) -> _Before:
    """A chunk with no item in the target yet, so that its items need not be compared one by one. Their bytes are those
    of their JSON, in which absent attributes are named, too."""
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


def _rewritten(route: Route, item: Item) -> Item:
    rewritten = route.rewrite.apply(item)
    try:
        route.table.check(rewritten)
    except ValueError as error:
        message = f"the item {item[route.table.key]!r} cannot be copied: {error}"
        raise DataError(message, hint="Correct it, or the rewrite file.") from error
    return rewritten


def _put(route: Route, items: Chunk) -> tuple[str, ...]:
    """Writes the items; returns the keys of those that the target rejects as invalid."""
    try:
        route.target.put_many(route.table.name, items)
    except ItemsRefused as error:
        return error.keys
    except (TypeError, ValueError) as error:
        message = f"the target cannot store an item of {route.table.name}: {error}"
        raise DataError(message, hint="Correct it in the source, or drop the attribute with --rewrite.") from error
    return ()


def _after(progress: SegmentProgress, before: _Before, images: Images, refused: Sequence[str]) -> SegmentProgress:
    """The progress once the chunk is written; the images are what the target held before its first attempt."""
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


def _report(route: Route, parts: Sequence[SegmentProgress], sample: tuple[Mapping[str, Any], ...] = ()) -> TableCopy:
    return TableCopy(
        table=route.table.name,
        **{name: sum(getattr(part, name) for part in parts) for name in _COUNTS},
        refused_keys=tuple(key for part in parts for key in part.refused_keys)[:NAMED_KEYS],
        read_units=-(-sum(part.read_bytes for part in parts) // READ_UNIT_BYTES),
        sample=sample,
    )
