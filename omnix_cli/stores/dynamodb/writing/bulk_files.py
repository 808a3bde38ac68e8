"""Files that DynamoDB loads by itself from S3, without write requests: StartBulkPutItems into an existing table,
ImportTable into a new one.

Both read gzipped lines of DynamoDB JSON, `{"Item": {...}}`. Neighbouring lines should belong to different partitions,
so the items of each file are sorted by a checksum of their keys.

Source: API reference, StartBulkPutItems and ImportTable; developer guide, "Bulk put items: best practices".
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from omnix_cli.batching import batched
from omnix_cli.settings import TableSettings
from omnix_cli.stores.dynamodb.definitions import creation
from omnix_cli.stores.dynamodb.wire import encoded
from omnix_cli.stores.tables.specs import TableSpec

FILE_ITEMS = 100_000
"""Items of a file. DynamoDB loads at most 50,000 files of 5 GB."""
LEAST_UNITS = 1_024
"""The lowest limit of write units a second that StartBulkPutItems accepts."""

START = "StartBulkPutItems"
FILE_NAME = re.compile(r"\d{5}\.json\.gz")
_FORMAT = {"InputFormat": "DYNAMODB_JSON", "InputCompressionType": "GZIP"}

Keep = Callable[[str, bytes], object]
"""Keeps a file of that name."""


@dataclass(frozen=True)
class BulkFiles:
    """What was written. The token is a hash of the content, so that the same load is not started twice."""

    items: int
    names: tuple[str, ...]
    bytes: int
    token: str


def write_bulk_files(
    spec: TableSpec, items: Iterable[Mapping[str, Any]], keep: Keep, *, file_items: int = FILE_ITEMS
) -> BulkFiles:
    """Writes `00000.json.gz` and so on; the same items in the same order give the same bytes. Raises ValueError, which
    names the key, for an item that DynamoDB would reject."""
    count = size = 0
    names: list[str] = []
    digest = hashlib.sha256(spec.name.encode())
    for part in batched(items, file_items):
        part.sort(key=lambda item: zlib.crc32(str(item.get(spec.key)).encode()))
        lines = b"".join(b'{"Item":%b}\n' % _checked(spec, item) for item in part)
        content = gzip.compress(lines, compresslevel=6, mtime=0)
        names.append(f"{len(names):05d}.json.gz")
        keep(names[-1], content)
        digest.update(content)
        count, size = count + len(part), size + len(content)
    return BulkFiles(count, tuple(names), size, digest.hexdigest()[:32])


def _checked(spec: TableSpec, item: Mapping[str, Any]) -> bytes:
    try:
        spec.check(item)
        return encoded(item)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{spec.name} {item.get(spec.key)!r}: {error}") from error


def bulk_put_request(
    full_name: str, bucket: str, prefix: str, *, token: str, max_write_units: float | None
) -> dict[str, Any]:
    """StartBulkPutItems into an existing table; rejected items are reported beside the files. Sending the request again
    with the same token within eight hours starts nothing new. The service rejects a limit below `LEAST_UNITS`."""
    limit = {} if max_write_units is None else {"MaxWriteRequestUnits": max(LEAST_UNITS, int(max_write_units))}
    return {
        "TableName": full_name,
        "ClientToken": token,
        "InputS3Configuration": {"S3Bucket": bucket, "S3KeyPrefix": f"{prefix}data/", **_FORMAT},
        "OutputS3Configuration": {"S3Bucket": bucket, "S3KeyPrefix": f"{prefix}refused/", "OutputType": ["ERROR"]},
        **limit,
    }


def import_request(
    spec: TableSpec, full_name: str, bucket: str, prefix: str, options: TableSettings, *, token: str
) -> dict[str, Any]:
    """ImportTable into a new table; afterwards `omnix tables create` adds its expiry, backups and protection."""
    wanted = ("TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    table = creation(spec, full_name, options).request
    return {
        "ClientToken": token,
        "S3BucketSource": {"S3Bucket": bucket, "S3KeyPrefix": f"{prefix}data/"},
        **_FORMAT,
        "TableCreationParameters": {name: table[name] for name in wanted if name in table},
    }
