"""What comes in: sources, their rows, and the ledger of imports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.checkpoints import StagedPart, StoredFrame
from omnix_cli.records import ImportBatch


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
