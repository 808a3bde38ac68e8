"""The records of a workspace: the ledger of imports in one file, and a file for each run.

The ledger lists the batches of each kind of data. Batches are checkpoints and never change. A batch that corrects
earlier rows lists their ids in its frame `superseded`; the view leaves these rows of earlier batches out.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import takewhile

import polars as pl
from pydantic import TypeAdapter

from omnix_cli.errors import CorruptCheckpoint, DataError, OmnixError
from omnix_cli.protocols.checkpoints import Checkpoint, Checkpoints
from omnix_cli.records import Finding, ImportBatch, RunRecord
from omnix_cli.stores.workspace.folders import Folder
from omnix_cli.stores.workspace.sealed_json import as_sealed_json, from_sealed_json, parsed, sealed, unsealed
from omnix_cli.stores.workspace.versions import unreadable

_FINDINGS = TypeAdapter(tuple[Finding, ...])
_log = logging.getLogger(__name__)
LEDGER = "imports.json"
FINDINGS = "findings.json"
_DAMAGED = ".damaged"
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

        parts = [rows for _, rows in self.batches()]
        return pl.concat(parts) if parts else FRAMES[self.name].empty().lazy()

    def batches(self) -> Iterator[tuple[str, pl.LazyFrame]]:
        from omnix_cli.schemas import FRAMES

        (own_id,) = FRAMES[self.name].key
        parts: list[tuple[str, pl.LazyFrame]] = []
        replaced: list[pl.LazyFrame] = []
        for checkpoint in reversed(self.checkpoints):
            rows = checkpoint.frame(self.name).scan()
            if replaced:
                rows = rows.join(pl.concat(replaced), left_on=own_id, right_on="id", how="anti")
            parts.append((checkpoint.manifest.key, rows))
            if checkpoint.manifest.rows("superseded"):
                replaced.append(checkpoint.frame("superseded").scan())
        return reversed(parts)


@dataclass(frozen=True)
class FileLedger:
    """The ledger in a file. Implements `protocols.ImportLedger`."""

    folder: Folder
    checkpoints: Checkpoints
    replaced: ImportBatch | None = None
    """See `before`."""

    def batches(self, kind: str) -> tuple[ImportBatch, ...]:
        earlier = takewhile(lambda batch: batch != self.replaced, self._load())
        return tuple(batch for batch in earlier if batch.kind == kind)

    def add(self, batch: ImportBatch) -> None:
        if self.replaced is None:
            self._change(lambda known: (*known, batch))
        else:
            self._change(lambda known: tuple(batch if one == self.replaced else one for one in known))

    def before(self, batch: ImportBatch) -> FileLedger:
        return replace(self, replaced=batch)

    def damaged(self) -> tuple[ImportBatch, ...]:
        return tuple(batch for batch in self._load() if self.checkpoints.damage(batch.key))

    def drop(self, batches: Collection[ImportBatch]) -> None:
        self._change(lambda known: tuple(batch for batch in known if batch not in batches))

    def view(self, kind: str) -> LedgerView:
        batches = [batch for batch in self.batches(kind) if batch.accepted or batch.superseded or batch.delisted]
        checkpoints = tuple(map(self._whole, batches))
        return LedgerView(kind, checkpoints, sum(map(_change, batches)))

    def quarantine(self, kind: str) -> pl.LazyFrame:
        from omnix_cli.schemas import FRAMES

        empty = FRAMES["quarantine"].empty().lazy().with_columns(pl.lit("").alias("batch"))
        rows, settled = [empty], [FRAMES["resolved"].empty().lazy()]
        for batch in self.batches(kind):
            checkpoint = self._whole(batch)
            rows.append(checkpoint.frame("quarantine").scan().with_columns(pl.lit(batch.key).alias("batch")))
            settled.append(checkpoint.frame("resolved").scan())
        return pl.concat(rows).join(pl.concat(settled), on=_PLACE, how="anti")

    def _whole(self, batch: ImportBatch) -> Checkpoint:
        damage = self.checkpoints.damage(batch.key)
        if damage:
            files = ", ".join(file.name for file in batch.files)
            hint = "Import these files again: a damaged import is dropped and read anew."
            raise CorruptCheckpoint(f"the import of {batch.kind} from {files} is damaged ({damage})", hint=hint)
        return self.checkpoints.open(batch.key)

    def _change(self, edit: Callable[[tuple[ImportBatch, ...]], tuple[ImportBatch, ...]]) -> None:
        def changed(content: bytes | None) -> bytes:
            batches = edit(_parsed(content) if content is not None else ())
            return json.dumps([sealed(batch.model_dump(mode="json")) for batch in batches], indent=1).encode() + b"\n"

        self.folder.change(LEDGER, changed)

    def _load(self) -> tuple[ImportBatch, ...]:
        try:
            return _parsed(self.folder.read(LEDGER))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _unreadable(error) from error


@dataclass(frozen=True)
class FindingsFile:
    """The findings about the current rows in one file. Implements `protocols.KeptFindings`."""

    folder: Folder

    def load(self, key: str) -> tuple[Finding, ...] | None:
        try:
            kept = from_sealed_json(self.folder.read(FINDINGS), dict)
            return _FINDINGS.validate_python(kept.get("findings")) if kept.get("key") == key else None
        except (OSError, ValueError):  # missing or damaged: they are found again
            return None

    def save(self, key: str, findings: tuple[Finding, ...]) -> None:
        content = {"key": key, "findings": [asdict(finding) for finding in findings]}
        self.folder.write(FINDINGS, as_sealed_json(content))


@dataclass(frozen=True)
class RunFolder:
    """The folder `runs/` of a workspace. Implements `protocols.RunRecords`."""

    folder: Folder

    def save(self, record: RunRecord) -> None:
        self.folder.write(f"{record.run_id}.json", as_sealed_json(record.model_dump(mode="json")))

    def load(self, run_id: str) -> RunRecord:
        """The run with this id, the one whose id begins so, or `latest`."""
        ids = self._ids()
        found = [known for known in ids if known.startswith(run_id)] or (ids[:1] if run_id == "latest" else [])
        if not found:
            raise DataError(f"there is no run {run_id!r}", hint="`omnix runs list` lists all runs.")
        if len(found) > 1 and found[0] != run_id:
            raise DataError(f"{len(found)} runs begin with {run_id!r}", hint="Give more characters of the id.")
        return self._read(found[0])

    def newest_first(self, *, skip_damaged: bool = True) -> Iterator[RunRecord]:
        for run_id in self._ids():
            try:
                yield self._read(run_id)
            except CorruptCheckpoint as error:
                if not skip_damaged:
                    raise
                _log.warning("%s; skipped", error.message)

    def set_damaged_aside(self) -> None:
        for run_id in self._ids():
            try:
                self._read(run_id)
            except CorruptCheckpoint as error:
                name = f"{run_id}.json"
                self.folder.write(f"{name}{_DAMAGED}", self.folder.read(name))
                self.folder.remove(name)
                _log.warning("%s; it is now %s%s", error.message, name, _DAMAGED)

    def remove(self, run_id: str) -> None:
        self.folder.remove(f"{run_id}.json")

    def _ids(self) -> list[str]:
        return [name.removesuffix(".json") for name in reversed(self.folder.names()) if name.endswith(".json")]

    def _read(self, run_id: str) -> RunRecord:
        try:
            record = from_sealed_json(self.folder.read(f"{run_id}.json"), RunRecord.model_validate)
            if record.run_id != run_id:
                raise ValueError(f"it is that of run {record.run_id}")
            return record
        except (OSError, ValueError) as error:
            hint = "Restore the file from a backup, or run `omnix run`: it makes a new one."
            raise unreadable(error, f"the record of run {run_id}", hint=hint, newer=f"run {run_id}") from error


def _change(batch: ImportBatch) -> int:
    """By how many rows a batch changes the number of current ones."""
    return batch.accepted - batch.corrected if batch.stored is None else batch.stored - batch.superseded


def _parsed(content: bytes) -> tuple[ImportBatch, ...]:
    try:
        batches = parsed(content)
        if not isinstance(batches, list):
            raise ValueError("it is not a list")
        return tuple(unsealed(batch, ImportBatch.model_validate) for batch in batches)
    except ValueError as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> OmnixError:
    hint = "Restore it from a backup, or move it away and import the files again."
    return unreadable(error, f"the ledger of imports {LEDGER}", hint=hint)
