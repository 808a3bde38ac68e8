"""A table that was scanned onto the disk, as the input of an import."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, islice

import orjson
import polars as pl

from omnix_cli.errors import CorruptCheckpoint, DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import RawChunk
from omnix_cli.stores.inputs.dynamodb.item_chunks import ItemChunks
from omnix_cli.stores.inputs.dynamodb.item_columns import Document, parsed
from omnix_cli.stores.inputs.dynamodb.scanning import PageLog, TableScan

CHUNK_PAGES = 16
"""Pages (of up to 1 MB) that are parsed at a time."""


@contextmanager
def scanned(scan: TableScan) -> Iterator[ScannedTable]:
    """The table, read by this scan. The pages are kept only if the import is interrupted, so that it can resume."""
    table = ScannedTable(f"dynamodb:{scan.table}", scan.run(), scan.now())
    try:
        yield table
    except (CorruptCheckpoint, DataError):
        scan.discard()
        raise
    scan.discard()


@dataclass(frozen=True)
class ScannedTable:
    """Implements `protocols.Sources` with one input."""

    name: str
    logs: Sequence[PageLog]
    now: datetime
    notes: Sequence[str] = ()

    def find(self, patterns: Sequence[str], mapping: ColumnMapping | None = None) -> list[str]:
        return [self.name]

    def fingerprint(self, name: str) -> str:
        """A SHA-256 of the pages of all segments as stored."""
        return hashlib.sha256("".join(log.checksum() for log in self.logs).encode()).hexdigest()

    def table_identity(self, name: str) -> str:
        return ""

    @contextmanager
    def open(self, name: str, mapping: ColumnMapping) -> Iterator[OpenTable]:
        pages = chain.from_iterable(log.pages() for log in self.logs)
        items = ItemChunks(mapping, self.now)
        yield OpenTable(name, pages, len(self.logs), items, partial(self.fingerprint, name))


@dataclass(frozen=True)
class OpenTable:
    """The items of a table, numbered from 1 in the order they were read. Implements `protocols.OpenSource`."""

    name: str
    pages: Iterator[bytes]
    segments: int
    items: ItemChunks
    fingerprint: Callable[[], str]

    @property
    def findings(self) -> dict[str, str]:
        found = {"format": "DynamoDB table", "segments": str(self.segments)}
        if self.items.expired:
            found["expired"] = f"{self.items.expired:,} left out"
        return found

    def chunks(self) -> Iterator[RawChunk]:
        first, room = 1, 1  # the tags of the first page speed up the others
        while pages := list(islice(self.pages, room)):
            answer = pl.Struct({"Items": pl.List(self.items.items.dtype)})
            try:
                read = parsed(pl.Series(pages, dtype=pl.Binary).cast(pl.String), answer)
            except pl.exceptions.PolarsError as error:
                raise DataError(f"{self.name}: a page is not DynamoDB JSON: {error}") from error
            items = read.struct.field("Items").explode(empty_as_null=False)
            numbers = pl.int_range(first, first + len(items), dtype=pl.UInt64, eager=True)
            yield self.items.chunk(items, numbers, partial(_documents, pages))
            first, room = first + len(items), CHUNK_PAGES


def _documents(pages: Sequence[bytes], rows: Sequence[int]) -> list[Document]:
    """The items at these positions, as in their JSON."""
    if not rows:
        return []
    items = [item for page in pages for item in orjson.loads(page)["Items"]]
    return [items[row] for row in rows]
