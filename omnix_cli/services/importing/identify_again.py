"""Purchases that omnix 0.1 imported get ids as this release makes them: once, before the next import of purchases."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.schemas import FRAMES
from omnix_cli.services.importing.importer import Importer, NewBatch
from omnix_cli.services.importing.reports import FileReport
from omnix_cli.services.importing.store_rows import store_rows
from omnix_cli.steps.imports.groups import former_ids
from omnix_cli.steps.imports.groups.identity import FILE

_BATCH_ROWS = 1 << 18
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _NoRows:
    """Nothing to compare with. Implements `protocols.ImportedRows`."""

    name: str = "purchases"
    key: str = ""
    rows: int = 0

    def scan(self, *columns: str) -> pl.LazyFrame:
        return FRAMES[self.name].empty().lazy()

    def batches(self) -> Iterator[tuple[str, pl.LazyFrame]]:
        return iter(())


def has_former_ids(importer: Importer, kind: str) -> bool:
    """Whether current rows may have ids of omnix 0.1: whether no later batch replaced them all."""
    batches = [batch for batch in importer.ledger.batches(kind) if batch.accepted or batch.superseded]
    if kind != "purchases" or not batches:
        return False
    steps = [importer.checkpoints.open(batch.key).manifest for batch in batches]
    newest = max((number for number, one in enumerate(steps) if "identified again" in one.parameters), default=-1)
    return any(one.version in former_ids.VERSIONS for one in steps[newest + 1 :])


def identify_again(importer: Importer) -> None:
    """Gives the current purchases new ids, in a batch that replaces all earlier ones and has their files."""
    view = importer.ledger.view("purchases")
    before = importer.ledger.batches("purchases")
    superseded = [FRAMES["superseded"].empty()]
    with importer.begin(ColumnMapping(kind="purchases"), dry_run=False, view=_NoRows()) as work:
        first = 1
        for key, rows in view.batches():
            mapping = importer.checkpoints.open(key).manifest.parameters.get("mapping") or {}
            zone = mapping.get("written_timezone") or mapping.get("timezone") or importer.settings.timezone
            for piece in rows.collect_batches(chunk_size=_BATCH_ROWS):
                superseded.append(piece.select(pl.col("purchase_id").alias("id")))
                places = pl.int_range(first, first + piece.height, dtype=pl.UInt64, eager=True).alias(ROW_NUMBER)
                nameless = former_ids.without_made_ids(piece, zone)
                work.comparison.add(
                    nameless.with_columns(pl.lit(0, pl.Int32).alias(FILE), places, pl.lit(0, pl.UInt32).alias(ITEM))
                )
                first += piece.height
        work.comparison.end_file(0)
        ids = pl.concat(superseded).sort("id")
        batch = NewBatch(importer, "purchases", {"identified again": view.key}, view)
        with batch.write({"identified again": True}) as writer:
            counts = store_rows(work.comparison, writer, [FileReport("earlier imports")])
            writer.append("superseded", ids)
    nothing = dict.fromkeys(("read", "accepted", "quarantined", "known"), 0)
    files = tuple(file.model_copy(update=nothing) for one in before for file in one.files)
    batch.enter(files=files, stored=counts["stored"], superseded=ids.height)
    _log.info("%d purchases that an earlier release imported got ids as this one makes them", ids.height)
