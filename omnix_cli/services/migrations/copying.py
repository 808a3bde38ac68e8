"""Copying tables from a store or an export to a store, undoing a copy, and exporting tables.

An export has the items as they are, in parts, so that one that was killed continues."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from threading import Event
from typing import Any

from omnix_cli.batching import batched
from omnix_cli.errors import ConfigError, PartialError
from omnix_cli.protocols.progress import NO_PROGRESS, Progress, shown
from omnix_cli.protocols.tables import TableStore, WriteLimit
from omnix_cli.records import MigrationRecord, run_id_at
from omnix_cli.services.migrations.checksums import canonical
from omnix_cli.services.migrations.left_out import LeftOut
from omnix_cli.services.migrations.sides import Source, TableItems, Target, chosen_tables, in_segments, paced, until
from omnix_cli.services.migrations.table_copy import Route, TableCopy, copy_table, preview_copy, undo_copy
from omnix_cli.settings import StoreSettings, dump
from omnix_cli.stores.migrations.archives import Archive, ArchiveWriter
from omnix_cli.stores.migrations.journal import Journals
from omnix_cli.stores.migrations.rewrites import ItemRewrite, load_rewrites
from omnix_cli.stores.tables.specs import TABLES
from omnix_cli.stores.tables.store_tombstones import StoreTombstones
from omnix_cli.stores.workspace.folders import Folder

CHUNK_ITEMS = 1000
PART_ITEMS = 20_000
_SMALLEST_CHUNK = 25


@dataclass(frozen=True)
class CopyOptions:
    """How tables are copied. Prices are dollars a million units."""

    rewrites: Mapping[str, ItemRewrite] = field(default_factory=lambda: load_rewrites(None))
    create: bool = False
    dry_run: bool = False
    chunk_items: int = CHUNK_ITEMS
    write_price: float = 0.0
    read_price: float = 0.0


@dataclass(frozen=True)
class CopyReport:
    """What a copy did to each table, about what it costs in dollars, and the run to name to undo it (None: a dry
    run)."""

    run_id: str | None
    tables: tuple[TableCopy, ...]
    cost: float
    limits: tuple[str, ...] = ()
    """How fast the tables would be written."""

    @property
    def samples(self) -> list[str]:
        """Some of the items that a dry run would write, as JSON."""
        return [f"{table.table}: {canonical(item).decode()}" for table in self.tables for item in table.sample]

    @property
    def refused(self) -> int:
        return sum(table.refused for table in self.tables)


def copy(
    tables: Sequence[str],
    source: Source,
    target: Target,
    journals: Journals,
    *,
    options: CopyOptions,
    progress: Progress = NO_PROGRESS,
) -> CopyReport:
    """Copies tables; the same copy again continues where it stopped.

    Raises `PartialError`, which carries the report, when the target refused items."""
    names = chosen_tables(tables, source)
    if options.create and not options.dry_run:
        target.store.create_tables(names)
    plan = _plan(names, source, target, options)
    limits = {name: target.store.write_limit(name) for name in names}
    left_out = LeftOut.of(target.store)

    def moved(work: Callable[[Route], TableCopy]) -> list[TableCopy]:
        done = []
        for name in names:
            route = replace(_route(name, source, target, limits[name], options, progress), left_out=left_out)
            with shown(progress, name, source.items.expected_items(name)):
                done.append(work(route))
        return done

    if options.dry_run:
        in_words = tuple(f"{name}: {limit}" for name, limit in limits.items() if limit)
        return _report(None, moved(preview_copy), options, in_words)
    with journals.locked("tables copy"):
        started = journals.now()
        record = MigrationRecord(run_id=run_id_at(started), plan=plan, target=dump(target.settings), started_at=started)
        journal = journals.begin(record)
        done = moved(partial(copy_table, journal=journal))
        journal.update(state="done", finished_at=journals.now())
    report = _report(journal.record.run_id, done, options)
    if report.refused:
        keys = ", ".join(key for table in report.tables for key in table.refused_keys)
        message = f"the target refused {report.refused:,} items: {keys}"
        raise PartialError(message, hint="All others were copied.", report=report)
    return report


def undo(
    run: str,
    journals: Journals,
    *,
    settings: StoreSettings,
    open_store: Callable[[StoreSettings], TableStore],
    progress: Progress = NO_PROGRESS,
) -> tuple[TableItems, ...]:
    """Puts back the items that a copy replaced and deletes those it added; 0 items where that was done before.

    The journal says which store the copy wrote to; `settings` say how fast to write to it now."""
    with journals.locked("tables undo"):
        journal = journals.find(run)
        tables = journal.tables
        if journal.record.state == "undone":
            return tuple(TableItems(name, 0) for name in tables)
        speed = {"max_write_units": settings.max_write_units, "write_share": settings.write_share}
        journal.update(state="undoing")
        report = []
        with closing(open_store(journal.target(**speed))) as store:
            others = StoreTombstones(store).others()
            for name in tables:
                with shown(progress, name, 0):
                    report.append(TableItems(name, undo_copy(name, store, journal, progress, others)))
        journal.update(state="undone", finished_at=journals.now())
    return tuple(report)


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
    for name in () if archive.is_complete else names:
        with shown(progress, name, expected[name]):
            _export_table(name, source, archive, part_items, progress)
    archive.commit(now)
    finished = Archive(folder)
    return tuple(TableItems(name, finished.expected_items(name)) for name in names)


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


def _plan(tables: Sequence[str], source: Source, target: Target, options: CopyOptions) -> dict[str, Any]:
    """What makes two copies the same. Raises `ConfigError` for a copy that cannot be made."""
    if missing := target.store.missing_tables(tables):
        hint = "Add --create to create it. A dry run creates nothing: run `omnix tables create` first."
        raise ConfigError(f"the target has no table {', '.join(missing)}", hint=hint)
    sources = [source.items.address(name) for name in tables]
    targets = [target.store.address(name) for name in tables]
    same = set(sources) & set(targets)
    if same:
        raise ConfigError(f"{min(same)} would be copied to itself", hint="Name another target with --to.")
    return {
        "tables": list(tables),
        "sources": sources,
        "targets": targets,
        "endpoint": dump(target.settings)["endpoint_url"],
        "mappings": {name: options.rewrites[name].as_json() for name in tables},  # the name in journals of 0.1.0
        "segments": source.segments,
    }


def _route(
    name: str, source: Source, target: Target, limit: WriteLimit | None, options: CopyOptions, progress: Progress
) -> Route:
    # An interruption waits for the chunk in hand: not more than is written in a few seconds.
    most = int(limit.units) if limit else options.chunk_items
    size = max(_SMALLEST_CHUNK, min(options.chunk_items, most))
    rewrite = options.rewrites[name]
    return Route(
        TABLES[name],
        source.items,
        target.store,
        rewrite,
        segments=source.segments,
        chunk_items=size,
        take_read_units=source.pace(),
        bills_reading=source.bills_capacity,
        progress=progress,
    )


def _report(
    run_id: str | None, tables: Sequence[TableCopy], options: CopyOptions, limits: tuple[str, ...] = ()
) -> CopyReport:
    cost = sum(options.write_price * one.write_units + options.read_price * one.read_units for one in tables) / 1e6
    return CopyReport(run_id, tuple(tables), cost, limits)
