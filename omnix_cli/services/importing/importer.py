"""One import under way: inputs are read, cleaned and compared, then stored as one batch or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.checkpoints import Checkpoints, CheckpointWriter, Figures, StagedPart, StoredFrame
from omnix_cli.protocols.inputs import ImportLedger, OpenSource, Sources, Spill
from omnix_cli.records import ImportBatch, ImportedFile
from omnix_cli.schemas import FRAMES
from omnix_cli.services.content_keys import digest
from omnix_cli.services.importing.clean_rows import FileCounts, clean_file
from omnix_cli.services.importing.compare_rows import Comparison, RunSizes
from omnix_cli.services.importing.identify_rows import Identifier
from omnix_cli.services.importing.read_files import Reader
from omnix_cli.services.importing.reports import ImportReport, merged_reasons
from omnix_cli.services.importing.store_rows import cancel_rows, store_rows
from omnix_cli.settings import ImportSettings, dump
from omnix_cli.steps.imports import cleaning


@dataclass(frozen=True)
class Importer:
    """What an import works with; made by `wiring`."""

    sources: Sources
    checkpoints: Checkpoints
    ledger: ImportLedger
    open_spill: Callable[[], AbstractContextManager[Spill]]
    settings: ImportSettings
    now: datetime
    sizes: RunSizes = field(default_factory=RunSizes)

    @contextmanager
    def begin(self, mapping: ColumnMapping) -> Iterator[Import]:
        """A new import; nothing of it remains unless it is stored."""
        with ExitStack() as stack:
            written, disputed, quarantine = (stack.enter_context(self.open_spill()) for _ in range(3))
            view = self.ledger.view(mapping.kind)
            comparison = Comparison(Identifier(mapping.kind), view, written, disputed, self.sizes)
            reader = Reader(mapping, self.settings.timezone, self.now)
            yield Import(self, reader, stack.enter_context(comparison), quarantine)


@dataclass(frozen=True)
class Import:
    """One import under way."""

    importer: Importer
    reader: Reader
    comparison: Comparison
    quarantine: Spill
    files: list[FileCounts] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.reader.mapping.kind

    def read(self, source: OpenSource) -> None:
        """Reads, cleans and compares one input."""
        counts = FileCounts(source.name)
        for cleaned in clean_file(self.reader, source, len(self.files), counts):
            self.quarantine.add(cleaned.quarantine)
            self.comparison.add(cleaned.rows)
        self.files.append(counts)

    def finish_reading(self) -> None:
        """Call it when all inputs are read."""
        cancel_rows(self.reader.deleted_ids, self.comparison, self.files, self.quarantine)

    @contextmanager
    def store(
        self, ingredients: Mapping[str, Any], *, replay: bool = False, dry_run: bool = False
    ) -> Iterator[StoredRows]:
        """Stores the rows as a batch whose key is made of these ingredients. The caller may append further frames; when
        it has, the batch enters the ledger. A dry run does the same work and writes nothing."""
        ingredients = {"how": self.reader.key, **ingredients}
        batch = NewBatch(self.importer, self.kind, ingredients, self.comparison.view)
        with NoWriter() if dry_run else batch.write({"mapping": dump(self.reader.mapping)}) as writer:
            corrected = store_rows(self.comparison, writer, self.files)
            yield StoredRows(None if dry_run else batch.key, writer, corrected)
        if not dry_run:
            batch.enter(files=tuple(self._records(replay)), corrected=corrected, replay=replay)

    def report(self, **found: Any) -> ImportReport:
        """The counts so far; `found` are further fields of the report."""
        return ImportReport(
            kind=self.kind,
            files=tuple(file.report() for file in self.files),
            reasons=merged_reasons([part for file in self.files for part in file.reasons]),
            newest_day=max((file.newest_day for file in self.files if file.newest_day), default=None),
            **found,
        )

    def _records(self, replay: bool) -> Iterator[ImportedFile]:
        """What the ledger keeps of the inputs. In a replay only rows that left the quarantine count, and the content
        of the file is unknown."""
        for file in self.files:
            yield ImportedFile(
                name=file.name,
                sha256="" if replay else file.sha256,
                mapping_key=self.reader.key,
                read=file.accepted + file.known if replay else file.read,
                accepted=file.accepted,
                quarantined=0 if replay else file.quarantined,
                known=file.known,
                newest_day=file.newest_day,
            )


@dataclass(frozen=True)
class StoredRows:
    """The rows of an import in a checkpoint that is still being written; `batch` is its key, None for a dry run."""

    batch: str | None
    writer: CheckpointWriter
    corrected: int


@dataclass(frozen=True)
class NewBatch:
    """A batch made of these ingredients, on top of the current rows."""

    importer: Importer
    kind: str
    ingredients: Mapping[str, Any]
    view: StoredFrame

    @cached_property
    def key(self) -> str:
        """A hash of the ingredients and of the current rows."""
        ingredients = {**self.ingredients, "before": self.view.key, "batches": self.view.rows}
        return f"import-{self.kind}-{digest(ingredients)}"

    def write(self, parameters: Mapping[str, Any]) -> AbstractContextManager[CheckpointWriter]:
        """Its checkpoint, to be written."""
        return self.importer.checkpoints.write(
            key=self.key,
            step=f"import-{self.kind}",
            version=cleaning.VERSION,
            parameters=parameters,
            inputs={self.kind: self.view.key},
        )

    def enter(self, **facts: Any) -> None:
        """Adds it to the ledger, with these further fields of `ImportBatch`."""
        now = self.importer.now
        self.importer.ledger.add(ImportBatch(key=self.key, kind=self.kind, imported_at=now, **facts))


def resolved(rows: pl.DataFrame, how: str) -> pl.DataFrame:
    """Quarantine rows with their `batch` that are no longer open, as the frame `resolved`."""
    spec = FRAMES["resolved"]
    return spec.conform(rows.with_columns(pl.lit(how).alias("how"))).sort(spec.sort)


class NoWriter:
    """A checkpoint writer that writes nothing, for dry runs."""

    def __enter__(self) -> NoWriter:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def append(self, name: str, frame: pl.DataFrame) -> None:
        pass

    def adopt(self, name: str, part: StagedPart) -> None:
        pass

    def add_figures(self, figures: Figures) -> None:
        pass
