"""From what an operator asks to a migration: which stores, which limits, which journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.mappings import suggestion
from omnix_cli.protocols.tables import TableStore, WriteLimit
from omnix_cli.records import MigrationRecord, run_id_at
from omnix_cli.services.migrations.backfill import TABLE as PURCHASE_TABLE
from omnix_cli.services.migrations.backfill import PurchaseItems
from omnix_cli.services.migrations.checksums import canonical
from omnix_cli.services.migrations.comparing import SOURCE, TARGET, Comparison, Sides, compare_table
from omnix_cli.services.migrations.copying import CopyReport, Route, copy_table, preview_copy, undo_copy
from omnix_cli.services.migrations.exporting import export_table
from omnix_cli.settings import StoreSettings, dump
from omnix_cli.stores.dynamodb.client.transports import Request
from omnix_cli.stores.dynamodb.factory import dynamodb_service, write_pacing
from omnix_cli.stores.dynamodb.writing.bulk_files import (
    START,
    BulkFiles,
    bulk_put_request,
    import_request,
    write_bulk_files,
)
from omnix_cli.stores.migrations.archives import Archive, ArchiveWriter
from omnix_cli.stores.migrations.item_mappings import ItemMapping, load_item_mappings
from omnix_cli.stores.migrations.journal import MigrationFolder
from omnix_cli.stores.migrations.key_buckets import KeyBuckets
from omnix_cli.stores.s3.folders import S3Folder
from omnix_cli.stores.s3.prefix import SCHEME
from omnix_cli.stores.tables.specs import TABLES, TableSpec
from omnix_cli.stores.workspace.folders import Folder
from omnix_cli.stores.workspace.lock import workspace_lock
from omnix_cli.wiring.places import Origin, Places
from omnix_cli.wiring.workspaces import Workspace

_CHUNK_ITEMS = 1000
_SMALLEST_CHUNK = 25
_ROWS_IN_MEMORY = 2_000_000

Watch = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Shows how far something is, given its name and about how many items it has, and is told of items done."""


@dataclass(frozen=True)
class CopyOutcome:
    """What a copy did to each table, about what it costs in dollars, and the run to name for undoing it (a dry run has
    none)."""

    run_id: str | None
    reports: Sequence[CopyReport]
    cost: float
    limits: Sequence[str] = ()
    """How fast the tables would be written to."""

    @property
    def samples(self) -> list[str]:
        """Some of the items that a dry run would write, as JSON."""
        return [f"{report.table}: {canonical(item).decode()}" for report in self.reports for item in report.sample]


@dataclass(frozen=True)
class BulkOutcome:
    """The files that were written, the requests that load them by operation, the answer to the one that was sent."""

    files: BulkFiles
    requests: Mapping[str, Mapping[str, Any]]
    answer: Mapping[str, Any] | None


@dataclass(frozen=True)
class Migrations:
    """The migrations that a workspace keeps the journals of."""

    workspace: Workspace
    watch: Watch

    def export(self, tables: Sequence[str], source: Sequence[str], folder: str) -> dict[str, int]:
        """Exports tables to a folder; returns the items of each."""
        tables = checked(tables)
        with self._places.origin(source) as origin:
            address = ", ".join(origin.items.address(name) for name in tables)
            expected = {name: origin.items.expected_items(name) for name in tables}  # fails before anything is begun
            place = self._places.folder(folder)
            archive = ArchiveWriter(place, source=address, tables=tables, segments=origin.segments)
            counts = {}
            for name in tables:
                with self.watch(name, expected[name]) as advance:
                    counts[name] = export_table(
                        origin.items,
                        name,
                        archive,
                        segments=origin.segments,
                        take_read_units=origin.pace(),
                        advance=advance,
                    )
            archive.commit(self.workspace.now())
        return counts

    def copy(
        self,
        tables: Sequence[str],
        source: Sequence[str],
        target: Sequence[str],
        *,
        mapping: Path | None = None,
        create: bool = False,
        dry_run: bool = False,
    ) -> CopyOutcome:
        """Copies tables of a store or an export (all of it, if none is named) to a store."""
        with self._places.origin(source) as origin:
            if isinstance(origin.items, Archive):
                tables = tables or origin.items.tables
            mappings, store = load_item_mappings(mapping), self._places.settings(target)
            return self._copy(checked(tables), origin, store, mappings, create=create, dry_run=dry_run)

    def backfill(self, target: Sequence[str], *, create: bool = False, dry_run: bool = False) -> CopyOutcome:
        """Copies the imported purchases to their table."""
        purchases = self.workspace.ledger.view("purchases")
        segments = 1 + purchases.rows // _ROWS_IN_MEMORY
        origin = Origin(PurchaseItems(purchases), segments)
        mappings = load_item_mappings(None)
        return self._copy(
            [PURCHASE_TABLE], origin, self._places.settings(target), mappings, create=create, dry_run=dry_run
        )

    def bulk(
        self, table: str, source: Sequence[str], target: Sequence[str], address: str, *, start: bool
    ) -> BulkOutcome:
        """Writes files from which DynamoDB loads a table by itself, and the requests that make it do so; sends the one
        that loads into a table that is there, if asked."""
        (name,) = checked([table])
        spec, store = TABLES[name], self._places.settings(target)
        if start and not address.startswith(SCHEME):
            raise ConfigError("DynamoDB reads from S3 only", hint="Write the files to s3://BUCKET/PREFIX.")
        full_name = spec.full_name(store.prefix, store.stage)
        limit = write_pacing(store).limit(lambda: self._description(store, full_name))
        place = self._places.folder(f"{address.rstrip('/')}/data")
        with self._places.origin(source) as origin, self.watch(name, origin.items.expected_items(name)) as advance:
            files = _bulk_files(spec, _told_of(origin.items.scan(name), advance), place)
        _check_alone(place, files.names)
        where = place.objects if isinstance(place, S3Folder) else None
        bucket, prefix = (where.bucket.name, where.prefix.removesuffix("data/")) if where else ("BUCKET", "PREFIX/")
        load = bulk_put_request(
            full_name, bucket, prefix, token=files.token, max_write_units=limit.units if limit else None
        )
        create = import_request(spec, full_name, bucket, prefix, store.tables, token=files.token)
        answer = self._ask(store, START, load, full_name) if start else None
        return BulkOutcome(files, {START: load, "ImportTable": create}, answer)

    def undo(self, run: str) -> dict[str, int]:
        """Puts back what stood before a copy; returns the items settled in each table, none if that was done before."""
        with self._locked("tables copy --undo"):
            journal = self._folder.find(run)
            if journal.record.state == "undone":
                return dict.fromkeys(journal.record.plan["tables"], 0)
            now = self.workspace.settings.store
            speed = {"max_write_units": now.max_write_units, "write_share": now.write_share}
            store = StoreSettings.model_validate({**journal.record.target, **speed})
            journal.update(state="undoing")
            settled = {}
            with closing(self._places.store(store)) as target:
                for name in journal.record.plan["tables"]:
                    with self.watch(name, 0) as advance:
                        settled[name] = undo_copy(name, target, journal, advance)
            journal.update(state="undone", finished_at=self.workspace.now())
        return settled

    def verify(
        self, tables: Sequence[str], source: Sequence[str], target: Sequence[str], *, mapping: Path | None = None
    ) -> list[Comparison]:
        """Compares tables of stores or exports."""
        with self._places.origin(source) as left, self._places.origin(target) as right:
            archives = [side.items for side in (left, right) if isinstance(side.items, Archive)]
            named = tables or (archives[0].tables if archives else ())
            mappings = load_item_mappings(mapping)
            return [self._compare(name, left, right, mappings[name]) for name in checked(named)]

    def _compare(self, name: str, left: Origin, right: Origin, mapping: ItemMapping) -> Comparison:
        items = left.items.expected_items(name) + right.items.expected_items(name)
        with TemporaryDirectory(prefix="omnix-") as folder, self.watch(name, items) as advance:
            sides = Sides(
                TABLES[name],
                left.items,
                right.items,
                mapping,
                segments=max(left.segments, right.segments),
                paces={SOURCE: left.pace(), TARGET: right.pace()},
                advance=advance,
            )
            return compare_table(sides, KeyBuckets(Path(folder)))

    def _copy(
        self,
        tables: Sequence[str],
        origin: Origin,
        store: StoreSettings,
        mappings: Mapping[str, ItemMapping],
        *,
        create: bool,
        dry_run: bool,
    ) -> CopyOutcome:
        with closing(self._places.store(store)) as target:
            if create and not dry_run:
                target.create_tables()
            plan = _plan(tables, origin, target, store, mappings)
            limits = {name: target.write_limit(name) for name in tables}
            route = partial(self._route, origin, target, limits, mappings)
            if dry_run:
                said = [f"{name}: {limit}" for name, limit in limits.items() if limit]
                return self._outcome(None, [self._watched(name, origin, route, preview_copy) for name in tables], said)
            with self._locked("tables copy"):
                started = self.workspace.now()
                record = MigrationRecord(run_id=run_id_at(started), plan=plan, target=dump(store), started_at=started)
                journal = self._folder.begin(record)
                copied = partial(copy_table, journal=journal)
                reports = [self._watched(name, origin, route, copied) for name in tables]
                journal.update(state="done", finished_at=self.workspace.now())
                return self._outcome(journal.record.run_id, reports)

    def _outcome(self, run_id: str | None, reports: Sequence[CopyReport], limits: Sequence[str] = ()) -> CopyOutcome:
        settings = self.workspace.settings
        writing = settings.publish.write_price * sum(report.write_units for report in reports)
        reading = settings.store.read_price * sum(report.read_units for report in reports)
        return CopyOutcome(run_id, reports, (writing + reading) / 1e6, limits)

    def _watched(
        self, name: str, origin: Origin, route: Callable[..., Route], work: Callable[[Route], CopyReport]
    ) -> CopyReport:
        with self.watch(name, origin.items.expected_items(name)) as advance:
            return work(route(name, advance))

    def _route(
        self,
        origin: Origin,
        target: TableStore,
        limits: Mapping[str, WriteLimit | None],
        mappings: Mapping[str, ItemMapping],
        name: str,
        advance: Callable[[int], None],
    ) -> Route:
        limit = limits[name]
        return Route(
            TABLES[name],
            origin.items,
            target,
            mappings[name],
            segments=origin.segments,
            # A chunk is what an interruption waits for: not more than is written in a few seconds.
            chunk_items=max(_SMALLEST_CHUNK, min(_CHUNK_ITEMS, int(limit.units if limit else _CHUNK_ITEMS))),
            take_read_units=origin.pace(),
            advance=advance,
        )

    def _ask(self, store: StoreSettings, operation: str, request: Request, table: str) -> dict[str, Any]:
        """Sends one request to DynamoDB."""
        service = dynamodb_service(store, now=self.workspace.now)
        with closing(service.transport):
            return service.answer(operation, request, table)

    def _description(self, store: StoreSettings, table: str) -> dict[str, Any]:
        """What DynamoDB says of a table; nothing of one that is not there yet."""
        service = dynamodb_service(store, now=self.workspace.now)
        with closing(service.transport):
            return service.description(table) or {}

    def _locked(self, command: str) -> AbstractContextManager[None]:
        """The right to change the journals. The nightly run does not wait for it."""
        return workspace_lock(self._path, command=command, now=self.workspace.now())

    @property
    def _places(self) -> Places:
        return Places(self.workspace)

    @property
    def _path(self) -> Path:
        return self.workspace.folder / "migrations"

    @property
    def _folder(self) -> MigrationFolder:
        return MigrationFolder(self._path)


def _told_of(items: Iterator[Mapping[str, Any]], advance: Callable[[int], None]) -> Iterator[Mapping[str, Any]]:
    """The items, told of as they pass."""
    for item in items:
        yield item
        advance(1)


def _bulk_files(spec: TableSpec, items: Iterator[Mapping[str, Any]], place: Folder) -> BulkFiles:
    try:
        return write_bulk_files(spec, items, place.write)
    except ValueError as error:
        raise DataError(f"DynamoDB takes no such item: {error}", hint="Mend it in the source.") from error


def _check_alone(place: Folder, names: Sequence[str]) -> None:
    """Raises `ConfigError` for files beside those of the names: DynamoDB loads all that it finds there."""
    others = sorted(set(place.names()) - set(names))
    if others:
        message = f"DynamoDB would load other files at {place}, too: {', '.join(others[:5])}"
        raise ConfigError(message, hint="Delete them, or choose another place.")


def checked(tables: Sequence[str]) -> Sequence[str]:
    """The names of tables, each once. Raises `ConfigError` for one that is none, and for none at all."""
    if not tables:
        raise ConfigError("no table is named", hint=f"Tables: {', '.join(TABLES)}.")
    for name in tables:
        if name not in TABLES:
            raise ConfigError(f"there is no table {name!r}", hint=suggestion(name, list(TABLES), what="Tables"))
    return list(dict.fromkeys(tables))


def _plan(
    tables: Sequence[str],
    origin: Origin,
    target: TableStore,
    store: StoreSettings,
    mappings: Mapping[str, ItemMapping],
) -> dict[str, Any]:
    """What makes two copies the same. Raises `ConfigError` for one that cannot be made."""
    missing = [name for name in target.missing_tables() if name in tables]
    if missing:
        message = f"the target has no table {', '.join(missing)}"
        raise ConfigError(message, hint="--create makes it. A dry run makes nothing, so it needs the table.")
    sources = [origin.items.address(name) for name in tables]
    targets = [target.address(name) for name in tables]
    same = set(sources) & set(targets)
    if same:
        raise ConfigError(f"{min(same)} would be copied to itself", hint="Name another target with --to.")
    return {
        "tables": list(tables),
        "sources": sources,
        "targets": targets,
        "endpoint": store.endpoint_url,
        "mappings": {name: mappings[name].described() for name in tables},
        "segments": origin.segments,
    }
