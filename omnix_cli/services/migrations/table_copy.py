"""Copying the items of one table into another, so that the copy can be killed, repeated and undone.

Each segment is copied a chunk at a time: read it, rewrite it, read the target's items with the same keys, keep those in
the journal, write what differs, save the progress. A chunk that was interrupted is copied again: items that were
already written compare as equal, and the first attempt kept what they replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from math import ceil
from threading import Event
from typing import Any

import polars as pl

from omnix_cli.batching import batched
from omnix_cli.errors import DataError, ItemsRefused
from omnix_cli.item_frames import as_dictionaries
from omnix_cli.protocols.progress import NO_PROGRESS, Progress
from omnix_cli.protocols.tables import FrameSource, ItemSource, TableStore, Units
from omnix_cli.records import SegmentProgress
from omnix_cli.services.migrations.checksums import canonical
from omnix_cli.services.migrations.left_out import LeftOut
from omnix_cli.services.migrations.sides import Take, in_segments, paced, until
from omnix_cli.steps.capacity import frame_bytes, item_bytes, read_units, scan_units
from omnix_cli.stores.migrations.journal import Images, Journal
from omnix_cli.stores.migrations.rewrites import ItemRewrite
from omnix_cli.stores.tables.specs import TableSpec
from omnix_cli.stores.tables.store_tombstones import NOBODY, OtherCustomers

Item = dict[str, Any]

NAMED_KEYS = 20
"""How many keys of refused items are reported."""
SAMPLE = 3
_COUNTS = ("read", "added", "changed", "unchanged", "left_out", "refused", "write_units")

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
    bills_reading: bool = True
    """Whether reading the source uses units that cost money."""
    progress: Progress = NO_PROGRESS
    left_out: LeftOut = field(default_factory=LeftOut)


@dataclass(frozen=True)
class TableCopy:
    """How many items of a table were read and what was done with them, or would be. For those `left_out` see
    `left_out.LeftOut`. The units are those that DynamoDB
    counts, where it is one of the two: for scanning the source, for reading the target's items with the same keys, for
    writing what was added or changed."""

    table: str
    read: int
    added: int
    changed: int
    unchanged: int
    left_out: int
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


def undo_copy(
    table: str, target: TableStore, journal: Journal, progress: Progress, others: OtherCustomers = NOBODY
) -> int:
    """Puts back the items that a copy replaced, if they are about `others` than forgotten customers, and deletes those
    it added; returns how many.

    The newest images are put back first, so that the oldest image of an item is the one that remains."""
    names = list(reversed(journal.images(table)))
    undone = 0
    for number, name in enumerate(names):
        images = list(journal.image(table, name))
        undone += len(images)
        if number >= journal.record.undone.get(table, 0):
            target.put_many(table, others.without(table, [item for _, item in images if item is not None]))
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
        units = _units(route, before, kept)
        refused = _put(route, before.differing, units)
        progress = _after(progress, before, kept, units, refused)
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
        progress = _after(progress, before, before.images, _units(route, before, before.images), ())
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
    """A chunk before it is written: its items by key (empty if all of a frame are new), those that differ from the
    target's, the target's items with their keys; the last key; how many items and bytes were read and how
    many items are left out; and the units for reading the target."""

    wanted: Mapping[str, Item]
    differing: Chunk
    images: Images
    last: str
    read: int
    left_out: int
    read_bytes: int
    target_units: int


def _before(route: Route, chunk: Chunk) -> _Before:
    name, key = route.table.name, route.table.key
    if isinstance(chunk, pl.DataFrame):
        last, size = chunk[key][-1], int(frame_bytes(chunk).sum()) if route.bills_reading else 0
        taken = route.left_out.taken(name, chunk)
    else:
        last, size = chunk[-1][key], sum(map(item_bytes, chunk)) if route.bills_reading else 0
        taken = route.left_out.taken(name, [_rewritten(route, item) for item in chunk])
    keys = taken[key].to_list() if isinstance(taken, pl.DataFrame) else list({item[key]: None for item in taken})
    current = _current(route, keys)
    wanted: dict[str, Item] = {}
    images: dict[str, Item | None] = dict.fromkeys(keys)
    differing = taken
    if current or not isinstance(taken, pl.DataFrame):  # else all are new, and need not be compared one by one
        wanted = {item[key]: dict(item) for item in as_dictionaries(taken)}
        images = {
            name: current.get(name)
            for name, item in wanted.items()
            if name not in current or canonical(current[name]) != canonical(item)
        }
        differing = [wanted[name] for name in images]
    return _Before(
        wanted=wanted,
        differing=differing,
        images=images,
        last=last,
        read=len(chunk),
        left_out=len(chunk) - len(taken),
        read_bytes=size,
        target_units=_target_units(route, keys, current),
    )


def _target_units(route: Route, keys: Iterable[str], current: Mapping[str, Item]) -> int:
    if not route.target.traits.bills_capacity:
        return 0
    return sum(read_units(item_bytes(current[key]) if key in current else 0) for key in keys)


def _current(route: Route, keys: Sequence[str]) -> dict[str, Item]:
    return {item[route.table.key]: item for item in route.target.get_many(route.table.name, keys)}


def _units(route: Route, before: _Before, images: Images) -> dict[str, int]:
    """The units of writing items, by key: those that differ from what the target held before the first attempt."""
    if isinstance(before.differing, pl.DataFrame):
        new = before.differing
        return dict(zip(new[route.table.key], route.table.units_of_new(new), strict=True))
    wanted, units = before.wanted, route.table.write_units
    return {key: units(image, wanted[key]) for key, image in images.items() if key in wanted}


def _rewritten(route: Route, item: Item) -> Item:
    rewritten = route.rewrite.apply(item)
    try:
        route.table.check(rewritten)
    except ValueError as error:
        message = f"the item {item[route.table.key]!r} cannot be copied: {error}"
        raise DataError(message, hint="Correct it, or the rewrite file.") from error
    return rewritten


def _put(route: Route, items: Chunk, units: Units) -> tuple[str, ...]:
    """Writes the items; returns the keys of those that the target rejects as invalid."""
    try:
        known = {"units": units} if route.target.traits.bills_capacity else {}
        route.target.put_many(route.table.name, items, **known)
    except ItemsRefused as error:
        return error.keys
    except (TypeError, ValueError) as error:
        message = f"the target cannot store an item of {route.table.name}: {error}"
        raise DataError(message, hint="Correct it in the source, or drop the attribute with --rewrite.") from error
    return ()


def _after(
    progress: SegmentProgress, before: _Before, images: Images, units: Units, refused: Sequence[str]
) -> SegmentProgress:
    """The progress once the chunk is written; the images are what the target held before its first attempt."""
    differing = images.keys() & before.wanted.keys() if before.wanted else images.keys()
    written = differing - set(refused)
    added = sum(images[key] is None for key in written)
    return SegmentProgress(
        after=before.last,
        chunks=progress.chunks + 1,
        read=progress.read + before.read,
        added=progress.added + added,
        changed=progress.changed + len(written) - added,
        unchanged=progress.unchanged + before.read - before.left_out - len(differing),
        left_out=progress.left_out + before.left_out,
        refused=progress.refused + len(refused),
        refused_keys=(*progress.refused_keys, *refused)[:NAMED_KEYS],
        read_bytes=progress.read_bytes + before.read_bytes,
        target_read_units=progress.target_read_units + before.target_units,
        write_units=progress.write_units + sum(units.get(key, 0) for key in written),
    )


def _report(route: Route, parts: Sequence[SegmentProgress], sample: tuple[Mapping[str, Any], ...] = ()) -> TableCopy:
    return TableCopy(
        table=route.table.name,
        **{name: sum(getattr(part, name) for part in parts) for name in _COUNTS},
        refused_keys=tuple(key for part in parts for key in part.refused_keys)[:NAMED_KEYS],
        read_units=ceil(sum(scan_units(part.read_bytes) + part.target_read_units for part in parts)),
        sample=sample,
    )
