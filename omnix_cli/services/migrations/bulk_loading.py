"""Files from which DynamoDB loads a table by itself, and the requests that start the load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.protocols.progress import NO_PROGRESS, Progress, shown
from omnix_cli.services.migrations.sides import Source, chosen_tables
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.client.service import Service
from omnix_cli.stores.dynamodb.writing.bulk_files import (
    FILE_NAME,
    LEAST_UNITS,
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
    warning: str = ""
    """Which limit the load would exceed."""


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
    too_slow = limit is not None and limit.units < LEAST_UNITS
    warning = f"{limit}, but DynamoDB's bulk load uses {LEAST_UNITS:,} or more" if too_slow else ""
    if start and warning:
        raise ConfigError(warning, hint="Raise the limit, or use `omnix tables copy`.")
    _check_folder(target.folder)
    with shown(progress, name, source.items.expected_items(name)):
        try:
            files = write_bulk_files(spec, _counted(source.items.scan(name), progress), partial(_keep, target.folder))
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
    return BulkReport(files, target.address, requests, answer, warning)


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


def _check_folder(folder: Folder) -> None:
    """Raises `ConfigError` for files that no load has: DynamoDB loads every file there."""
    if names := [name for name in folder.files_below() if not FILE_NAME.fullmatch(name)]:
        raise _other_files(folder, names)


def _keep(folder: Folder, name: str, content: bytes) -> None:
    """Writes a file of the load, which may be there from an earlier attempt. A file of another load stays as it is:
    DynamoDB may be reading it. Raises `ConfigError`."""

    def same(existing: bytes | None) -> bytes:
        if existing not in (None, content):
            message = f"{folder}/{name} belongs to another load, or the table has changed since it was written"
            raise ConfigError(message, hint="Choose another folder, or delete the files there first.")
        return content

    folder.change(name, same)


def _check_no_others(folder: Folder, names: Sequence[str]) -> None:
    """Raises `ConfigError` for files of a longer load that begins like this one."""
    if others := sorted(set(folder.files_below()) - set(names)):
        raise _other_files(folder, others)


def _other_files(folder: Folder, names: Sequence[str]) -> ConfigError:
    message = f"DynamoDB would load other files in {folder}, too: {', '.join(names[:5])}"
    return ConfigError(message, hint="Delete them, or choose another folder.")


def _asked(target: BulkTarget, ask: Callable[[Service], dict[str, Any]]) -> dict[str, Any]:
    """An answer of the DynamoDB that loads the files."""
    service = target.connect()
    with closing(service.transport):
        return ask(service)
