"""An import in progress: inputs are read, cleaned and compared, then stored as one batch or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.checkpoints import Checkpoints, CheckpointWriter, Figures, StagedPart, StoredFrame
from omnix_cli.protocols.inputs import Forgotten, ImportedRows, ImportLedger, OpenSource, Sources, Spill
from omnix_cli.protocols.progress import MayGoOn, always
from omnix_cli.records import Finding, ImportBatch, ImportedFile
from omnix_cli.schemas import FRAMES
from omnix_cli.services.content_keys import digest
from omnix_cli.services.importing.compare_rows import Comparison, Spills
from omnix_cli.services.importing.held.frequent_names import FrequentNames
from omnix_cli.services.importing.held.order_days import OrderDays
from omnix_cli.services.importing.held.run_buffers import RunSizes
from omnix_cli.services.importing.identify_rows import Identifier
from omnix_cli.services.importing.read_files import Reader, clean_file, never_applied
from omnix_cli.services.importing.reports import FileReport, ImportReport, findings, merged_reasons
from omnix_cli.services.importing.store_rows import cancel_rows, store_rows
from omnix_cli.settings import ImportSettings, dump
from omnix_cli.steps.imports import cleaning

NAMES = "product_names"


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
    may_go_on: MayGoOn = always
    """Called after each chunk, and before anything is stored."""
    forgotten: Forgotten | None = None
    """The customers whose rows are left out."""

    @contextmanager
    def begin(
        self,
        mapping: ColumnMapping,
        *,
        dry_run: bool,
        again: frozenset[str] = frozenset(),
        replay: bool = False,
        view: ImportedRows | None = None,
        names: Sequence[str] = (),
    ) -> Iterator[Import]:
        """A new import; nothing of it remains unless it is stored. For `again` see `Comparison`; `replay` says that the
        rows were missing from the statements of their files; `view` are the rows to compare with (by default the
        current ones); `names` are the inputs that will be read."""
        with ExitStack() as stack:
            quarantine, held, *kept = (stack.enter_context(self.open_spill()) for _ in range(7))
            comparison = Comparison(
                Identifier.of(mapping, joins=replay),
                view or self.ledger.view(mapping.kind),
                Spills(*kept),
                self.sizes,
                again=again,
                recognise=not replay and mapping.kind in ("purchases", "interactions"),
                joins_cuts=self.settings.cut_orders == "join",
            )
            earlier = self.ledger.batches(mapping.kind)
            reader = Reader(
                mapping,
                self.settings.timezone,
                self.now,
                self.open_spill,
                earlier=earlier,
                others=names,
                open_other=lambda name: self.sources.open(name, mapping),
                may_go_on=self.may_go_on,
                forgotten=self.forgotten,
            )
            frequent = FrequentNames(held, self._earlier_names(mapping, again))
            work = Import(self, reader, stack.enter_context(comparison), quarantine, frequent, dry_run)
            work.days.products = bool(comparison.view.rows) and not (mapping.replaces_orders or replay)
            yield work

    def _earlier_names(self, mapping: ColumnMapping, again: frozenset[str]) -> list[pl.LazyFrame]:
        """How earlier imports named products, without those that are read again."""
        batches = self.ledger.batches(mapping.kind) if mapping.most_frequent else ()
        return [self.checkpoints.open(one.key).frame(NAMES).scan() for one in batches if one.key not in again]


@dataclass
class Import:
    """An import in progress. A dry run does the same work and writes nothing."""

    importer: Importer
    reader: Reader
    comparison: Comparison
    quarantine: Spill
    names: FrequentNames
    dry_run: bool
    files: list[FileReport] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """What happened when rows were compared, by code (see `merge`)."""
    days: OrderDays = field(default_factory=OrderDays)
    batch: str | None = None

    @property
    def kind(self) -> str:
        return self.reader.mapping.kind

    def read(self, source: OpenSource, reader: Reader | None = None) -> None:
        """Reads, cleans and compares one input, as the reader of the import or another does."""
        reader, counts = reader or self.reader, FileReport(source.name)
        for cleaned in clean_file(reader, source, len(self.files), counts):
            self.quarantine.add(cleaned.quarantine)
            if reader.mapping.most_frequent:
                self.names.add(cleaned.rows)
                continue
            if self.kind == "purchases":
                self.days.add(cleaned.rows)
                self.days.add(cleaned.aside.with_columns(kind=pl.lit("cancelled", cleaned.aside.schema["kind"])))
            self.comparison.add(cleaned.rows)
            self.comparison.add_aside(cleaned.aside)
        self.comparison.end_file(len(self.files))
        self.files.append(counts)

    def finish_reading(self) -> None:
        """Call it when all inputs are read."""
        for rows in self.names.rows():
            self.comparison.add(rows)
        cancel_rows(self.reader.deleted_ids, self.comparison, self.files, self.quarantine)

    @contextmanager
    def store(
        self, ingredients: Mapping[str, Any], *, replay: bool = False, delisted: pl.DataFrame | None = None
    ) -> Iterator[CheckpointWriter]:
        """Stores the rows as a batch whose key is made of these ingredients. The caller may append further frames; when
        it has, the batch enters the ledger. With `delisted` current rows, the import is complete."""
        self.importer.may_go_on()
        ingredients = {"how": self.reader.key, **ingredients}
        batch = NewBatch(self.importer, self.kind, ingredients, self.comparison.view)
        how = {"mapping": dump(self.reader.mapping), "timezone": self.reader.timezone}
        with nullcontext(NoWriter()) if self.dry_run else batch.write(how) as writer:
            self.counts = store_rows(self.comparison, writer, self.files, delisted)
            yield writer
        if not self.dry_run:
            self.batch = batch.key
            facts: dict[str, Any] = {name: self.counts[name] for name in ("corrected", "stored", "superseded")}
            facts |= {} if delisted is None else {"complete": True, "delisted": delisted.height}
            batch.enter(files=tuple(self._records(replay)), replay=replay, **facts)

    def report(self, notes: Iterable[str] = ()) -> ImportReport:
        """The counts so far."""
        return ImportReport(
            kind=self.kind,
            files=tuple(self.files),
            reasons=merged_reasons([part for file in self.files for part in file.reasons]),
            corrected=self.counts["corrected"],
            findings=tuple(self._findings()),
            newest_day=max((file.newest_day for file in self.files if file.newest_day), default=None),
            notes=(*notes, *never_applied(self.reader)),
            batch=self.batch,
            dry_run=self.dry_run,
        )

    def _findings(self) -> Iterator[Finding]:
        counts = dict(self.counts)
        counts["placeholders"] = sum(file.placeholders for file in self.files)
        return findings(counts | self._orders)

    @cached_property
    def _orders(self) -> dict[str, int]:
        """What was noticed about orders; call it when all inputs are read."""
        if "day" not in self.reader.mapping.order_scope:
            return {}
        return self.days.counts(self.comparison.view, self.comparison.edges.orders["order"])

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
                source_key=self.reader.source_key(file.name),
                order=file.settled.order,
                decimal_comma=file.settled.decimal_comma,
                table="" if replay else self.importer.sources.table_identity(file.name),
                currencies=dict(file.currencies) if any(file.currencies) else {},
            )


@dataclass(frozen=True)
class NewBatch:
    """A batch made of these ingredients, on top of the current rows."""

    importer: Importer
    kind: str
    ingredients: Mapping[str, Any]
    view: StoredFrame

    @cached_property
    def key(self) -> str:
        """A hash of the ingredients, of the current rows and of all batches before: no two batches share it."""
        before = [batch.key for batch in self.importer.ledger.batches(self.kind)]
        ingredients = {**self.ingredients, "before": self.view.key, "batches": self.view.rows, "after": before}
        return f"import-{self.kind}-{digest(ingredients)}"

    def write(self, parameters: Mapping[str, Any]) -> AbstractContextManager[CheckpointWriter]:
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
        self.importer.may_go_on()
        self.importer.ledger.add(ImportBatch(key=self.key, kind=self.kind, imported_at=now, **facts))


def resolved(rows: pl.DataFrame, how: str) -> pl.DataFrame:
    """Quarantine rows with their `batch` that are no longer open, as the frame `resolved`."""
    spec = FRAMES["resolved"]
    return spec.conform(rows.with_columns(pl.lit(how).alias("how"))).sort(spec.sort)


class NoWriter:
    """A checkpoint writer that writes nothing, for dry runs."""

    def append(self, name: str, frame: pl.DataFrame) -> None:
        pass

    def adopt(self, name: str, part: StagedPart) -> None:
        pass

    def add_figures(self, figures: Figures) -> None:
        pass
