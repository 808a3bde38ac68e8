"""The rows of a customer in checkpoints: imported ones, quarantined ones, and those that the steps of runs made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import polars as pl

from omnix_cli.list_ids import CUSTOMER_CONTEXTS, personal
from omnix_cli.protocols.checkpoints import SOURCES, Manifest
from omnix_cli.records import ImportBatch
from omnix_cli.safe_text.redaction import Traces, is_bare_line
from omnix_cli.schemas import FRAMES
from omnix_cli.services.privacy.kept_places import Piece
from omnix_cli.stores.workspace.checkpoints import ParquetCheckpoints
from omnix_cli.stores.workspace.forgotten import customer_columns
from omnix_cli.stores.workspace.records import FileLedger


@dataclass(frozen=True)
class CheckpointRows:
    """Implements `kept_places.Place` for the Parquet parts of all checkpoints."""

    checkpoints: ParquetCheckpoints
    ledger: FileLedger
    name: str = "checkpoints"

    def pieces(self, traces: Traces) -> Iterator[Piece]:
        batches = self._batches()
        for manifest in self.checkpoints.manifests():
            batch = batches.get(manifest.key)
            files = f" from {', '.join(file.name for file in batch.files)}" if batch and batch.files else ""
            for frame, condition in conditions(manifest, traces).items():
                where = f"{frame} of {manifest.key}{files}"
                for part in self.checkpoints.stored(manifest.key, frame):
                    for row in part.filter(condition).collect().iter_rows(named=True):
                        yield Piece(where, row)

    def erase(self, traces: Traces) -> int:
        """Raises `CorruptCheckpoint` when an import is damaged; a damaged result of a step is removed."""
        batches, erased, ids = self._batches(), 0, dict[str, set[str]]()
        for manifest in list(self.checkpoints.manifests()):
            gone = conditions(manifest, traces)
            if manifest.key not in batches and gone and self.checkpoints.damage(manifest.key):
                self.checkpoints.remove(manifest.key)
                continue
            if manifest.key in batches:
                kind = batches[manifest.key].kind
                ids.setdefault(kind, set()).update(self._own_ids(manifest, kind, gone))
            erased += self.checkpoints.take_out(manifest.key, gone)
        for key, batch in batches.items():
            if names := ids.get(batch.kind):
                self.checkpoints.take_out(key, {"superseded": pl.col("id").is_in(sorted(names))})
        return erased

    def current_rows(self, traces: Traces) -> dict[str, int]:
        """How many current rows of the customer each import has; by the key of its batch."""
        counts = {}
        for kind in SOURCES:
            if "customer_id" not in FRAMES[kind].schema.column_names():
                continue
            for key, rows in self.ledger.view(kind).batches():
                mine = rows.filter(pl.col("customer_id") == traces.customer)
                counts[key] = int(mine.select(pl.len()).collect().item())
        return {key: count for key, count in counts.items() if count}

    def is_also(self, customer: str) -> bool:
        """Whether the id of a customer is also that of a product, an order or a purchase."""
        for kind, names in (("purchases", ("product_id", "order_id", "purchase_id")), ("products", ("product_id",))):
            for _, rows in self.ledger.view(kind).batches():
                same = pl.any_horizontal(pl.col(name) == customer for name in names)
                if rows.filter(same).head(1).collect().height:
                    return True
        return False

    def _batches(self) -> Mapping[str, ImportBatch]:
        return {batch.key: batch for kind in SOURCES for batch in self.ledger.batches(kind)}

    def _own_ids(self, manifest: Manifest, kind: str, gone: Mapping[str, pl.Expr]) -> Iterator[str]:
        """The ids of the customer's rows: what replaced them names them."""
        own_id = FRAMES[kind].key[0]
        for part in self.checkpoints.stored(manifest.key, kind) if kind in gone else ():
            yield from part.filter(gone[kind]).select(own_id).collect().to_series()


def conditions(manifest: Manifest, traces: Traces) -> dict[str, pl.Expr]:
    """For each frame of a checkpoint that may have rows about a customer, which of them are."""
    found: dict[str, pl.Expr] = {}
    for frame, columns in manifest.schemas.items():
        one = _condition(frame, columns, manifest, traces)
        if one is not None:
            found[frame] = one
    return found


def _condition(frame: str, columns: Mapping[str, str], manifest: Manifest, traces: Traces) -> pl.Expr | None:
    customer = traces.customer
    if frame == "quarantine":
        about = partial(_is_about, traces=traces.of_items, columns=customer_columns(manifest.parameters))
        return pl.struct("row", "value").map_elements(about, return_dtype=pl.Boolean)
    if frame == "superseded" and manifest.step == "import-customers":
        return pl.col("id") == customer
    if "customer_id" in columns:
        return pl.col("customer_id") == customer
    own = [personal(customer, context) for context in CUSTOMER_CONTEXTS]
    return pl.col("list_id").is_in(own) if "list_id" in columns else None


def _is_about(row: Mapping[str, Any], traces: Traces, columns: frozenset[str]) -> bool:
    """Whether a quarantined row is about the customer. A line that is no row of fields may be in any form."""
    try:
        fields = orjson.loads(row["row"])
    except orjson.JSONDecodeError:
        fields = row["row"]
    if not isinstance(fields, dict) or is_bare_line(fields):
        return traces.is_in(str(row["row"]))
    for name, value in fields.items():
        text = "" if value is None else str(value)
        if traces.is_value(text, name) or (name in columns and traces.is_in(text)):
            return True
    return traces.is_distinctive and traces.is_in(str(row["value"] or ""))
