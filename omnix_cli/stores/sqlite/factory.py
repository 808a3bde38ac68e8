"""The embedded store, made from the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from omnix_cli.protocols.inputs import Sources
from omnix_cli.settings import Settings
from omnix_cli.stores.sqlite.administration import SqliteTables
from omnix_cli.stores.sqlite.store import SqliteStore
from omnix_cli.stores.tables.specs import TABLES


class Factory:
    """Implements `protocols.StoreFactory`."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._settings = settings.store
        self._path = settings.store.path or settings.workspace / "store.sqlite"
        self._now = now

    def store(self) -> SqliteStore:
        """A file in the workspace, unless the settings name another."""
        return SqliteStore(self._path, prefix=self._settings.prefix, stage=self._settings.stage)

    def administration(self) -> SqliteTables:
        return SqliteTables(self.store())

    @contextmanager
    def whole_table(self, table: str) -> Iterator[Sources]:
        """Read item by item, while it is imported."""
        from omnix_cli.stores.inputs.sources import StoredTable

        spec = TABLES[table]
        name = spec.full_name(self._settings.prefix, self._settings.stage)
        with closing(self.store()) as store:
            yield StoredTable(store, spec, f"sqlite:{name}", self._now())
