"""The two sides of a migration, and the tables that it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from omnix_cli.errors import ConfigError
from omnix_cli.mappings import suggestion
from omnix_cli.protocols.tables import ItemSource, TableStore
from omnix_cli.services.migrations.segments import Take
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.tables.specs import TABLES


def _unlimited() -> None:
    return None


@dataclass(frozen=True)
class Source:
    """What is read, in how many segments at a time, and how fast."""

    items: ItemSource
    segments: int = 1
    tables: Sequence[str] = ()
    """The tables of an export: all of them are moved where none is named."""
    pace: Callable[[], Take | None] = _unlimited
    """Makes what limits the reading of one table; None for no limit."""


@dataclass(frozen=True)
class Target:
    """The store that is written to, and the settings that open it again."""

    store: TableStore
    settings: StoreSettings


@dataclass(frozen=True)
class TableItems:
    """How many items of a table were exported, or put back."""

    table: str
    items: int


def chosen_tables(named: Sequence[str], *sources: Source) -> list[str]:
    """The named tables, each once; where none is named, those of the first source that is an export.

    Raises `ConfigError` for a table that does not exist, and when there is none."""
    tables = named or next((source.tables for source in sources if source.tables), ())
    if not tables:
        raise ConfigError("no table is named", hint=f"Tables: {', '.join(TABLES)}.")
    for name in tables:
        if name not in TABLES:
            raise ConfigError(f"there is no table {name!r}", hint=suggestion(name, list(TABLES), what="Tables"))
    return list(dict.fromkeys(tables))
