"""The store in memory, made from the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from omnix_cli.protocols.inputs import Sources
from omnix_cli.settings import Settings
from omnix_cli.stores.inputs.sources import StoredTable
from omnix_cli.stores.tables.specs import TABLES
from tests.memory_store.store import MemoryStore, MemoryTables

STORES: dict[str, MemoryStore] = {}
"""By stage: every opening of a stage gets the same store."""


class Factory:
    """Implements `protocols.StoreFactory`."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._stage = settings.store.stage
        self._now = now

    def store(self) -> MemoryStore:
        return STORES.setdefault(self._stage, MemoryStore())

    def administration(self) -> MemoryTables:
        return MemoryTables(self.store())

    @contextmanager
    def whole_table(self, table: str) -> Iterator[Sources]:
        yield StoredTable(self.store(), TABLES[table], f"memory:{table}", self._now())
