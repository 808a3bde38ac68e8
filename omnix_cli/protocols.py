"""The seams of omnix on one page: what an engine, a predictor, a store and a checkpoint folder promise.

Everything here is a shape, not an implementation; `wiring/` chooses the implementations.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from typing import Any, Protocol, runtime_checkable

import polars as pl

from omnix_cli.item_frames import Items
from omnix_cli.mappings import ColumnMapping
from omnix_cli.records import BatchJob, Failure, ImportBatch, Question, Reply, RunRecord

Figures = dict[str, int | float | str]


@dataclass(frozen=True)
class StepOutput:
    """What a step returns: the frames by name (see `schemas.FRAMES`) and figures worth keeping in the manifest.

    Figures that are numbers are added up over the slices of customers."""

    frames: Mapping[str, pl.DataFrame]
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True)
class Resources:
    """What a step may use. Never part of a checkpoint's key: a result must not depend on it."""

    threads: int
    memory_bytes: int
    say: Callable[[str], None] = lambda message: None


class StoredFrame(Protocol):
    """A frame at rest."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> str:
        """The content key of what is stored: equal keys, equal rows."""
        ...

    @property
    def rows(self) -> int: ...
    def scan(self) -> pl.LazyFrame:
        """The rows, sorted as `schemas.FRAMES` says within each part; empty (with its schema) when there are none."""
        ...


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` of a checkpoint says."""

    key: str
    step: str
    version: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, str]
    parts: Mapping[str, Sequence[Mapping[str, Any]]]  # frame -> [{path, rows, bytes, sha256}]
    schemas: Mapping[str, Mapping[str, str]]
    figures: Figures
    seconds: float
    peak_memory_bytes: int
    created_at: datetime
    tools: Mapping[str, str]

    def rows(self, frame: str) -> int:
        return sum(int(part["rows"]) for part in self.parts.get(frame, ()))

    @property
    def total_bytes(self) -> int:
        return sum(int(part["bytes"]) for parts in self.parts.values() for part in parts)


class Checkpoint(Protocol):
    """A committed checkpoint."""

    @property
    def manifest(self) -> Manifest: ...
    def frame(self, name: str) -> StoredFrame: ...


@dataclass(frozen=True)
class StagedFile:
    """A file on this machine that is whole, flushed to the disk, and waits for its place in a checkpoint."""

    path: Path
    bytes: int
    sha256: str


class StagedPart(Protocol):
    """Rows written as a part of a checkpoint has them, before it is known which checkpoint that is."""

    @property
    def file(self) -> StagedFile: ...
    @property
    def rows(self) -> int: ...
    def read(self, marked: pl.Series | None = None) -> pl.DataFrame:
        """The rows (or those that are marked, one at least), with the columns that were kept beside the part."""
        ...


class CheckpointWriter(Protocol):
    """Receives the frames of a checkpoint in their sort order, in any number of pieces.

    How the pieces were cut leaves no trace in the files: parts and row groups have fixed sizes."""

    def append(self, name: str, frame: pl.DataFrame) -> None: ...
    def adopt(self, name: str, part: StagedPart) -> None:
        """Takes a part over as it is, in front of appended rows that do not fill a part as yet."""
        ...

    def add_figures(self, figures: Figures) -> None: ...


class Checkpoints(Protocol):
    """Where checkpoints live. A checkpoint exists only once its manifest is there."""

    def find(self, key: str) -> Checkpoint | None:
        """The committed checkpoint whose every part matches its checksum, or None. A damaged one is reported
        and set aside, so that the caller builds it again."""
        ...

    def damage(self, key: str) -> str | None:
        """What is wrong with a checkpoint that should be there: missing, unreadable, or not matching its checksums."""
        ...

    def open(self, key: str) -> Checkpoint:
        """The committed checkpoint, without reading its parts. Raises `CorruptCheckpoint` when there is none."""
        ...

    def write(
        self, *, key: str, step: str, version: str, parameters: Mapping[str, Any], inputs: Mapping[str, str]
    ) -> AbstractContextManager[CheckpointWriter]:
        """Commits on a clean exit; on an exception leaves nothing that `find` or `open` would see."""
        ...

    def manifests(self) -> Iterator[Manifest]: ...
    def remove(self, key: str) -> None: ...


class Step(Protocol):
    """One row of the plan, as far as an engine needs to know it."""

    @property
    def name(self) -> str: ...
    @property
    def by_customer(self) -> tuple[str, ...]:
        """Inputs that are cut by customer; empty when the step sees everything at once."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]: ...


class Engine(Protocol):
    """Runs one step from stored frames to a checkpoint writer."""

    name: str

    def run(
        self,
        step: Step,
        function: Callable[..., StepOutput],
        inputs: Mapping[str, StoredFrame],
        arguments: Mapping[str, Any],
        writer: CheckpointWriter,
    ) -> None:
        """Calls `function(**inputs as LazyFrames, **arguments)`, once or once per slice of customers, and appends
        what it returns. The result is the same rows in the same order however the customers are cut."""
        ...


class Predictor(Protocol):
    """Forecasts when each customer needs what again. One schema (`schemas.Predictions`) for all of them."""

    name: str
    version: str
    inputs: tuple[str, ...]
    """The frames that `predict` takes by name: `cycles`, `rhythms`, `forecast_model`, `products`, and what it needs
    besides."""
    outputs: tuple[str, ...]
    """The frames that `predict` returns: `predictions`, and what else it has to tell."""
    by_customer: tuple[str, ...]
    """Those of the inputs that may be cut by customer."""

    def parameters(self) -> Mapping[str, Any]:
        """Everything that changes the answer, for the checkpoint's key."""
        ...

    @property
    def predict(self) -> Callable[..., StepOutput]:
        """Predictions for the cycles of some customers, as the frame `predictions`: called with a lazy frame for each
        of `inputs`, and the day `as_of`."""
        ...


class AnswerLedger(Protocol):
    """Every reply of a model, kept by the key of its question, so that nothing is paid for twice. Thread-safe."""

    def keep(self, reply: Reply, question: Question) -> None:
        """Keeps a reply, and about whom it was; on disk when this returns. The same question again changes nothing."""
        ...

    def keep_all(self, answered: Iterable[tuple[Reply, Question]]) -> None:
        """Keeps many, several at a time, which is faster; all on disk when this returns."""
        ...

    def replies(self, questions: Collection[str]) -> dict[str, Reply]:
        """The replies to these questions that there are, by key."""
        ...

    def asked(self, *, model: str, prompt: str, since: date, until: date) -> pl.DataFrame:
        """Who was asked about with days in `since`..`until`: `customer_id`, `history`, `prior`, `question`, `as_of`;
        newest first for each customer. `prior` is empty for a question without any."""
        ...

    def spent(self, *, since: datetime) -> Decimal:
        """The dollars of replies since then."""
        ...

    def totals(self) -> pl.DataFrame:
        """By `run`, `model`, `prompt` and `way`: `replies`, tokens and `cost`, newest run first."""
        ...

    def forget(self, customer_id: str) -> int:
        """Removes all that was asked about a customer; returns how many replies went."""
        ...


class Objects(Protocol):
    """Objects under one address, by key; each is there with its whole content or not at all."""

    def address(self, key: str) -> str:
        """Where others find the object."""
        ...

    def keys(self, beginning: str) -> Iterator[str]:
        """The keys that begin so, sorted."""
        ...

    def read(self, key: str) -> bytes:
        """Raises FileNotFoundError when there is no such object."""
        ...

    def open(self, key: str) -> AbstractContextManager[Iterable[bytes]]:
        """The lines of an object, read as they are asked for. Raises FileNotFoundError."""
        ...

    def write_lines(self, key: str, lines: Iterable[bytes]) -> None:
        """Writes an object of these lines, however many."""
        ...

    def change(self, key: str, edit: Callable[[bytes | None], bytes]) -> None:
        """Puts what `edit` makes of the content (None: no such object) in its place; nobody's change gets lost."""
        ...


class Asker(Protocol):
    """Puts questions to a model."""

    def ask(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Reply | Failure]]:
        """Each question with what came back, in any order, as it comes; a reply is in the ledger before it is given.

        Raises `UnavailableError` when the service does not answer at all, `ConfigError` when it refuses us."""
        ...


class BatchJobs(Protocol):
    """Hands questions to a service in bulk and collects the answers later; each call may be repeated, from any machine
    that reads the same place."""

    def submit(self, questions: Sequence[Question]) -> list[BatchJob]:
        """Jobs for these questions; one that there is already is found again, not made twice."""
        ...

    def jobs(self) -> list[BatchJob]:
        """All jobs known there, newest first, as their records say."""
        ...

    def status(self, job: BatchJob) -> BatchJob:
        """The job as it stands now; its record is brought up to date."""
        ...

    def collect(self, job: BatchJob) -> BatchJob:
        """Puts the answers that there are into the ledger, also those of a stopped or expired job."""
        ...


@dataclass(frozen=True)
class Page:
    """Some items and the cursor of the next page (None on the last)."""

    items: list[dict[str, Any]]
    cursor: str | None


@dataclass(frozen=True)
class WriteLimit:
    """Write units a second that may be used, and what the number comes from."""

    units: float
    source: str

    @property
    def said(self) -> str:
        """The limit in words."""
        return f"at most {self.units:,.0f} write units a second ({self.source})"


class ItemSource(Protocol):
    """Tables of items that can be read as a whole: those of a store, an export, a purchase history."""

    def address(self, table: str) -> str:
        """What tells the table from every other one, wherever it is."""
        ...

    def expected_items(self, table: str) -> int:
        """About how many items there are, without counting them one by one."""
        ...

    def scan(
        self,
        table: str,
        *,
        attributes: Sequence[str] | None = None,
        segment: int = 0,
        segments: int = 1,
        after: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Every item (or these attributes of it), also the expired; the segments of a table can be read in parallel.

        A scan goes on `after` the item of that key, which an earlier one of the same segment had reached."""
        ...

    def get_many(self, table: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Those items of different keys that are there, also the expired, in no promised order."""
        ...


@runtime_checkable
class FrameSource(Protocol):
    """Tables of items that are held as frames."""

    def scan_frames(
        self, table: str, *, segment: int = 0, segments: int = 1, after: str | None = None
    ) -> Iterator[pl.DataFrame]:
        """The items that `ItemSource.scan` gives, in the same order, as frames."""
        ...


class TableStore(ItemSource, Protocol):
    """Tables of items (JSON-like dictionaries, numbers as int or Decimal), keyed and indexed as `stores.tables` says.
    It may be used by several threads. A number comes back with the same value; a whole Decimal may come back as an int.

    Writes are idempotent and each item is written whole or not at all. Given `now`, an item whose expiry has passed
    is as good as gone. Reading a table that was never created is a `ConfigError`."""

    name: str

    def missing_tables(self) -> list[str]:
        """The tables that were never created."""
        ...

    def create_tables(self) -> list[str]:
        """Creates what is missing; returns the names created."""
        ...

    def write_limit(self, table: str) -> WriteLimit | None:
        """How fast a table is written to at most; None where nothing limits it."""
        ...

    def put_many(self, table: str, items: Items) -> int:
        """Puts the items, each in place of the one with its key, the later of two winning; returns how many. Whoever
        holds items as a frame gives the frame, which is the faster way.

        Raises `ItemsRefused` when the store does not take some for what they are; all others are written then."""
        ...

    def put_if(self, table: str, item: Mapping[str, Any], *, expected: Mapping[str, Any] | None) -> bool:
        """Puts the item only when the stored one has the `expected` attribute values (None: when there is none).

        Of several writers that expect the same, at most one succeeds if each changes what is expected."""
        ...

    def update_many(self, table: str, changes: Iterable[Mapping[str, Any]]) -> list[str]:
        """Sets the attributes given beside each key and leaves the item's others alone; several changes of one item
        in their order.

        Returns the keys of which no item is stored; none is made for them."""
        ...

    def get(self, table: str, key: str, *, now: datetime) -> dict[str, Any] | None: ...
    def query(
        self,
        table: str,
        index: str,
        value: str,
        *,
        now: datetime,
        limit: int = 50,
        cursor: str | None = None,
        newest_first: bool = True,
    ) -> Page:
        """Up to `limit` (1..500) items of one hash value, by range attribute; those of the same range in any order.

        Following the cursors gives every item that was there at the start exactly once, whatever is added. An index
        may follow its table after a moment."""
        ...

    def delete_many(self, table: str, keys: Iterable[str]) -> int:
        """Deletes the items that are there; returns how many keys were given."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Difference:
    """Something of a table that is not as specified, and what to do about it."""

    what: str
    found: str
    wanted: str
    remedy: str


@dataclass(frozen=True)
class TableState:
    """A table as it stands; items and bytes, as the store counts them, are None where it does not exist."""

    table: str
    full_name: str
    items: int | None
    size_bytes: int | None
    is_ours: bool
    is_protected: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class TableChange:
    """Something that was made, or would be."""

    table: str
    what: str


class TableAdministration(Protocol):
    """Makes and looks after the tables of a store, as `stores.tables` and the settings specify them."""

    def states(self) -> list[TableState]: ...

    def complete(self, *, dry_run: bool = False) -> list[TableChange]:
        """Makes what is missing, tables and parts of them, and waits until it can be used; takes nothing away."""
        ...

    def drop(self, table: str) -> None:
        """Deletes a table and all its items, and waits until it is gone."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class RawChunk:
    """Some rows of an input as they were read: its own columns (texts, or the types of a Parquet file) and where each
    stands (`steps.imports.problems.ROW_NUMBER` and `ITEM`), also whether it was deleted there (`DELETED`) where the
    input tells; and the lines that are no rows, as quarantine rows."""

    rows: pl.DataFrame
    rejected: pl.DataFrame


class OpenSource(Protocol):
    """One input being read, once, from its beginning."""

    @property
    def name(self) -> str: ...
    @property
    def findings(self) -> Mapping[str, str]:
        """What was found out about the file: format, compression, encoding, separator."""
        ...

    def chunks(self) -> Iterator[RawChunk]:
        """The rows in order. Raises `DataError` when the file cannot be read at all or is cut off."""
        ...

    def fingerprint(self) -> str:
        """The SHA-256 of the file as it is stored; call it after the last chunk."""
        ...


class Sources(Protocol):
    """Where inputs come from."""

    def find(self, patterns: Sequence[str]) -> list[str]:
        """The inputs that paths, folders, globs and `-` name, in order. Raises `DataError` when one names nothing."""
        ...

    def fingerprint(self, name: str) -> str | None:
        """The SHA-256 of an input, or None when it can be read only once."""
        ...

    def open(self, name: str, mapping: ColumnMapping) -> AbstractContextManager[OpenSource]: ...


class Spill(Protocol):
    """Rows set down on disk in pieces and taken up again in order, so that memory stays bounded."""

    def add(self, rows: pl.DataFrame) -> None: ...
    def pieces(self) -> Iterator[pl.DataFrame]:
        """All rows as they were added."""
        ...

    def stage(self, rows: pl.DataFrame, columns: Sequence[str]) -> StagedPart:
        """Writes these first columns of the rows as a part of a checkpoint and keeps the others beside it."""
        ...


class ImportLedger(Protocol):
    """What was imported, in order, and what of it stands."""

    def batches(self, kind: str) -> tuple[ImportBatch, ...]:
        """Oldest first."""
        ...

    def add(self, batch: ImportBatch) -> None:
        """Takes a committed checkpoint over, in one step."""
        ...

    def damaged(self) -> tuple[ImportBatch, ...]:
        """The batches whose checkpoint is missing or does not match its checksums."""
        ...

    def drop(self, batches: Collection[ImportBatch]) -> None:
        """Forgets these batches: their files count as never imported."""
        ...

    def view(self, kind: str) -> StoredFrame:
        """The rows that stand: all batches, less what later ones replaced."""
        ...

    def quarantine(self, kind: str) -> pl.LazyFrame:
        """The rows set aside that are still open, with the key of their `batch`."""
        ...


class RunRecords(Protocol):
    """The records of runs."""

    def save(self, record: RunRecord) -> None: ...

    def load(self, run_id: str) -> RunRecord:
        """By id, by the beginning of one, or `latest`. Raises `DataError` when there is none."""
        ...

    def newest_first(self) -> Iterator[RunRecord]: ...

    def remove(self, run_id: str) -> None: ...
