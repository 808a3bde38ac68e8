"""The stores that the settings name: of tables, and of results on S3."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from importlib import import_module

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.inputs import Sources
from omnix_cli.protocols.tables import StoreFactory, TableStore
from omnix_cli.settings import Settings
from omnix_cli.store_kinds import FACTORIES, check_kind
from omnix_cli.stores.s3.prefix import connect


def store_factory(settings: Settings, *, now: Callable[[], datetime]) -> StoreFactory:
    """What makes the parts of the store that the settings name. Raises `ConfigError` for an unknown kind."""
    try:
        module = FACTORIES[check_kind(settings.store.kind)]
    except ValueError as error:
        raise ConfigError(str(error), hint="Set store.kind.") from error
    factory: type[StoreFactory] = import_module(module).Factory
    return factory(settings, now=now)


def table_store(settings: Settings, *, now: Callable[[], datetime]) -> TableStore:
    """The store that the settings name."""
    return store_factory(settings, now=now).store()


def whole_table(settings: Settings, kind: str, *, now: Callable[[], datetime]) -> AbstractContextManager[Sources]:
    """The table that holds the rows of a kind (`purchases` ...), read from the store that the settings name."""
    from omnix_cli.stores.inputs.dynamodb.item_chunks import table_of

    return store_factory(settings, now=now).whole_table(table_of(kind).name)


def with_store(settings: Settings, kind: str) -> Settings:
    """The settings with a store of another kind."""
    return settings.model_copy(update={"store": settings.store.model_copy(update={"kind": kind})})


def uploader(settings: Settings, address: str) -> Callable[[bytes], object]:
    """What writes bytes to an address on S3. Raises `ConfigError` if it is not the address of an object."""
    target = connect(address, settings.s3)
    if not target.prefix or target.prefix.endswith("/"):
        hint = "Write it as s3://bucket/folder/name.parquet."
        raise ConfigError(f"{address} is not the address of an object", hint=hint)
    return partial(target.put, "")
