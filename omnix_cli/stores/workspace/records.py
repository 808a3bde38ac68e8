"""The records of a workspace: the ledger of imports in one file, and a file for each run.

The ledger lists the batches of each kind of data. Batches are checkpoints and never change. A batch that corrects
earlier rows lists their ids in its frame `superseded`; the view leaves these rows of earlier batches out.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import takewhile

import polars as pl
from pydantic import TypeAdapter

from omnix_cli.errors import CorruptCheckpoint, DataError, LockedError, OmnixError
from omnix_cli.protocols.checkpoints import OWN_IDS, Checkpoint, Checkpoints
from omnix_cli.records import Finding, ImportBatch, RunRecord
from omnix_cli.stores.workspace.folders import Folder
from omnix_cli.stores.workspace.forgotten import ForgottenCustomers
from omnix_cli.stores.workspace.sealed_json import as_sealed_json, from_sealed_json, parsed, sealed, unsealed
from omnix_cli.stores.workspace.versions import unreadable

_FINDINGS = TypeAdapter(tuple[Finding, ...])
_log = logging.getLogger(__name__)
LEDGER = "imports.json"
FINDINGS = "findings.json"
_DAMAGED = ".damaged"
ORDER = "order"
_TEXTS = {*OWN_IDS.values(), "name"}
"""Columns whose type is known without the schemas."""
_PLACE = ["batch", "file", "row_number", "item"]


@dataclass(frozen=True)
class LedgerView:
    """The current rows of one kind. Implements `protocols.StoredFrame`."""

    name: str
    checkpoints: tuple[Checkpoint, ...]
    rows: int
    gone: tuple[str, ...] = ()
    """The hashes of the customers who had rows in them and are forgotten."""

    @cached_property
    def key(self) -> str:
        """The hash of the batch keys in order, and of who is forgotten."""
        keys = "\n".join((*(checkpoint.manifest.key for checkpoint in self.checkpoints), *self.gone))
        return f"{self.name}-{hashlib.sha256(keys.encode()).hexdigest()[:32]}"

    def scan(self, *columns: str) -> pl.LazyFrame:
        if len(self.checkpoints) == 1:
            return self.checkpoints[0].frame(self.name).scan(*columns)
        if not self.checkpoints:
            return self._empty(columns)
        return pl.concat([rows for _, rows in self._batches(columns if self._are_alike(columns) else ())])

    def batches(self) -> Iterator[tuple[str, pl.LazyFrame]]:
        return self._batches(())

    def _empty(self, columns: Sequence[str]) -> pl.LazyFrame:
        if columns and set(columns) <= _TEXTS:
            return pl.LazyFrame(schema=dict.fromkeys(columns, pl.String))
        from omnix_cli.schemas import FRAMES  # here, since it takes longer to load than most look-ups

        return FRAMES[self.name].empty().lazy()

    def _are_alike(self, columns: Sequence[str]) -> bool:
        """Whether all batches have these columns, and of the same types: a release may have changed some."""
        schemas = [checkpoint.manifest.schemas.get(self.name, {}) for checkpoint in self.checkpoints]
        wanted = (OWN_IDS[self.name], *columns)
        return all(name in one and one[name] == schemas[0].get(name) for one in schemas for name in wanted)

    def _batches(self, columns: Sequence[str]) -> Iterator[tuple[str, pl.LazyFrame]]:
        own_id = OWN_IDS[self.name]
        parts: list[tuple[str, pl.LazyFrame]] = []
        replaced: list[pl.LazyFrame] = []
        for checkpoint in reversed(self.checkpoints):
            rows = checkpoint.frame(self.name).scan(*dict.fromkeys((own_id, *columns)) if columns else ())
            if replaced:
                rows = rows.join(pl.concat(replaced), left_on=own_id, right_on="id", how="anti")
            parts.append((checkpoint.manifest.key, rows))
            if checkpoint.manifest.rows("superseded"):
                replaced.append(checkpoint.frame("superseded").scan("id"))
        return reversed(parts)


@dataclass(frozen=True)
class FileLedger:
    """The ledger in a file, for one command. Implements `protocols.ImportLedger`.

    What a command adds rests on what it read. So it changes the file only while that is as it was at the first look:
    a command that lost its lock, or whose lock was deleted, adds nothing."""

    folder: Folder
    checkpoints: Checkpoints
    replaced: ImportBatch | None = None
    """See `before`."""
    forgotten: ForgottenCustomers | None = None
    _known: dict[str, bytes | None] = field(default_factory=dict, compare=False, repr=False)
    """The content of the file at the first look, or after the last change."""

    def batches(self, kind: str) -> tuple[ImportBatch, ...]:
        earlier = takewhile(lambda batch: batch != self.replaced, self._load())
        return tuple(batch for batch in earlier if batch.kind == kind)

    def add(self, batch: ImportBatch) -> None:
        def added(known: tuple[ImportBatch, ...]) -> tuple[ImportBatch, ...]:
            if self.replaced is not None:
                return tuple(batch if one == self.replaced else one for one in known)
            if any(one.key == batch.key for one in known):
                raise _changed_by_another()
            return (*known, batch)

        self._change(added)

    def before(self, batch: ImportBatch) -> FileLedger:
        return replace(self, replaced=batch)

    def damaged(self) -> tuple[ImportBatch, ...]:
        return tuple(batch for batch in self._load() if self.checkpoints.damage(batch.key))

    def drop(self, batches: Collection[ImportBatch]) -> None:
        self._change(lambda known: tuple(batch for batch in known if batch not in batches))

    def view(self, kind: str) -> LedgerView:
        batches = [batch for batch in self.batches(kind) if batch.accepted or batch.superseded or batch.delisted]
        checkpoints = tuple(map(self._whole, batches))
        gone = self.forgotten.rows_gone([batch.key for batch in batches]) if self.forgotten else {}
        lost = sum(sum(rows.values()) for rows in gone.values())
        return LedgerView(kind, checkpoints, sum(map(_change, batches)) - lost, tuple(sorted(gone)))

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
        ours: list[bytes] = []

        def changed(content: bytes | None) -> bytes:
            if content is not None and content in ours:
                return content  # it was written already, the answer lost
            if content != self._known.setdefault(LEDGER, content):
                raise _changed_by_another()
            batches = edit(_parsed(content) if content is not None else ())
            text = json.dumps([sealed(batch.model_dump(mode="json")) for batch in batches], indent=1)
            ours.append(text.encode() + b"\n")
            return ours[-1]

        self.folder.change(LEDGER, changed)
        self._known[LEDGER] = ours[-1]

    def _load(self) -> tuple[ImportBatch, ...]:
        content = self._content()
        self._known.setdefault(LEDGER, content)
        return () if content is None else _parsed(content)

    def _content(self) -> bytes | None:
        try:
            return self.folder.read(LEDGER)
        except FileNotFoundError:
            return None
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
    """The folder `runs/` of a workspace. Implements `protocols.RunRecords`.

    The file `order` has the ids of runs in the order in which they began: their times depend on a clock that may have
    been wrong. Runs that it lacks are older (omnix 0.1 kept no such file), and ordered by their ids."""

    folder: Folder
    _entered: set[str] = field(default_factory=set, compare=False, repr=False)

    def save(self, record: RunRecord) -> None:
        if record.run_id not in self._entered:
            self._enter(record.run_id)
        self.folder.write(f"{record.run_id}.json", as_sealed_json(record.model_dump(mode="json")))

    def load(self, run_id: str) -> RunRecord:
        """The run with this id, the one whose id begins so, or `latest`."""
        ids = self._ids()
        found = [known for known in ids if known.startswith(run_id)] or (ids[:1] if run_id == "latest" else [])
        found = [run_id] if run_id in found else found
        if not found:
            raise DataError(f"there is no run {run_id!r}", hint="`omnix runs list` lists all runs.")
        if len(found) > 1:
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

    def _enter(self, run_id: str) -> None:
        """Puts a new run at the end of the order, and drops from it what was removed."""
        known = set(self._unordered())

        def entered(content: bytes | None) -> bytes:
            before = [one for one in _lines(content) if one in known and one != run_id]
            return "".join(f"{one}\n" for one in (*before, run_id)).encode()

        if run_id not in known:
            self.folder.change(ORDER, entered)
        self._entered.add(run_id)

    def _ids(self) -> list[str]:
        """Newest first."""
        try:
            order = _lines(self.folder.read(ORDER))
        except OSError:
            order = []
        places = {run_id: place for place, run_id in enumerate(order)}
        return sorted(self._unordered(), key=lambda run_id: (places.get(run_id, -1), run_id), reverse=True)

    def _unordered(self) -> list[str]:
        return [name.removesuffix(".json") for name in self.folder.names() if name.endswith(".json")]

    def _read(self, run_id: str) -> RunRecord:
        try:
            record = from_sealed_json(self.folder.read(f"{run_id}.json"), RunRecord.model_validate)
            if record.run_id != run_id:
                raise ValueError(f"it is that of run {record.run_id}")
            return record
        except (OSError, ValueError) as error:
            hint = "Restore the file from a backup, or run `omnix run`: it makes a new one."
            raise unreadable(error, f"the record of run {run_id}", hint=hint, newer=f"run {run_id}") from error


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode(errors="replace").split()


def _change(batch: ImportBatch) -> int:
    """By how many rows a batch changes the number of current ones."""
    return batch.accepted - batch.corrected if batch.stored is None else batch.stored - batch.superseded


def _parsed(content: bytes) -> tuple[ImportBatch, ...]:
    try:
        content_of_list = parsed(content)
        if not isinstance(content_of_list, list):
            raise ValueError("it is not a list")
        batches = tuple(unsealed(batch, ImportBatch.model_validate) for batch in content_of_list)
    except ValueError as error:
        raise _unreadable(error) from error
    once: dict[str, ImportBatch] = {}
    for batch in batches:
        once.setdefault(batch.key, batch)
    if len(once) < len(batches):
        _log.warning("%s lists an import twice, as two runs at a time once could; it counts once", LEDGER)
    return tuple(once.values())


def _changed_by_another() -> LockedError:
    message = "another run imported something meanwhile: this one lost the lock of the workspace, and added nothing"
    return LockedError(message, hint="Run the same command again: what is imported already is recognised.")


def _unreadable(error: Exception) -> OmnixError:
    hint = "Restore it from a backup, or move it away and import the files again."
    return unreadable(error, f"the ledger of imports {LEDGER}", hint=hint)
