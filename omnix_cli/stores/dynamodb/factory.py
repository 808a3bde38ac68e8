"""The store of an AWS account, made from the settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from omnix_cli.protocols.inputs import Sources
from omnix_cli.settings import Settings, StoreSettings
from omnix_cli.stores.dynamodb.administration import DynamoTables
from omnix_cli.stores.dynamodb.client.service import Service, connect
from omnix_cli.stores.dynamodb.store import DynamoStore
from omnix_cli.stores.dynamodb.writing.bulk_writer import keep_dead_letters
from omnix_cli.stores.dynamodb.writing.limits import WritePacing
from omnix_cli.stores.tables.specs import TABLES

_log = logging.getLogger(__name__)


class Factory:
    """Implements `protocols.StoreFactory`."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._settings = settings.store
        self._workspace = settings.workspace
        self._now = now

    def store(self) -> DynamoStore:
        """Items that DynamoDB rejects are kept in the workspace."""
        settings = self._settings
        return DynamoStore(
            dynamodb_service(self._settings, now=self._now).transport,
            prefix=settings.prefix,
            stage=settings.stage,
            threads=settings.threads,
            pacing=write_pacing(settings),
            tables=settings.tables,
            keep_dead_letters=lambda letters: keep_dead_letters(self._workspace / "dead_letters", letters, self._now()),
        )

    def administration(self) -> DynamoTables:
        settings, service = self._settings, dynamodb_service(self._settings, now=self._now)
        return DynamoTables(service, prefix=settings.prefix, stage=settings.stage, options=settings.tables)

    @contextmanager
    def whole_table(self, table: str) -> Iterator[Sources]:
        """Read in segments to the disk of the workspace before it is imported, so that an interrupted scan resumes."""
        from omnix_cli.stores.inputs.dynamodb.scanned_table import scanned
        from omnix_cli.stores.inputs.dynamodb.scanning import TableScan

        settings = self._settings
        name = TABLES[table].full_name(settings.prefix, settings.stage)
        folder = self._workspace / "scans" / name
        service = dynamodb_service(self._settings, now=self._now)
        with closing(service.transport):
            scan = TableScan(
                service, name, folder, self._now, settings.segments, max_units=settings.max_read_units, say=_log.info
            )
            with scanned(scan) as sources:
                yield sources


def dynamodb_service(settings: StoreSettings, *, now: Callable[[], datetime]) -> Service:
    """DynamoDB in the account and region that the settings name."""
    return Service(connect(settings, now=now))


def write_pacing(settings: StoreSettings) -> WritePacing:
    """How fast the settings allow DynamoDB to be written."""
    return WritePacing(settings.max_write_units, settings.start_write_units, settings.write_share)
