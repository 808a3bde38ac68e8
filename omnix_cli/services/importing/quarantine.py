"""Quarantined rows: looked at, taken in again once the mapping or the file is mended, or given up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import orjson
import polars as pl

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import ColumnMapping, suggestion
from omnix_cli.protocols.inputs import OpenSource, RawChunk
from omnix_cli.records import ImportBatch, ImportedFile
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.comparing import Incoming
from omnix_cli.services.importing.importer import Importer, Nowhere, batch_key, open_batch, record, report
from omnix_cli.services.importing.reading import Intake, mapping_key
from omnix_cli.services.importing.reports import ImportReport, ReasonCount, merged_reasons, reason_counts
from omnix_cli.services.importing.storing import merge
from omnix_cli.settings import dump
from omnix_cli.steps.imports.identity import FILE, occurrences
from omnix_cli.steps.imports.problems import ITEM, ROW_NUMBER

_PLACE = ["file", "row_number", "item"]


@dataclass(frozen=True)
class OpenQuarantine:
    """The open rows of a kind by reason, and the first of them."""

    kind: str
    reasons: tuple[ReasonCount, ...]
    rows: pl.DataFrame


def quarantine_show(
    importer: Importer, kind: str, *, reason: str | None = None, file: str | None = None, limit: int = 20
) -> OpenQuarantine:
    """What is open, unexpected reasons first."""
    rows = open_rows(importer, kind, reason=reason, file=file)
    counts = merged_reasons([reason_counts(rows)]) if rows.height else ()
    return OpenQuarantine(kind, counts, rows.sort("expected", *_PLACE).head(limit))


def quarantine_replay(
    importer: Importer,
    mapping: ColumnMapping,
    *,
    mended: Mapping[str, str] | None = None,
    reason: str | None = None,
    file: str | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Reads open rows again with this mapping and takes over those that are good now; the others stay open.

    The rows come from the quarantine itself, or for the files in `mended` (quarantined name: path) from the same lines
    of the mended file. Raises `ConfigError` for a name that was not imported, `DataError` for a path without a file."""
    kind = mapping.kind
    _check_mended(importer, kind, mended or {})
    rows = open_rows(importer, kind, reason=reason, file=file)
    with ExitStack() as stack:
        accepted, disputed, still_bad = (stack.enter_context(importer.open_spill()) for _ in range(3))
        view = importer.ledger.view(kind)
        good = stack.enter_context(Incoming(kind, view, accepted, disputed, importer.run_rows))
        intake = Intake(mapping, importer.settings.timezone, importer.now, good, still_bad, importer.progress)
        lots = rows.partition_by("batch", "file", maintain_order=True)
        files = [
            intake.read(_source(stack, importer, mapping, lot, mended or {}), number) for number, lot in enumerate(lots)
        ]
        intake.settle_deletions(files)
        settled = _settled(lots, good)
        if settled.is_empty():
            return report(kind, files, dry_run=dry_run)
        how = mapping_key(mapping, importer.settings.timezone)
        key = batch_key(kind, {"how": how, "replayed": settled.rows()}, view)
        with Nowhere() if dry_run else open_batch(importer, kind, key, view, {"mapping": dump(mapping)}) as writer:
            taken = _taken(importer, kind, lots, good)
            corrected = merge(good, writer, files, slice_rows=importer.slice_rows, taken=taken)
            writer.append("resolved", settled)
    if not dry_run:
        records = tuple(_replayed(record(taken, how)) for taken in files)
        importer.ledger.add(
            ImportBatch(key=key, kind=kind, imported_at=importer.now, files=records, corrected=corrected, replay=True)
        )
    return report(kind, files, corrected=corrected, batch=None if dry_run else key, dry_run=dry_run)


def quarantine_discard(
    importer: Importer, kind: str, *, reason: str | None = None, file: str | None = None, dry_run: bool = False
) -> int:
    """Gives open rows up; a record of them stays in the batch they came with. Returns how many."""
    rows = open_rows(importer, kind, reason=reason, file=file)
    if rows.height and not dry_run:
        view = importer.ledger.view(kind)
        given_up = _resolved(rows, "discarded")
        key = batch_key(kind, {"discarded": given_up.rows()}, view)
        with open_batch(importer, kind, key, view, {}) as writer:
            writer.append("resolved", given_up)
        importer.ledger.add(ImportBatch(key=key, kind=kind, imported_at=importer.now, files=(), replay=True))
    return rows.height


def open_rows(importer: Importer, kind: str, *, reason: str | None, file: str | None) -> pl.DataFrame:
    """The open rows, with the `batch` they came with, of one reason or file only if given."""
    rows = importer.ledger.quarantine(kind)
    if reason is not None:
        rows = rows.filter(pl.col("reason") == reason)
    if file is not None:
        rows = rows.filter(pl.col("file") == file)
    return rows.collect().sort(*_PLACE, "batch")


def _check_mended(importer: Importer, kind: str, mended: Mapping[str, str]) -> None:
    known = {file.name for batch in importer.ledger.batches(kind) for file in batch.files}
    for name in mended:
        if name not in known:
            raise ConfigError(
                f"no {kind} were imported from `{name}`", hint=suggestion(name, sorted(known), what="Imported were")
            )
    importer.sources.find(list(mended.values()))


def _source(
    stack: ExitStack, importer: Importer, mapping: ColumnMapping, lot: pl.DataFrame, mended: Mapping[str, str]
) -> OpenSource:
    name = str(lot["file"][0])
    if name not in mended:
        return _QuarantinedRows(name, lot)
    source = stack.enter_context(importer.sources.open(mended[name], mapping))
    return _MendedLines(name, source, lot.select("row_number", "item"))


def _settled(lots: Sequence[pl.DataFrame], good: Incoming) -> pl.DataFrame:
    """The places of the rows that are good now."""
    places = [piece.select(FILE, ROW_NUMBER, ITEM) for piece in good.pieces()]
    if not places:
        return FRAMES["resolved"].empty()
    taken = pl.concat(places).unique()
    numbered = pl.concat(lot.with_columns(pl.lit(number, pl.Int32).alias(FILE)) for number, lot in enumerate(lots))
    rows = numbered.join(taken, left_on=[FILE, "row_number", "item"], right_on=[FILE, ROW_NUMBER, ITEM], how="semi")
    return _resolved(rows, "replayed")


def _taken(importer: Importer, kind: str, lots: Sequence[pl.DataFrame], good: Incoming) -> pl.DataFrame | None:
    """The ids made for lines that came with the same files, then or by an earlier replay, counted by file."""
    if kind not in ("purchases", "interactions"):
        return None
    customers = pl.concat(piece.select("customer_id") for piece in good.pieces()).unique().lazy()
    counts = []
    for number, lot in enumerate(lots):
        stored = [
            importer.checkpoints.open(key).frame(kind).scan().join(customers, on="customer_id", how="semi")
            for key in _batches_of(importer, kind, str(lot["batch"][0]), str(lot["file"][0]))
        ]
        found = occurrences(pl.concat(stored).unique(FRAMES[kind].key).collect(), kind)
        counts.append(found.with_columns(pl.lit(number, pl.Int32).alias(FILE)))
    return pl.concat(counts)


def _batches_of(importer: Importer, kind: str, batch: str, file: str) -> Iterator[str]:
    """The batch a file came with, and those that took rows of its quarantine in again."""
    yield batch
    for later in importer.ledger.batches(kind):
        settled = importer.checkpoints.open(later.key).frame("resolved").scan()
        if later.replay and not settled.filter(batch=batch, file=file).head(1).collect().is_empty():
            yield later.key


def _resolved(rows: pl.DataFrame, how: str) -> pl.DataFrame:
    spec = FRAMES["resolved"]
    return spec.conform(rows.with_columns(pl.lit(how).alias("how"))).sort(spec.sort)


def _replayed(file: ImportedFile) -> ImportedFile:
    """Only what left the quarantine counts; the content of the file is not known from it."""
    return file.model_copy(update={"sha256": "", "read": file.accepted + file.known, "quarantined": 0})


@dataclass
class _QuarantinedRows:
    """Rows read back from the JSON that quarantine keeps. Implements `protocols.OpenSource`."""

    name: str
    rows: pl.DataFrame
    findings: Mapping[str, str] = field(default_factory=dict)

    def chunks(self) -> Iterator[RawChunk]:
        """All of them at once: they are few. Lines that were no rows (they have no column) still are none."""
        rows = self.rows.filter(pl.col("column").is_not_null())
        texts = [orjson.loads(row) for row in rows["row"]]
        columns = dict.fromkeys(name for text in texts for name in text)
        places = rows.select(pl.col("row_number").alias(ROW_NUMBER), pl.col("item").alias(ITEM))
        raw = pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String), orient="row")
        no_rows = self.rows.filter(pl.col("column").is_null())
        yield RawChunk(places.with_columns(raw.get_columns()), no_rows.drop("file", "batch"))

    def fingerprint(self) -> str:
        """They are no file."""
        return ""


@dataclass
class _MendedLines:
    """The lines of a mended file at given places, under the name of the file they were quarantined with.
    Implements `protocols.OpenSource`."""

    name: str
    source: OpenSource
    places: pl.DataFrame

    @property
    def findings(self) -> Mapping[str, str]:
        """Those of the mended file."""
        return self.source.findings

    def chunks(self) -> Iterator[RawChunk]:
        """Only the wanted lines; those that the mended file does not have any more stay open."""
        for chunk in self.source.chunks():
            rows = chunk.rows.join(self.places, left_on=[ROW_NUMBER, ITEM], right_on=["row_number", "item"], how="semi")
            rejected = chunk.rejected.join(self.places, on=["row_number", "item"], how="semi")
            yield RawChunk(rows, rejected)

    def fingerprint(self) -> str:
        """The content counts for the wanted lines only."""
        return ""
