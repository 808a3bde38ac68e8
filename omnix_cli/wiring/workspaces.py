"""Opening a workspace to work in it: what imports, computes, predicts and publishes, as the settings say."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from omnix_cli.engines.polars_engine import PolarsEngine
from omnix_cli.errors import CorruptCheckpoint
from omnix_cli.plan import plan
from omnix_cli.predictors.bedrock.asking.money import Budget
from omnix_cli.protocols.checkpoints import SOURCES, StoredFrame
from omnix_cli.protocols.progress import NO_PROGRESS, MayGoOn, Progress
from omnix_cli.protocols.steps import Predictor, Resources
from omnix_cli.records import StepRecord, run_id_at
from omnix_cli.reports.settings_file import as_toml
from omnix_cli.services.advice import Advisor, imported_currencies
from omnix_cli.services.customers.stored_consents import stored_consents, with_consents
from omnix_cli.services.publishing.publisher import Publisher
from omnix_cli.services.runs.commands import import_source
from omnix_cli.services.runs.expectations import Expectations
from omnix_cli.services.runs.past_runs import PruneReport, mark_killed, prune, warn_of_future
from omnix_cli.services.runs.runner import Runner
from omnix_cli.settings import SourceSettings, dump
from omnix_cli.stores.inputs.rule_files import product_rules
from omnix_cli.stores.replies.answer_ledger import SqliteAnswers
from omnix_cli.stores.replies.shared import FILE_REPLIES
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.workspace.files import write_atomically
from omnix_cli.stores.workspace.folders import DiskFolder, DiskShelf, Folder
from omnix_cli.stores.workspace.lock import identity, workspace_lock
from omnix_cli.stores.workspace.records import FindingsFile
from omnix_cli.stores.workspace.versions import write_format
from omnix_cli.wiring.memory_limit import promised_bytes, slice_rows, working_bytes
from omnix_cli.wiring.predictors import Predictors
from omnix_cli.wiring.stores import table_store, whole_table, with_store
from omnix_cli.wiring.workspace_reader import WorkspaceReader

if TYPE_CHECKING:
    from omnix_cli.mappings import ColumnMapping
    from omnix_cli.protocols.inputs import Sources
    from omnix_cli.services.importing.importer import Importer
    from omnix_cli.services.importing.reports import ImportReport

_log = logging.getLogger(__name__)
_NO_SOURCE = 'and no source of [[imports.sources]] has kind = "customers" with that store'


@dataclass(frozen=True)
class Workspace(WorkspaceReader):
    """A workspace to work in. What is opened stays open until `close`."""

    checks: list[MayGoOn] = field(default_factory=list)
    """What `may_go_on` looks at."""
    file_replies: int = FILE_REPLIES
    """After how many replies of a model they are shared: 1 on a machine that may be gone any time."""
    asked_about: frozenset[str] | None = None
    """The only customers whose consents are looked up; None: all."""
    progress: Progress = NO_PROGRESS

    def may_go_on(self) -> None:
        """Raises `Interrupted` after a signal, and `LockedError` when the lock was lost."""
        for check in self.checks:
            check()

    @cached_property
    def answers(self) -> SqliteAnswers:
        shared = self._shared.folder("answers") if self._shared else None
        file = self.folder / "answers.sqlite"
        return SqliteAnswers(file, now=self.now, shared=shared, file_replies=self.file_replies)

    @cached_property
    def run_id(self) -> str:
        """The id of the run that this process makes, if it makes one."""
        return run_id_at(self.now())

    @cached_property
    def predictors(self) -> Predictors:
        return Predictors(
            self.settings, lambda: self.answers, self.now, Budget(self.settings.bedrock.budget), self.run_id
        )

    @property
    def spills(self) -> Path:
        """The folder for temporary files of imports."""
        return self.folder / "checkpoints"

    @property
    def fingerprints(self) -> Folder:
        """What is known of the content of objects on S3."""
        return DiskFolder(self.folder / "fingerprints")

    def importer(self, sources: Sources | None = None) -> Importer:
        """Imports files, or the rows of another source."""
        from omnix_cli.services.importing.held.run_buffers import RunSizes
        from omnix_cli.services.importing.importer import Importer
        from omnix_cli.stores.inputs.input_files import S3Files
        from omnix_cli.stores.inputs.line_blocks import block_bytes
        from omnix_cli.stores.inputs.sources import FileSources
        from omnix_cli.stores.inputs.spill import open_spill

        memory, promised = working_bytes(self.settings.engine), promised_bytes(self.settings.engine)
        if promised is not None:
            rows = {kind: sum(batch.accepted for batch in self.ledger.batches(kind)) for kind in SOURCES}
            Expectations(self.records, rows["purchases"], rows["products"]).check(["import"], promised)
        on_s3 = S3Files(self.settings.s3, self.fingerprints)
        return Importer(
            sources=sources or FileSources(s3=on_s3, now=self.now(), block_bytes=block_bytes(memory)),
            checkpoints=self.checkpoints,
            ledger=self.ledger,
            open_spill=partial(open_spill, folder=self.spills, memory_bytes=memory // 16),
            settings=self.settings.imports,
            now=self.now(),
            may_go_on=self.may_go_on,
            sizes=RunSizes.within(memory),
            forgotten=self.forgotten,
        )

    def import_files(
        self,
        kind: str,
        files: Sequence[str],
        mapping: ColumnMapping,
        *,
        complete: bool | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Imports files or, without any, the table that holds this kind in the store of the settings."""
        from omnix_cli.services.importing.imports import import_files

        with nullcontext(None) if files else whole_table(self.settings, kind, now=self.now) as sources:
            return import_files(self.importer(sources), files, mapping, complete=complete, dry_run=dry_run)

    def import_sources(self) -> Iterator[StepRecord]:
        """Imports the sources that the settings name; one record each, also of the one that fails."""
        expected = Expectations(self.records, 0)
        for source in self.settings.imports.sources:
            last = expected.last(f"import {source.kind}")
            yield from import_source(source, self._import_source, self.progress, last.seconds if last else 0.0)

    def _import_source(self, source: SourceSettings) -> ImportReport:
        from omnix_cli.stores.inputs.recipes import source_mapping

        reading = replace(self, settings=with_store(self.settings, source.store)) if source.store else self
        return reading.import_files(source.kind, source.files, source_mapping(source), complete=source.complete)

    def advisor(self, *, keep: bool = False) -> Advisor:
        """Looks at the imports as they are now; with `keep`, what it finds is kept until the rows change."""
        return Advisor(
            sources={kind: self.ledger.view(kind) for kind in SOURCES},
            settings=self.settings.recommend,
            rules=product_rules(self.settings.recommend.not_products),
            currencies=imported_currencies(self.ledger.batches("purchases")),
            kept=FindingsFile(self._shared.folder() if self._shared else DiskFolder(self.folder)) if keep else None,
        )

    def runner(self, predictor: Predictor | None = None) -> Runner:
        """Runs the plan on the imports as they are now, with the predictor of the settings or another. Raises
        `CorruptCheckpoint` when an import is damaged."""
        damaged = self.ledger.damaged()
        if damaged:
            from omnix_cli.services.importing.imports import described

            raise CorruptCheckpoint(f"imports are damaged: {described(damaged)}", hint="Import these files again.")
        limits = self.settings.engine
        return Runner(
            plan=plan(predictor or self.predictors.configured(), product_rules(self.settings.recommend.not_products)),
            engine=PolarsEngine(slice_rows=slice_rows(limits)),
            checkpoints=self.checkpoints,
            records=self.records,
            sources={**{kind: self.ledger.view(kind) for kind in SOURCES}, "customers": self.customers},
            settings=self.settings,
            resources=Resources(limits.threads or os.cpu_count() or 1, working_bytes(limits), say=_log.info),
            now=self.now,
            run_id=self.run_id,
            may_go_on=self.may_go_on,
            progress=self.progress,
            memory_limit=promised_bytes(limits),
        )

    @property
    def customers(self) -> StoredFrame:
        """The imported profiles, with the consents of the store."""
        return with_consents(self.ledger.view("customers"), self._consents)

    @cached_property
    def _consents(self) -> pl.DataFrame:
        """What customers of the store agreed to. Reading all profiles of a store elsewhere costs money, so it is done
        only where a run reads them anyway, to write shopping patterns."""
        is_dear = self.asked_about is None and self.settings.store.kind != "sqlite"
        if is_dear and not self.settings.publish.profiles:
            if not any(one.kind == "customers" and one.store for one in self.settings.imports.sources):
                _log.warning("what customers withdrew in the store is not known: %s", _NO_SOURCE)
            return pl.DataFrame()
        with closing(table_store(self.settings, now=self.now)) as store:
            return stored_consents(store, self.asked_about)

    def publisher(self, *, force: bool, dry_run: bool, roll_back: bool = False) -> Publisher:
        """Publishes the lists of a run to the store; a `roll_back` may replace later lists by earlier ones."""
        return Publisher(
            open_store=partial(table_store, self.settings, now=self.now),
            checkpoints=self.checkpoints,
            settings=self.settings.publish,
            clock=self.now,
            may_go_on=self.may_go_on,
            holder=self.settings.shared_workspace or identity(self.folder),
            force=force,
            roll_back=roll_back,
            dry_run=dry_run,
            progress=self.progress,
        )

    def prune(self, *, keep: int, dry_run: bool) -> PruneReport:
        """Removes old runs and the checkpoints that only they needed; import batches stay."""
        needed = [batch.key for kind in SOURCES for batch in self.ledger.batches(kind)]
        return prune(
            self.records,
            self.checkpoints,
            keep=keep,
            needed=needed,
            dry_run=dry_run,
            now=self.now(),
            may_go_on=self.may_go_on,
        )

    def retire(self, *, dry_run: bool) -> Iterator[StepRecord]:
        """Removes what is older than the settings of retention allow; gives a record if there was anything."""
        days = self.settings.retention
        if not any(dump(days).values()):
            return
        from omnix_cli.services.privacy.retention import Aging, apply, in_words

        has_answers = self._shared is not None or (self.folder / "answers.sqlite").exists()
        aging = Aging(
            checkpoints=self.checkpoints,
            ledger=self.ledger,
            records=self.records,
            logs=self.folder / "logs",
            answers=lambda: self.answers if has_answers else None,
            prune=lambda keep: len(self.prune(keep=keep, dry_run=dry_run).runs),
            expire=partial(self._expire, dry_run=dry_run),
            dry_run=dry_run,
        )
        if gone := apply(days, aging, now=self.now()):
            reason = in_words(gone, dry_run)
            yield StepRecord(name="retention", key="", status="pending" if dry_run else "ran", reason=reason)

    def _expire(self, table: str, *, dry_run: bool) -> int:
        with closing(table_store(self.settings, now=self.now)) as store:
            if not isinstance(store, SqliteStore):  # DynamoDB does it itself
                return 0
            return store.delete_expired(table, self.now(), dry_run=dry_run)

    def write_configuration(self, file: Path) -> bool:
        """Writes a commented configuration file with its settings, unless the file exists. Whether it was written."""
        if file.exists():
            return False
        write_atomically(file, as_toml(self.settings).encode(), private=False)
        return True

    def prepare(self, *, dry_run: bool) -> None:
        """Cleans up after killed processes and, unless this is a dry run, marks the workspace as written by this
        release; call it under the lock, before the first change."""
        if not dry_run:
            write_format(self._shared.folder() if self._shared else DiskFolder(self.folder))
            self.records.set_damaged_aside()
        DiskShelf(self.folder / "checkpoints").sweep()  # temporary files are on disk even if checkpoints are on S3
        for folder in (self.folder, self.folder / "runs", self.folder / "fingerprints"):
            DiskFolder(folder).sweep()
        self.checkpoints.sweep()
        warn_of_future(self.records, self.now())
        mark_killed(self.records)

    @contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """Keeps every other process from changing the workspace until the block ends."""
        with ExitStack() as locks:
            held = [locks.enter_context(workspace_lock(self.folder, command=command, now=self.now()))]
            if self._shared:
                held.append(locks.enter_context(self._shared.lock(command)))
            self.checks.extend(held)
            locks.callback(self.checks.clear)
            locks.callback(self.close)
            yield

    def close(self) -> None:
        """Closes what was opened; the next use opens it again."""
        answers: SqliteAnswers | None = self.__dict__.pop("answers", None)
        if answers is not None:
            answers.close()
