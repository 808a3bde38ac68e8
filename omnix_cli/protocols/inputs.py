"""Inputs of an import: where they are, the rows they have, and the ledger of what was imported."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.checkpoints import StagedPart, StoredFrame
from omnix_cli.records import ImportBatch

ROW_NUMBER = "_row_number"
"""The line of a text file, or the row of a table, counted from 1."""
ITEM = "_item"
"""The position in the list of an order document, counted from 1; 0 where a line is a row."""
WRITTEN_AT = "_written_at"
"""The date and time of a purchase as its input writes it: the wall clock, or UTC where it gives an offset or an
instant. It stays the same when the time zone of the settings changes."""
DELETED = "_deleted"
"""Whether the row was deleted at its source; not every input says."""


@dataclass(frozen=True)
class RawChunk:
    """A chunk of an input: its columns as they were read (texts, or the types of a Parquet file) with ROW_NUMBER, ITEM
    and, if the input has it, DELETED; and the lines that are not rows, as quarantine rows.

    `exact_ids`: the ids are keys of a table, in which "a" and "a " are two; elsewhere blanks around an id are slips."""

    rows: pl.DataFrame
    rejected: pl.DataFrame
    exact_ids: bool = False


class Forgotten(Protocol):
    """The customers who were forgotten."""

    @property
    def anybody(self) -> bool:
        """Whether there are any."""

    def among(self, customers: pl.Series) -> pl.Series:
        """Which of these ids are theirs."""

    def in_rows(self, rows: pl.Series, parameters: Mapping[str, Any]) -> pl.Series:
        """Which of these quarantined rows (JSON objects of texts) are about one of them, by the `parameters` of their
        import."""


class OpenSource(Protocol):
    """An open input, which can be read once."""

    @property
    def name(self) -> str: ...
    @property
    def findings(self) -> Mapping[str, str]:
        """What was detected: format, compression, encoding, separator."""

    def chunks(self) -> Iterator[RawChunk]:
        """The rows in order. Raises `DataError` when the file cannot be read or is truncated."""

    def fingerprint(self) -> str:
        """The SHA-256 of the file as stored; call it after the last chunk."""


class Sources(Protocol):
    """Finds and opens inputs."""

    @property
    def notes(self) -> Sequence[str]:
        """What `find` noticed, such as the files of a folder that it left out."""

    def find(self, patterns: Sequence[str], mapping: ColumnMapping | None = None) -> list[str]:
        """The inputs at these paths, folders, globs and `-`, in order; the mapping says which sheet of a workbook and
        which version of a table. Raises `DataError` when one matches nothing."""

    def fingerprint(self, name: str) -> str | None:
        """The SHA-256 of an input, or None if it can be read only once."""

    def table_identity(self, name: str) -> str:
        """The identity of the Delta or Iceberg table that an input is a version of; empty for all other inputs."""

    def open(self, name: str, mapping: ColumnMapping) -> AbstractContextManager[OpenSource]: ...


class Spill(Protocol):
    """Rows kept outside memory while an input is read. A protocol, since services may not see the stores."""

    def add(self, rows: pl.DataFrame) -> None: ...
    def pieces(self) -> Iterator[pl.DataFrame]:
        """All rows, in the order in which they were added."""

    def stage(self, rows: pl.DataFrame, columns: Sequence[str]) -> StagedPart:
        """Writes these columns (the first ones) as a part of a checkpoint and keeps the others next to it."""


class ImportedRows(StoredFrame, Protocol):
    """The current rows of one kind."""

    def batches(self) -> Iterator[tuple[str, pl.LazyFrame]]:
        """The current rows of each batch with the key of the batch, oldest first."""


class ImportLedger(Protocol):
    """The batches that were imported, in order."""

    def batches(self, kind: str) -> tuple[ImportBatch, ...]:
        """Oldest first."""

    def add(self, batch: ImportBatch) -> None:
        """Adds a committed checkpoint, in one step. Raises `LockedError` when the batch is there already, or another
        process changed the ledger since this one first read it."""

    def damaged(self) -> tuple[ImportBatch, ...]:
        """The batches whose checkpoint is missing or does not match its checksums."""

    def drop(self, batches: Collection[ImportBatch]) -> None:
        """Removes these batches."""

    def before(self, batch: ImportBatch) -> ImportLedger:
        """The ledger as it was before a batch; what is added to it takes the place of that batch."""

    def view(self, kind: str) -> ImportedRows:
        """The current rows: those of all batches, without what later ones replaced."""

    def quarantine(self, kind: str) -> pl.LazyFrame:
        """The quarantined rows that are still open, with the key of their `batch`."""
