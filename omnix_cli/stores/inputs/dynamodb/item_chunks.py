"""Items of a table, from a scan or an export, as the rows that an import reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import orjson
import polars as pl

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import REQUIRED, ColumnMapping, JoinedColumns
from omnix_cli.protocols.inputs import DELETED, ITEM, ROW_NUMBER, RawChunk
from omnix_cli.schemas import FRAMES
from omnix_cli.stores.inputs.dynamodb.item_columns import Documents, ItemColumns
from omnix_cli.stores.inputs.line_blocks import RejectedLine, as_frame
from omnix_cli.stores.tables.specs import TABLES, TableSpec

_TABLES = {
    "purchases": "purchase-history",
    "interactions": "product-interactions",
    "customers": "customer-profiles",
    "products": "products",
}


def table_of(kind: str) -> TableSpec:
    """The table that holds a kind of rows. Raises `ConfigError` when there is none."""
    if kind not in _TABLES:
        raise ConfigError(f"there is no table of {kind}", hint=f"Import one of {', '.join(_TABLES)}.")
    return TABLES[_TABLES[kind]]


@dataclass
class ItemChunks:
    """Makes chunks of items with the attributes that the mapping may read, the key first. An attribute that was in a
    chunk is in every later one. A required attribute is in every chunk, so that only the rows that lack it are bad, not
    the whole table. Items that have expired at `now` are left out and counted."""

    mapping: ColumnMapping
    now: datetime | None
    expired: int = 0
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.table = table_of(self.mapping.kind)
        schema = FRAMES[self.mapping.kind].empty().schema
        names = [name for name, dtype in schema.items() if isinstance(dtype, pl.List)]
        lists = [source for name in names for source in self._alternatives(name)]
        expiry = [self.table.ttl] if self.table.ttl else []
        attributes = [self.table.key, *expiry, *self.mapping.input_columns()]
        self.items = ItemColumns(attributes, lists, self.mapping.list_separator)

    def chunk(
        self, items: pl.Series, numbers: pl.Series, documents: Documents, deleted: pl.Series | None = None
    ) -> RawChunk:
        """The rows of items that were parsed as `self.items.dtype`, with their numbers and whether they were deleted.
        `documents` returns complete items by their positions."""
        columns, unreadable = self.items.decode(items, documents)
        expired = self._expired(columns)
        self.expired += int(expired.sum())
        broken = [row for row in sorted(unreadable) if not expired[row]]
        rejected = [
            RejectedLine(int(numbers[row]), unreadable[row], orjson.dumps(document).decode())
            for row, document in zip(broken, documents(broken), strict=True)
        ]
        rows = columns.with_columns(numbers.cast(pl.UInt64).alias(ROW_NUMBER), pl.lit(0, pl.UInt32).alias(ITEM))
        if deleted is not None:
            rows = rows.with_columns(deleted.alias(DELETED))
        rows = rows.filter(~expired.scatter(broken, True))
        self._see(rows)
        kept = (name for name in rows.columns if name in self._seen or name in (ROW_NUMBER, ITEM))
        return RawChunk(rows.select(kept), as_frame(rejected), exact_ids=True)

    def _see(self, rows: pl.DataFrame) -> None:
        self._seen.update(column.name for column in rows if column.null_count() < rows.height)
        quantity = ("quantity",) if self.mapping.kind == "purchases" else ()  # an item without it is bad, unlike a line
        for name in (*REQUIRED[self.mapping.kind], *quantity) if rows.height else ():
            names = self._alternatives(name)
            if name not in self.mapping.constants and self._seen.isdisjoint(names):
                self._seen.update(names[-1:])  # the last one, so that any other goes first once it is there

    def _expired(self, columns: pl.DataFrame) -> pl.Series:
        if self.table.ttl is None or self.now is None:
            return pl.repeat(False, columns.height, dtype=pl.Boolean, eager=True)
        expiry = columns[self.table.ttl].cast(pl.Float64, strict=False)
        return (expiry <= self.now.timestamp()).fill_null(False)

    def _alternatives(self, name: str) -> tuple[str, ...]:
        source = self.mapping.columns.get(name, name)
        if isinstance(source, JoinedColumns):
            return ()
        return (source,) if isinstance(source, str) else source
