"""The items of a customer in the journals of copied tables: what the target held before a copy wrote it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from omnix_cli.errors import CorruptCheckpoint
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.kept_places import Piece
from omnix_cli.stores.migrations.item_parquet import ITEM, as_parquet, item_of, item_rows
from omnix_cli.stores.tables.specs import TABLES
from omnix_cli.stores.workspace.folders import DiskFolder

_NOBODY = "forgotten#"
"""How the key begins that stands for erased items; no item has such a key."""


@dataclass(frozen=True)
class MigrationImages:
    """Implements `kept_places.Place` for the folder `migrations/` of a workspace."""

    folder: DiskFolder
    name: str = "migrations"

    def pieces(self, traces: Traces) -> Iterator[Piece]:
        for path, table in self._images():
            key = TABLES[table].key
            rows = self._rows(path, key)
            for name, text in rows.filter(self._mine(rows, table, traces)).select(key, ITEM).iter_rows():
                yield Piece(f"migrations/{path}", {key: name} if text is None else item_of(text))

    def erase(self, traces: Traces) -> int:
        """A row without an item takes the place of the erased ones: undoing the copy finds nothing to do for it."""
        erased = 0
        for path, table in self._images():
            key = TABLES[table].key
            rows = self._rows(path, key)
            mine = self._mine(rows, table, traces)
            if count := int(mine.sum()):
                left = rows.filter(~mine)
                if left.is_empty():
                    name = _NOBODY + hashlib.sha256(path.encode()).hexdigest()[:16]
                    left = pl.DataFrame({key: [name]}, schema={key: pl.String}).join(rows.clear(), on=key, how="left")
                self.folder.write(path, as_parquet(left.select(rows.columns)))
                erased += count
        return erased

    def _rows(self, path: str, key: str) -> pl.DataFrame:
        try:
            return item_rows(self.folder.read(path), key)
        except ValueError as error:
            hint = "Restore it from a backup, or delete its folder: then that copy cannot be undone."
            raise CorruptCheckpoint(f"{self.folder}/{path} cannot be read: {error}", hint=hint) from error

    def _images(self) -> Iterator[tuple[str, str]]:
        for path in self.folder.files_below():
            if path.endswith(".parquet"):
                name = path.rpartition("/")[2]
                table = next((table for table in TABLES if name.startswith(f"{table}-")), None)
                if table is not None:
                    yield path, table

    def _mine(self, rows: pl.DataFrame, table: str, traces: Traces) -> pl.Series:
        key, traces = TABLES[table].key, traces.of_items
        mine = pl.Series([traces.is_value(one, key) for one in rows[key]], dtype=pl.Boolean)
        if "customerId" in rows.columns:
            mine = mine | (rows["customerId"] == traces.customer).fill_null(False)
        inside = [text is not None and traces.in_value(item_of(text)) for text in rows[ITEM]]
        return mine | pl.Series(inside, dtype=pl.Boolean)
