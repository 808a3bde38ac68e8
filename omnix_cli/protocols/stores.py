"""What a kind of store makes from the settings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from omnix_cli.protocols.inputs import Sources
from omnix_cli.protocols.tables import TableAdministration, TableStore
from omnix_cli.settings import Settings


class StoreFactory(Protocol):
    """Makes the parts of one store. `store_kinds` lists the modules that have one, each under the name `Factory`."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None: ...

    def store(self) -> TableStore:
        """Reads and writes items."""
        ...

    def administration(self) -> TableAdministration:
        """Creates, checks and drops the tables."""
        ...

    def whole_table(self, table: str) -> AbstractContextManager[Sources]:
        """A whole table as the input of an import."""
        ...
