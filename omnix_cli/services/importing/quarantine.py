"""The quarantine: rows that could not be imported are shown, read again with a fixed mapping or file, or discarded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import orjson
import polars as pl
from pydantic import ValidationError

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import ColumnMapping, suggestion
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, OpenSource, RawChunk
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.compare_rows import Comparison
from omnix_cli.services.importing.importer import Importer, NewBatch, resolved
from omnix_cli.services.importing.reports import ImportReport, ReasonCount, merged_reasons, reason_counts
from omnix_cli.settings import dump
from omnix_cli.steps.imports.groups.identity import FILE

_PLACE = ["file", "row_number", "item"]


@dataclass(frozen=True)
class OpenQuarantine:
    """Open rows, counted by reason, and the first of them."""

    reasons: tuple[ReasonCount, ...]
    rows: pl.DataFrame


@dataclass(frozen=True)
class Discarded:
    """How many rows were discarded."""

    rows: int
    dry_run: bool


def quarantine_show(
    importer: Importer, kind: str, *, reason: str | None = None, file: str | None = None, limit: int = 20
) -> OpenQuarantine:
    """The open rows, unexpected reasons first."""
    rows = open_rows(importer, kind, reason=reason, file=file)
    counts = merged_reasons([reason_counts(rows)]) if rows.height else ()
    return OpenQuarantine(counts, rows.sort("expected", *_PLACE).head(limit))


def quarantine_replay(
    importer: Importer,
    kind: str,
    revised: Callable[[ColumnMapping], ColumnMapping],
    *,
    fixed: Mapping[str, str] | None = None,
    reason: str | None = None,
    file: str | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Reads open rows again and imports those that are good now; the others stay open.

    The rows of a file are read with the mapping and the time zone that the file was imported with, as `revised`
    changes it: it returns the mapping to use instead.

    The rows come from the quarantine itself or, for the files in `fixed` (quarantined name: path), from the same lines
    of the fixed file. Raises `ConfigError` for a name that was not imported, `DataError` for a missing file."""
    _check_fixed(importer, kind, fixed or {})
    found = open_rows(importer, kind, reason=reason, file=file)
    with ExitStack() as stack:
        origins = found.partition_by("batch", "file", maintain_order=True)
        mappings = [revised(mapping_of(importer, kind, str(origin["batch"][0]))) for origin in origins]
        begun = mappings[0] if mappings else ColumnMapping.model_validate({"kind": kind})
        work = stack.enter_context(importer.begin(begun, dry_run=dry_run, replay=True))
        for origin, mapping in zip(origins, mappings, strict=True):
            rows = _QuarantinedRows(str(origin["file"][0]), origin)
            if fixed and rows.name in fixed:
                source = stack.enter_context(importer.sources.open(fixed[rows.name], mapping))
                rows = _FixedLines(rows.name, origin, source)
            work.read(rows, replace(work.reader, mapping=mapping))
        work.finish_reading()
        settled = _settled(origins, work.comparison)
        if settled.is_empty():
            return work.report()
        with work.store({"replayed": settled.rows(), "mappings": [*map(dump, mappings)]}, replay=True) as writer:
            writer.append("resolved", settled)
        return work.report()


def quarantine_discard(
    importer: Importer, kind: str, *, reason: str | None = None, file: str | None = None, dry_run: bool = False
) -> Discarded:
    """Discards open rows. The batch they came with still has them, but they are not shown or replayed again."""
    rows = open_rows(importer, kind, reason=reason, file=file)
    if rows.height and not dry_run:
        discarded = resolved(rows, "discarded")
        batch = NewBatch(importer, kind, {"discarded": discarded.rows()}, importer.ledger.view(kind))
        with batch.write({}) as writer:
            writer.append("resolved", discarded)
        batch.enter(files=(), replay=True)
    return Discarded(rows.height, dry_run)


def open_rows(importer: Importer, kind: str, *, reason: str | None, file: str | None) -> pl.DataFrame:
    """The open rows with the `batch` they came with, all or those of one reason or file. Raises `ConfigError` for a
    file that was not imported."""
    if file is not None:
        _check_imported(importer, kind, file)
    wanted = {name: value for name, value in (("reason", reason), ("file", file)) if value is not None}
    return importer.ledger.quarantine(kind).filter(**wanted).collect().sort(*_PLACE, "batch")


def mapping_of(importer: Importer, kind: str, batch: str) -> ColumnMapping:
    """The mapping that a batch was imported with, with its time zone."""
    parameters = importer.checkpoints.open(batch).manifest.parameters
    try:
        mapping = ColumnMapping.model_validate({**parameters.get("mapping", {}), "kind": kind})
    except ValidationError as error:
        hint = "Name the mapping with --mapping."
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(f"the mapping of the import {batch} cannot be used: {why}", hint=hint) from error
    return mapping if mapping.timezone else mapping.changed(timezone=parameters.get("timezone"))


def _check_imported(importer: Importer, kind: str, name: str) -> None:
    known = {file.name for batch in importer.ledger.batches(kind) for file in batch.files}
    if name not in known:
        hint = suggestion(name, sorted(known), what="Imported files")
        raise ConfigError(f"no {kind} were imported from `{name}`", hint=hint)


def _check_fixed(importer: Importer, kind: str, fixed: Mapping[str, str]) -> None:
    for name in fixed:
        _check_imported(importer, kind, name)
    importer.sources.find(list(fixed.values()))


def _settled(origins: Sequence[pl.DataFrame], good: Comparison) -> pl.DataFrame:
    """The positions of the rows that are good now."""
    places = good.places
    if not places:
        return FRAMES["resolved"].empty()
    imported = pl.concat(places).unique().cast({ROW_NUMBER: pl.Int64, ITEM: pl.Int32})
    rows = pl.concat(rows.with_columns(pl.lit(number, pl.Int32).alias(FILE)) for number, rows in enumerate(origins))
    rows = rows.join(imported, left_on=[FILE, "row_number", "item"], right_on=[FILE, ROW_NUMBER, ITEM], how="semi")
    return resolved(rows, "replayed")


@dataclass
class _QuarantinedRows:
    """Rows read back from the JSON that the quarantine keeps. Implements `protocols.OpenSource`."""

    name: str
    rows: pl.DataFrame

    @property
    def findings(self) -> Mapping[str, str]:
        return {}

    def chunks(self) -> Iterator[RawChunk]:
        """All in one chunk: they are few. Lines that were not rows (without a column) are rejected again."""
        rows = self.rows.filter(pl.col("column").is_not_null())
        texts = [orjson.loads(row) for row in rows["row"]]
        columns = dict.fromkeys(name for text in texts for name in text)
        places = rows.select(
            pl.col("row_number").cast(pl.UInt64).alias(ROW_NUMBER), pl.col("item").cast(pl.UInt32).alias(ITEM)
        )
        raw = pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String), orient="row")
        rejected = self.rows.filter(pl.col("column").is_null())
        yield RawChunk(places.with_columns(raw.get_columns()), rejected.drop("file", "batch"))

    def fingerprint(self) -> str:
        """Empty: these are not all lines of a file."""
        return ""


@dataclass
class _FixedLines(_QuarantinedRows):
    """The same lines of a fixed file, under the name of the file they were quarantined with."""

    fixed: OpenSource

    @property
    def findings(self) -> Mapping[str, str]:
        return self.fixed.findings

    def chunks(self) -> Iterator[RawChunk]:
        """The quarantined lines only; those that the fixed file lacks stay open."""
        place = ["row_number", "item"]
        read = self.rows.cast({"row_number": pl.UInt64, "item": pl.UInt32})
        for chunk in self.fixed.chunks():
            rows = chunk.rows.join(read, left_on=[ROW_NUMBER, ITEM], right_on=place, how="semi")
            yield replace(chunk, rows=rows, rejected=chunk.rejected.join(self.rows, on=place, how="semi"))
