"""What a workspace keeps: stored frames, checkpoints, and the records of runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from omnix_cli.records import Finding, RunRecord

Figures = dict[str, int | float | str]


def added(figures: Figures, more: Figures) -> Figures:
    """The figures of two parts of the rows: numbers are added up, of texts the later one counts."""
    both = dict(figures)
    for name, value in more.items():
        known = both.get(name)
        are_numbers = isinstance(known, int | float) and isinstance(value, int | float)
        both[name] = known + value if are_numbers else value  # type: ignore[operator]
    return both


SOURCES = ("purchases", "products", "customers", "interactions")
"""The frames that imports provide; the steps of the plan make all others."""

OWN_IDS = {
    "purchases": "purchase_id",
    "products": "product_id",
    "customers": "customer_id",
    "interactions": "interaction_id",
}
"""The column that identifies a row of each of them, as in `schemas.FRAMES`, which takes longer to load."""


class StoredFrame(Protocol):
    """A frame on disk or in a bucket."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> str:
        """The content key of what is stored: equal keys, equal rows."""

    @property
    def rows(self) -> int: ...
    def scan(self, *columns: str) -> pl.LazyFrame:
        """The rows, sorted as `schemas.FRAMES` says within each part; empty (with its schema) if there are none.

        With `columns`, these or more columns: for look-ups, which then need not load the schema."""


@dataclass(frozen=True)
class Manifest:
    """The content of a checkpoint's `manifest.json`."""

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
    """A complete file on this machine, flushed to disk, that is to become part of a checkpoint."""

    path: Path
    bytes: int
    sha256: str


class StagedPart(Protocol):
    """Rows written in the format of a part, before the checkpoint they belong to is known."""

    @property
    def file(self) -> StagedFile: ...
    @property
    def rows(self) -> int: ...
    def read(self, marked: pl.Series | None = None) -> pl.DataFrame:
        """The rows (or the marked ones, at least one), with the columns that were kept beside the part."""


class CheckpointWriter(Protocol):
    """Receives the frames of a checkpoint in their sort order, in any number of calls.

    The files do not depend on how the rows were divided among the calls: parts and row groups have fixed sizes."""

    def append(self, name: str, frame: pl.DataFrame) -> None: ...
    def adopt(self, name: str, part: StagedPart) -> None:
        """Adds a finished part as it is, before appended rows that do not fill a part yet."""

    def add_figures(self, figures: Figures) -> None: ...


class Checkpoints(Protocol):
    """Where checkpoints are kept. A checkpoint exists only once its manifest exists."""

    def find(self, key: str) -> Checkpoint | None:
        """The committed checkpoint, if every part matches its checksum; else None. A damaged one is logged and moved
        away, so that the caller builds it again."""

    def damage(self, key: str) -> str | None:
        """What is wrong with a checkpoint: missing, unreadable, or different from its checksums. None: it is intact."""

    def open(self, key: str) -> Checkpoint:
        """The committed checkpoint, without reading its parts. Raises `CorruptCheckpoint` when there is none."""

    def write(
        self, *, key: str, step: str, version: str, parameters: Mapping[str, Any], inputs: Mapping[str, str]
    ) -> AbstractContextManager[CheckpointWriter]:
        """Commits when the block ends; after an exception, `find` and `open` see nothing of it."""

    def manifests(self) -> Iterator[Manifest]: ...
    def remove(self, key: str) -> None: ...


class KeptFindings(Protocol):
    """The findings about the rows of a workspace, kept until the rows change."""

    def load(self, key: str) -> tuple[Finding, ...] | None:
        """The findings for this key; None for another."""

    def save(self, key: str, findings: tuple[Finding, ...]) -> None:
        """Keeps them instead of those before."""


class RunRecords(Protocol):
    """The records of runs."""

    def save(self, record: RunRecord) -> None: ...
    def load(self, run_id: str) -> RunRecord:
        """By id, by the beginning of one, or `latest`. Raises `DataError` when there is none."""

    def newest_first(self, *, skip_damaged: bool = True) -> Iterator[RunRecord]:
        """In the reverse of the order in which they were first saved, whatever their clocks said. Damaged records are
        skipped with a warning, unless they are to raise `CorruptCheckpoint`."""

    def set_damaged_aside(self) -> None:
        """Gives the files of damaged records another name, so that they stand in nobody's way; call it under the
        workspace's lock."""

    def remove(self, run_id: str) -> None: ...
