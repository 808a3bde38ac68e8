"""The ledger of imports: one file that lists the batches of each kind of data.

Batches are checkpoints and never change. A batch that corrects earlier rows lists their ids in its frame `superseded`;
the view leaves these rows of earlier batches out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import polars as pl
from pydantic import TypeAdapter, ValidationError

from omnix_cli.errors import OmnixError
from omnix_cli.protocols.checkpoints import Checkpoint, Checkpoints
from omnix_cli.records import ImportBatch
from omnix_cli.stores.workspace.folders import Folder
from omnix_cli.stores.workspace.versions import unreadable

_BATCHES = TypeAdapter(tuple[ImportBatch, ...])
LEDGER = "imports.json"
_PLACE = ["batch", "file", "row_number", "item"]


@dataclass(frozen=True)
class LedgerView:
    """The current rows of one kind. Implements `protocols.StoredFrame`."""

    name: str
    checkpoints: tuple[Checkpoint, ...]
    rows: int

    @cached_property
    def key(self) -> str:
        """The hash of the batch keys in order."""
        keys = "\n".join(checkpoint.manifest.key for checkpoint in self.checkpoints)
        return f"{self.name}-{hashlib.sha256(keys.encode()).hexdigest()[:32]}"

    def scan(self, *columns: str) -> pl.LazyFrame:
        if len(self.checkpoints) == 1:
            return self.checkpoints[0].frame(self.name).scan(*columns)
        from omnix_cli.schemas import FRAMES  # here, since it takes longer to load than most look-ups

        (own_id,) = FRAMES[self.name].key
        parts: list[pl.LazyFrame] = []
        replaced: list[pl.LazyFrame] = []
        for checkpoint in reversed(self.checkpoints):
            rows = checkpoint.frame(self.name).scan()
            if replaced:
                rows = rows.join(pl.concat(replaced), left_on=own_id, right_on="id", how="anti")
            parts.append(rows)
            if checkpoint.manifest.rows("superseded"):
                replaced.append(checkpoint.frame("superseded").scan())
        return pl.concat(reversed(parts)) if parts else FRAMES[self.name].empty().lazy()


@dataclass(frozen=True)
class FileLedger:
    """The ledger in a file. Implements `protocols.ImportLedger`."""

    folder: Folder
    checkpoints: Checkpoints

    def batches(self, kind: str) -> tuple[ImportBatch, ...]:
        return tuple(batch for batch in self._load() if batch.kind == kind)

    def add(self, batch: ImportBatch) -> None:
        self._change(lambda known: (*known, batch))

    def damaged(self) -> tuple[ImportBatch, ...]:
        return tuple(batch for batch in self._load() if self.checkpoints.damage(batch.key))

    def drop(self, batches: Collection[ImportBatch]) -> None:
        self._change(lambda known: tuple(batch for batch in known if batch not in batches))

    def view(self, kind: str) -> LedgerView:
        batches = [batch for batch in self.batches(kind) if batch.accepted]
        checkpoints = tuple(self.checkpoints.open(batch.key) for batch in batches)
        return LedgerView(kind, checkpoints, sum(batch.accepted - batch.corrected for batch in batches))

    def quarantine(self, kind: str) -> pl.LazyFrame:
        from omnix_cli.schemas import FRAMES

        empty = FRAMES["quarantine"].empty().lazy().with_columns(pl.lit("").alias("batch"))
        rows, settled = [empty], [FRAMES["resolved"].empty().lazy()]
        for batch in self.batches(kind):
            checkpoint = self.checkpoints.open(batch.key)
            rows.append(checkpoint.frame("quarantine").scan().with_columns(pl.lit(batch.key).alias("batch")))
            settled.append(checkpoint.frame("resolved").scan())
        return pl.concat(rows).join(pl.concat(settled), on=_PLACE, how="anti")

    def _change(self, edit: Callable[[tuple[ImportBatch, ...]], tuple[ImportBatch, ...]]) -> None:
        def changed(content: bytes | None) -> bytes:
            return _BATCHES.dump_json(edit(_parsed(content) if content is not None else ()), indent=1) + b"\n"

        self.folder.change(LEDGER, changed)

    def _load(self) -> tuple[ImportBatch, ...]:
        try:
            return _parsed(self.folder.read(LEDGER))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _unreadable(error) from error


def _parsed(content: bytes) -> tuple[ImportBatch, ...]:
    try:
        return _BATCHES.validate_json(content)
    except ValidationError as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> OmnixError:
    hint = "Restore it from a backup, or move it away and import the files again."
    return unreadable(error, f"the ledger of imports {LEDGER}", hint=hint)
