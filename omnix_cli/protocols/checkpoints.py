"""What is kept: frames at rest, checkpoints, and the records of runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from omnix_cli.records import RunRecord

Figures = dict[str, int | float | str]


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


class RunRecords(Protocol):
    """The records of runs."""

    def save(self, record: RunRecord) -> None: ...

    def load(self, run_id: str) -> RunRecord:
        """By id, by the beginning of one, or `latest`. Raises `DataError` when there is none."""
        ...

    def newest_first(self) -> Iterator[RunRecord]: ...

    def remove(self, run_id: str) -> None: ...
