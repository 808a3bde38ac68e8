"""The workspace that the settings name, and what works on it."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from omnix_cli.errors import ConfigError, CorruptCheckpoint
from omnix_cli.mappings import ColumnMapping
from omnix_cli.plan import SOURCES, plan
from omnix_cli.protocols.checkpoints import StoredFrame
from omnix_cli.protocols.inputs import Sources
from omnix_cli.protocols.steps import Predictor
from omnix_cli.records import StepRecord, run_id_at
from omnix_cli.reports.configuration import as_toml
from omnix_cli.services.importing.batches import Importer
from omnix_cli.services.importing.imports import described, import_files
from omnix_cli.services.importing.reports import ImportReport
from omnix_cli.services.lookups.findings import Findings
from omnix_cli.services.runs.history import PruneReport, mark_killed, prune
from omnix_cli.services.runs.runner import Publish, Runner, publish_lists
from omnix_cli.settings import Settings, SourceSettings
from omnix_cli.stores.inputs.recipes import load_mapping
from omnix_cli.stores.inputs.s3_files import S3Files
from omnix_cli.stores.inputs.sources import FileSources
from omnix_cli.stores.inputs.spill import open_spill
from omnix_cli.stores.replies.sqlite import SqliteAnswers
from omnix_cli.stores.s3.workspace import S3Workspace
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.files import PeakMemory, write_atomically
from omnix_cli.stores.workspace.folders import DiskFolder, DiskShelf
from omnix_cli.stores.workspace.import_ledger import FileLedger
from omnix_cli.stores.workspace.lock import workspace_lock
from omnix_cli.stores.workspace.run_records import RunFolder
from omnix_cli.stores.workspace.versions import check_format, write_format
from omnix_cli.wiring.engines import engine, parse_bytes, resources
from omnix_cli.wiring.predictors import Predictors
from omnix_cli.wiring.stores import table_store, whole_table, with_store

_log = logging.getLogger(__name__)


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
    def answers(self) -> SqliteAnswers:
        """What models said."""
        shared = self._shared.folder("answers") if self._shared else None
        return SqliteAnswers(self.folder / "answers.sqlite", now=self.now, shared=shared)

    @cached_property
    def run_id(self) -> str:
        """The id of the run that this process does, if it does one."""
        return run_id_at(self.now())

    @property
    def predictors(self) -> Predictors:
        """What makes predictions."""
        return Predictors(self.settings, lambda: self.answers, self.now, self.run_id)

    @cached_property
    def _shared(self) -> S3Workspace | None:
        """Where the checkpoints, the ledger, the records and the lock are when other machines share them."""
        address = self.settings.shared_workspace
        shared = S3Workspace(address, self.settings.s3, now=self.now) if address else None
        check_format(shared.folder() if shared else DiskFolder(self.folder))
        return shared

    def upgrade(self) -> None:
        """Marks it as written by this release; call it under the lock, before the first change."""
        write_format(self._shared.folder() if self._shared else DiskFolder(self.folder))

    def sources(self) -> dict[str, StoredFrame]:
        """The canonical frames as they are now, over all imports."""
        return {kind: self.ledger.view(kind) for kind in SOURCES}

    def importer(self, sources: Sources | None = None) -> Importer:
        """Imports files, or other inputs."""
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

    def mapping(
        self, kind: str, recipe: str | None, columns: Mapping[str, str] | None = None, timezone: str | None = None
    ) -> ColumnMapping:
        """The mapping for a kind of input: a recipe, with single columns and the time zone replaced."""
        mapping = load_mapping(kind, recipe, columns)
        return mapping if timezone is None else mapping.model_copy(update={"timezone": timezone})

    def import_files(
        self, kind: str, files: Sequence[str], mapping: ColumnMapping, *, dry_run: bool = False
    ) -> ImportReport:
        """Imports files or, without any, the table that holds this kind in the store of the settings."""
        with nullcontext(None) if files else whole_table(self.settings, kind, now=self.now) as sources:
            return import_files(self.importer(sources), files, mapping, dry_run=dry_run)

    def import_sources(self, *, dry_run: bool) -> tuple[StepRecord, ...]:
        """Takes in what the settings name; one record a source."""
        return tuple(self._import_source(source, dry_run=dry_run) for source in self.settings.imports.sources)

    def _import_source(self, source: SourceSettings, *, dry_run: bool) -> StepRecord:
        memory, began = PeakMemory(), time.perf_counter()
        reading = replace(self, settings=with_store(self.settings, source.store)) if source.store else self
        mapping = self.mapping(source.kind, source.mapping)
        report = reading.import_files(source.kind, source.files, mapping, dry_run=dry_run)
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

    def runner(self, predictor: Predictor | None = None) -> Runner:
        """What runs the plan on the imports as they are now, with the predictor of the settings or another. Raises
        `CorruptCheckpoint` when an import is damaged."""
        damaged = self.ledger.damaged()
        if damaged:
            raise CorruptCheckpoint(f"imports are damaged: {described(damaged)}", hint="Import these files again.")
        return Runner(
            plan=plan(predictor or self.predictors.configured()),
            engine=engine(self.settings),
            checkpoints=self.checkpoints,
            records=self.records,
            sources=self.sources(),
            settings=self.settings,
            resources=resources(self.settings),
            now=self.now,
            run_id=self.run_id,
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
        today = self.runner(self.predictors.statistical()).as_of() if on_day else None
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
            locks.callback(self.close)
            yield

    def close(self) -> None:
        """Lets go of what was opened; the next use opens it again."""
        answers: SqliteAnswers | None = self.__dict__.pop("answers", None)
        if answers is not None:
            answers.close()


def open_workspace(settings: Settings, *, now: Callable[[], datetime]) -> Workspace:
    """The workspace that the settings name. Raises `ConfigError` when something else stands there."""
    if settings.workspace.exists() and not settings.workspace.is_dir():
        raise ConfigError(
            f"the workspace {settings.workspace} is not a folder", hint="Choose another with --workspace."
        )
    return Workspace(settings, now)
