"""Files from which DynamoDB loads a table by itself, and the requests that start the load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.protocols.progress import NO_PROGRESS, Progress, shown
from omnix_cli.services.migrations.sides import Source, chosen_tables
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.client.service import Service
from omnix_cli.stores.dynamodb.writing.bulk_files import (
    START,
    BulkFiles,
    bulk_put_request,
    import_request,
    write_bulk_files,
)
from omnix_cli.stores.dynamodb.writing.limits import WritePacing
from omnix_cli.stores.s3.prefix import SCHEME
from omnix_cli.stores.tables.specs import TABLES
from omnix_cli.stores.workspace.folders import Folder


@dataclass(frozen=True)
class BulkTarget:
    """The DynamoDB that loads the files, and where the files go. `folder` is `data` below the address."""

    settings: StoreSettings
    pacing: WritePacing
    connect: Callable[[], Service]
    address: str
    folder: Folder


@dataclass(frozen=True)
class BulkReport:
    """The files that were written, the requests that load them by operation, the answer to the one that was sent."""

    files: BulkFiles
    address: str
    requests: Mapping[str, Mapping[str, Any]]
    answer: Mapping[str, Any] | None


def bulk(
    table: str, source: Source, target: BulkTarget, *, start: bool = False, progress: Progress = NO_PROGRESS
) -> BulkReport:
    """Writes the files of a table; `start` sends the request that loads them into an existing table."""
    (name,) = chosen_tables([table])
    if start and not target.address.startswith(SCHEME):
        raise ConfigError("DynamoDB loads files from S3 only", hint="Write them to s3://BUCKET/PREFIX.")
    spec, store = TABLES[name], target.settings
    full_name = spec.full_name(store.prefix, store.stage)
    limit = target.pacing.limit(lambda: _asked(target, lambda service: service.description(full_name) or {}))
    with shown(progress, name, source.items.expected_items(name)):
        try:
            files = write_bulk_files(spec, _counted(source.items.scan(name), progress), target.folder.write)
        except ValueError as error:
            raise DataError(f"DynamoDB cannot store this item: {error}", hint="Correct it in the source.") from error
    _check_no_others(target.folder, files.names)
    bucket, prefix = _bucket_and_prefix(target.address)
    units = limit.units if limit else None
    requests = {
        START: bulk_put_request(full_name, bucket, prefix, token=files.token, max_write_units=units),
        "ImportTable": import_request(spec, full_name, bucket, prefix, store.tables, token=files.token),
    }
    answer = _asked(target, lambda service: service.answer(START, requests[START], full_name)) if start else None
    return BulkReport(files, target.address, requests, answer)


def _bucket_and_prefix(address: str) -> tuple[str, str]:
    """Where DynamoDB finds the files: placeholders for files on a disk."""
    if not address.startswith(SCHEME):
        return "BUCKET", "PREFIX/"
    bucket, _, prefix = address.removeprefix(SCHEME).rstrip("/").partition("/")
    return bucket, f"{prefix}/" if prefix else ""


def _counted(items: Iterator[Mapping[str, Any]], progress: Progress) -> Iterator[Mapping[str, Any]]:
    for item in items:
        yield item
        progress.advance(1)


def _check_no_others(folder: Folder, names: Sequence[str]) -> None:
    """Raises `ConfigError` for other files in the folder: DynamoDB loads every file there."""
    others = sorted(set(folder.names()) - set(names))
    if others:
        message = f"DynamoDB would load other files in {folder}, too: {', '.join(others[:5])}"
        raise ConfigError(message, hint="Delete them, or choose another folder.")


def _asked(target: BulkTarget, ask: Callable[[Service], dict[str, Any]]) -> dict[str, Any]:
    """An answer of the DynamoDB that loads the files."""
    service = target.connect()
    with closing(service.transport):
        return ask(service)
