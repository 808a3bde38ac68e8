"""The stores that the settings name: of tables, of what a table is read from, of results on S3."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.inputs import Sources
from omnix_cli.protocols.tables import TableAdministration, TableStore
from omnix_cli.settings import Settings, StoreSettings
from omnix_cli.stores.s3.prefix import connect
from omnix_cli.stores.sqlite.administration import SqliteTables
from omnix_cli.stores.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from omnix_cli.stores.dynamodb.client.service import Service
    from omnix_cli.stores.dynamodb.writing.pacing import WritePacing

_log = logging.getLogger(__name__)


def table_store(settings: Settings, *, now: Callable[[], datetime]) -> TableStore:
    """The store that the settings name."""
    store = settings.store
    if store.kind == "sqlite":
        return _sqlite(settings)
    from omnix_cli.stores.dynamodb.store import DynamoStore
    from omnix_cli.stores.dynamodb.writing.dead_letters import set_aside

    return DynamoStore(
        dynamodb_service(store, now=now).transport,
        prefix=store.prefix,
        stage=store.stage,
        threads=store.threads,
        pacing=write_pacing(store),
        tables=store.tables,
        set_aside=lambda letters: set_aside(settings.workspace / "dead_letters", letters, now()),
    )


def write_pacing(store: StoreSettings) -> WritePacing:
    """How fast the settings let DynamoDB be written to."""
    from omnix_cli.stores.dynamodb.writing.pacing import WritePacing

    return WritePacing(store.max_write_units, store.start_write_units, store.write_share)


def table_administration(settings: Settings, *, now: Callable[[], datetime]) -> TableAdministration:
    """What makes, checks and drops the tables of the store that the settings name."""
    store = settings.store
    if store.kind == "sqlite":
        return SqliteTables(_sqlite(settings))
    from omnix_cli.stores.dynamodb.administration import DynamoTables

    service = dynamodb_service(store, now=now)
    return DynamoTables(service, prefix=store.prefix, stage=store.stage, options=store.tables)


def dynamodb_service(store: StoreSettings, *, now: Callable[[], datetime]) -> Service:
    """DynamoDB in the account, region and way that the settings name."""
    from omnix_cli.stores.dynamodb.client.connect import Account, connect
    from omnix_cli.stores.dynamodb.client.service import Service

    account = Account(store.profile, store.region, store.endpoint_url, store.transport)
    return Service(connect(account, now=now))


def with_store(settings: Settings, kind: str) -> Settings:
    """The settings with a store of another kind."""
    return settings.model_copy(update={"store": settings.store.model_copy(update={"kind": kind})})


@contextmanager
def whole_table(settings: Settings, kind: str, *, now: Callable[[], datetime]) -> Iterator[Sources]:
    """The table that holds the rows of a kind, read from the store that the settings name."""
    from omnix_cli.stores.inputs.dynamodb.item_chunks import table_of

    store, table = settings.store, table_of(kind)
    name = table.full_name(store.prefix, store.stage)
    if store.kind == "sqlite":
        from omnix_cli.stores.inputs.stored_table import StoredTable

        with closing(_sqlite(settings)) as sqlite:
            yield StoredTable(sqlite, table, f"sqlite:{name}", now())
        return
    from omnix_cli.stores.inputs.dynamodb.scanned_table import scanned
    from omnix_cli.stores.inputs.dynamodb.scanning import TableScan

    service = dynamodb_service(store, now=now)
    with closing(service.transport):
        folder = settings.workspace / "scans" / name
        scan = TableScan(service, name, folder, now, store.segments, max_units=store.max_read_units, say=_log.info)
        with scanned(scan) as sources:
            yield sources


def _sqlite(settings: Settings) -> SqliteStore:
    store = settings.store
    return SqliteStore(store.path or settings.workspace / "store.sqlite", prefix=store.prefix, stage=store.stage)


def uploader(settings: Settings, address: str) -> Callable[[bytes], None]:
    """What puts bytes at an address on S3. Raises `ConfigError` when it names no object."""
    target = connect(address, settings.s3)
    if not target.prefix or target.prefix.endswith("/"):
        raise ConfigError(f"{address} names no object", hint="Write it as s3://bucket/folder/name.parquet.")

    def upload(content: bytes) -> None:
        target.put("", content)

    return upload
