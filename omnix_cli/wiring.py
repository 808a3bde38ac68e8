"""From settings to concrete engine, predictor, store and workspace: the only place that chooses."""

from __future__ import annotations

import logging
import os
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnix_cli.engines.polars_engine import PolarsEngine
from omnix_cli.errors import ConfigError, CorruptCheckpoint, DataError
from omnix_cli.plan import SOURCES, plan
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols import (
    Engine,
    Predictor,
    Resources,
    Sources,
    StoredFrame,
    TableAdministration,
    TableStore,
)
from omnix_cli.records import ImportBatch, StepRecord
from omnix_cli.reports.configuration import as_toml
from omnix_cli.services.findings import Findings
from omnix_cli.services.import_reports import ImportReport
from omnix_cli.services.imports import Importer, import_files
from omnix_cli.services.planning import parse_day
from omnix_cli.services.quarantine import quarantine_replay
from omnix_cli.services.run_history import PruneReport, mark_killed, prune
from omnix_cli.services.runs import Publish, Runner, publish_lists
from omnix_cli.settings import Settings, SourceSettings, StoreSettings
from omnix_cli.stores.checkpoints import ParquetCheckpoints
from omnix_cli.stores.files import PeakMemory, write_atomically
from omnix_cli.stores.folders import DiskFolder, DiskShelf
from omnix_cli.stores.ledger import FileLedger
from omnix_cli.stores.lock import workspace_lock
from omnix_cli.stores.recipes import load_mapping
from omnix_cli.stores.run_records import RunFolder
from omnix_cli.stores.s3 import connect
from omnix_cli.stores.s3_inputs import S3Files
from omnix_cli.stores.s3_workspace import S3Workspace
from omnix_cli.stores.sources import FileSources
from omnix_cli.stores.spill import open_spill
from omnix_cli.stores.sqlite import SqliteStore
from omnix_cli.stores.sqlite_administration import SqliteTables

if TYPE_CHECKING:
    from omnix_cli.stores.dynamodb.pacing import WritePacing
    from omnix_cli.stores.dynamodb.service import Service

_log = logging.getLogger(__name__)
_UNITS = {"": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


@dataclass(frozen=True)
class Workspace:
    """A folder of checkpoints, import batches and runs, and what works on it. `now` is the program's only clock."""

    settings: Settings
    now: Callable[[], datetime]

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.settings.workspace

    @cached_property
    def checkpoints(self) -> ParquetCheckpoints:
        """Its checkpoints."""
        shelf = self._shared.shelf("checkpoints") if self._shared else DiskShelf(self.folder / "checkpoints")
        return ParquetCheckpoints(shelf, now=self.now)

    @cached_property
    def records(self) -> RunFolder:
        """The records of its runs."""
        return RunFolder(self._shared.folder("runs") if self._shared else DiskFolder(self.folder / "runs"))

    @cached_property
    def ledger(self) -> FileLedger:
        """What was imported."""
        return FileLedger(self._shared.folder() if self._shared else DiskFolder(self.folder), self.checkpoints)

    @cached_property
    def _shared(self) -> S3Workspace | None:
        """Where the checkpoints, the ledger, the records and the lock are when other machines share them."""
        address = self.settings.shared_workspace
        return S3Workspace(address, self.settings.s3, now=self.now) if address else None

    def sources(self) -> dict[str, StoredFrame]:
        """The canonical frames as they are now, over all imports."""
        return {kind: self.ledger.view(kind) for kind in SOURCES}

    def importer(self, sources: Sources | None = None) -> Importer:
        """What takes files in, or other inputs."""
        on_s3 = S3Files(self.settings.s3, DiskFolder(self.folder / "fingerprints"))
        return Importer(
            sources=sources or FileSources(s3=on_s3, now=self.now()),
            checkpoints=self.checkpoints,
            ledger=self.ledger,
            open_spill=partial(
                open_spill,
                folder=self.folder / "checkpoints",
                memory_bytes=parse_bytes(self.settings.engine.max_memory) // 2,
            ),
            settings=self.settings.imports,
            now=self.now(),
        )

    def import_files(
        self,
        kind: str,
        files: Sequence[str],
        recipe: str | None,
        columns: Mapping[str, str],
        *,
        timezone: str | None = None,
        dry_run: bool,
    ) -> ImportReport:
        """Takes files of one kind in (without any, the whole table of that kind in the store of the settings), read by
        a recipe with single columns replaced.

        Earlier imports whose checkpoint is damaged are given up first, so that their files can be taken in again."""
        damaged = self.ledger.damaged()
        if damaged and not dry_run:
            _log.warning("given up, to be imported again: %s", _told(damaged))
            self.ledger.drop(damaged)
        mapping = load_mapping(kind, recipe, columns)
        if timezone is not None:  # asked for by hand, so it goes before the recipe's
            mapping = mapping.model_copy(update={"timezone": timezone})
        with nullcontext(None) if files else whole_table(self.settings, kind, now=self.now) as sources:
            return import_files(self.importer(sources), files, mapping, dry_run=dry_run)

    def replay(
        self,
        kind: str,
        recipe: str | None,
        columns: Mapping[str, str],
        *,
        mended: Mapping[str, str],
        reason: str | None,
        file: str | None,
        dry_run: bool,
    ) -> ImportReport:
        """Reads quarantined rows again."""
        mapping = load_mapping(kind, recipe, columns)
        return quarantine_replay(self.importer(), mapping, mended=mended, reason=reason, file=file, dry_run=dry_run)

    def import_sources(self, *, dry_run: bool) -> tuple[StepRecord, ...]:
        """Takes in what the settings name; one record a source."""
        return tuple(self._import_source(source, dry_run=dry_run) for source in self.settings.imports.sources)

    def _import_source(self, source: SourceSettings, *, dry_run: bool) -> StepRecord:
        memory, began = PeakMemory(), time.perf_counter()
        reading = replace(self, settings=with_store(self.settings, source.store)) if source.store else self
        report = reading.import_files(source.kind, source.files, source.mapping, {}, dry_run=dry_run)
        return StepRecord(
            name=f"import {source.kind}",
            key=report.batch or "",
            status="reused" if report.known == report.read else "pending" if dry_run else "ran",
            reason="; ".join(report.notes) or ("nothing new" if report.known == report.read else "new rows"),
            rows_in=report.read,
            rows_out=report.accepted,
            seconds=round(time.perf_counter() - began, 3),
            peak_memory_bytes=memory.peak_bytes(),
            figures={"quarantined": report.quarantined, "known": report.known, "corrected": report.corrected},
        )

    def runner(self) -> Runner:
        """What runs the plan on the imports as they are now. Raises `CorruptCheckpoint` when one is damaged."""
        damaged = self.ledger.damaged()
        if damaged:
            raise CorruptCheckpoint(f"imports are damaged: {_told(damaged)}", hint="Import these files again.")
        return Runner(
            plan=plan(predictor(self.settings)),
            engine=engine(self.settings),
            checkpoints=self.checkpoints,
            records=self.records,
            sources=self.sources(),
            settings=self.settings,
            resources=resources(self.settings),
            now=self.now,
        )

    def publisher(
        self,
        *,
        force: bool,
        dry_run: bool,
        earlier: bool = False,
        show: Callable[[Mapping[str, Any]], None] = lambda item: None,
    ) -> Publish:
        """What writes the lists of a run to the store; `earlier` when an earlier day is to be put back. A dry run
        shows some of the items."""

        def measured(frames: Mapping[str, StoredFrame], run_id: str, as_of: date) -> StepRecord:
            memory = PeakMemory()
            with closing(table_store(self.settings, now=self.now)) as store:
                done = publish_lists(
                    frames,
                    run_id,
                    as_of,
                    store=store,
                    checkpoints=self.checkpoints,
                    settings=self.settings.publish,
                    clock=self.now,
                    holder=self.settings.shared_workspace or f"{socket.gethostname()}:{self.folder.absolute()}",
                    force=force,
                    dry_run=dry_run,
                    earlier=earlier,
                    show=show,
                )
            return done.model_copy(update={"peak_memory_bytes": memory.peak_bytes()})

        return measured

    def initialise(self, configuration: Path) -> list[Path]:
        """Makes a configuration file of the settings in force where there is none; returns what was made."""
        if configuration.exists():
            return []
        write_atomically(configuration, as_toml(self.settings).encode())
        return [self.folder, configuration]

    def findings(self, run: str, *, on_day: bool) -> Findings:
        """What a run (or `latest`) found out; the latest of those that stood on the day of the settings, if asked."""
        sources, hemisphere = self.sources(), self.settings.recommend.hemisphere
        today = self.runner().as_of() if on_day else None
        return Findings(self.records, self.checkpoints, sources, run, today, hemisphere)

    def prune(self, *, keep: int, dry_run: bool) -> PruneReport:
        """Removes old runs and what only they needed; import batches stay."""
        needed = [batch.key for kind in SOURCES for batch in self.ledger.batches(kind)]
        return prune(self.records, self.checkpoints, keep=keep, needed=needed, dry_run=dry_run)

    def sweep(self) -> None:
        """Clears up after killed processes; only under the lock."""
        DiskShelf(self.folder / "checkpoints").sweep()  # temporary files are here wherever the checkpoints are
        self.checkpoints.sweep()
        mark_killed(self.records)

    @property
    def is_new(self) -> bool:
        """Whether nothing has been kept in it yet."""
        return self._shared is None and not self.folder.exists()

    @contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """The right to change the workspace, for one process at a time."""
        with ExitStack() as locks:
            locks.enter_context(workspace_lock(self.folder, command=command, now=self.now()))
            if self._shared:
                locks.enter_context(self._shared.lock(command))
            yield


def _told(batches: Iterable[ImportBatch]) -> str:
    return "; ".join(f"{batch.kind} from {', '.join(file.name for file in batch.files)}" for batch in batches)


def open_workspace(settings: Settings, *, now: Callable[[], datetime]) -> Workspace:
    """The workspace that the settings name. Raises `ConfigError` when something else stands there."""
    if settings.workspace.exists() and not settings.workspace.is_dir():
        raise ConfigError(
            f"the workspace {settings.workspace} is not a folder", hint="Choose another with --workspace."
        )
    return Workspace(settings, now)


def engine(settings: Settings) -> Engine:
    """The engine that the settings name."""
    return PolarsEngine(slice_rows=settings.engine.slice_rows)


def predictor(settings: Settings) -> Predictor:
    """The predictor that the settings name."""
    return StatisticalPredictor(settings.prediction, min_customers=settings.privacy.min_customers)


def table_store(settings: Settings, *, now: Callable[[], datetime]) -> TableStore:
    """The store that the settings name."""
    store = settings.store
    if store.kind == "sqlite":
        return _sqlite(settings)
    from omnix_cli.stores.dead_letters import set_aside
    from omnix_cli.stores.dynamodb.store import DynamoStore

    return DynamoStore(
        dynamodb_service(store, now=now).transport,
        prefix=store.prefix,
        stage=store.stage,
        threads=store.threads,
        pacing=write_pacing(store),
        tables=store.tables,
        set_aside=lambda letters: set_aside(settings.workspace / "dead_letters", letters, now()),
    )


def write_pacing(store: StoreSettings) -> WritePacing:
    """How fast the settings let DynamoDB be written to."""
    from omnix_cli.stores.dynamodb.pacing import WritePacing

    return WritePacing(store.max_write_units, store.start_write_units, store.write_share)


def table_administration(settings: Settings, *, now: Callable[[], datetime]) -> TableAdministration:
    """What makes, checks and drops the tables of the store that the settings name."""
    store = settings.store
    if store.kind == "sqlite":
        return SqliteTables(_sqlite(settings))
    from omnix_cli.stores.dynamodb.administration import DynamoTables

    service = dynamodb_service(store, now=now)
    return DynamoTables(service, prefix=store.prefix, stage=store.stage, options=store.tables)


def dynamodb_service(store: StoreSettings, *, now: Callable[[], datetime]) -> Service:
    """DynamoDB in the account, region and way that the settings name."""
    from omnix_cli.stores.dynamodb.connect import Account, connect
    from omnix_cli.stores.dynamodb.service import Service

    account = Account(store.profile, store.region, store.endpoint_url, store.transport)
    return Service(connect(account, now=now))


def with_store(settings: Settings, kind: str) -> Settings:
    """The settings with a store of another kind."""
    return settings.model_copy(update={"store": settings.store.model_copy(update={"kind": kind})})


@contextmanager
def whole_table(settings: Settings, kind: str, *, now: Callable[[], datetime]) -> Iterator[Sources]:
    """The table that holds the rows of a kind, read from the store that the settings name."""
    from omnix_cli.stores.dynamodb.item_chunks import table_of

    store, table = settings.store, table_of(kind)
    name = table.full_name(store.prefix, store.stage)
    if store.kind == "sqlite":
        from omnix_cli.stores.item_lines import StoredTable

        with closing(_sqlite(settings)) as sqlite:
            yield StoredTable(sqlite, table, f"sqlite:{name}", now())
        return
    from omnix_cli.stores.dynamodb.scanned_table import scanned
    from omnix_cli.stores.dynamodb.scanning import TableScan

    service = dynamodb_service(store, now=now)
    with closing(service.transport):
        folder = settings.workspace / "scans" / name
        scan = TableScan(service, name, folder, now, store.segments, max_units=store.max_read_units, say=_log.info)
        with scanned(scan) as sources:
            yield sources


def _sqlite(settings: Settings) -> SqliteStore:
    store = settings.store
    return SqliteStore(store.path or settings.workspace / "store.sqlite", prefix=store.prefix, stage=store.stage)


def uploader(settings: Settings, address: str) -> Callable[[bytes], None]:
    """What puts bytes at an address on S3. Raises `ConfigError` when it names no object."""
    target = connect(address, settings.s3)
    if not target.prefix or target.prefix.endswith("/"):
        raise ConfigError(f"{address} names no object", hint="Write it as s3://bucket/folder/name.parquet.")

    def upload(content: bytes) -> None:
        target.put("", content)

    return upload


def resources(settings: Settings) -> Resources:
    """What a step may use."""
    return Resources(
        threads=settings.engine.threads or os.cpu_count() or 1,
        memory_bytes=parse_bytes(settings.engine.max_memory),
        say=_log.info,
    )


def check_configuration(settings: Settings) -> list[str]:
    """What the settings lead to, one line each. Raises `ConfigError` for what could not work."""
    try:
        return _consequences(settings)
    except DataError as error:
        raise ConfigError(error.message, hint=error.hint) from error


def _consequences(settings: Settings) -> list[str]:
    lines = [f"workspace {settings.workspace.resolve()}", f"memory {resources(settings).memory_bytes:,} bytes"]
    if settings.shared_workspace:
        first = next(connect(settings.shared_workspace, settings.s3).within("").list(), None)
        lines.append(f"shared at {settings.shared_workspace}, {'empty as yet' if first is None else 'in use'}")
    if settings.as_of not in ("latest", "today"):
        lines.append(f"as of {parse_day(settings.as_of)}")
    for source in settings.imports.sources:
        load_mapping(source.kind, source.mapping)
        files = FileSources(s3=S3Files(settings.s3)).find(source.files) if source.files else []
        count = f"{len(files)} files" if source.files else f"the table in {source.store}"
        lines.append(f"{source.kind} from {count}")
    return lines


def parse_bytes(text: str) -> int:
    """A size such as 4GiB, 500MB or 1000000. Raises `ConfigError` for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", text)
    if match is None or match[2].lower() not in _UNITS:
        raise ConfigError(f"engine.max_memory = {text!r} is not a size", hint="Write it as 4GiB or 500MB.")
    return int(float(match[1]) * _UNITS[match[2].lower()])
