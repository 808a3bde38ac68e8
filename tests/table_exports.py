"""Exports of a DynamoDB table as AWS writes them to S3, for tests."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from omnix_cli.stores.dynamodb.wire import to_wire

TABLE = "omnix-ai-purchase-history-dev"


def full_line(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"Item": to_wire(item)}


def change_line(
    key: Mapping[str, Any], new: Mapping[str, Any] | None = None, old: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """An insert, update or deletion (no `new`) as an incremental export has it."""
    line = {"Metadata": {"WriteTimestampMicros": {"N": "1767225600000000"}}, "Keys": to_wire(key)}
    images = {"NewImage": new, "OldImage": old}
    return line | {name: to_wire(image) for name, image in images.items() if image is not None}


def write_export(
    root: Path,
    files: Sequence[Iterable[Mapping[str, Any]]],
    *,
    export: str = "01693685827463-2d8752fd",
    incremental: bool = False,
    time: str = "2026-01-05T00:00:00.000Z",
    table: str = TABLE,
    output: str = "DYNAMODB_JSON",
) -> Path:
    """Writes an export below `root` as it lies below a prefix in S3; returns the folder of its manifests."""
    folder = root / "AWSDynamoDB" / export
    data = folder.parent / "data" if incremental else folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    (folder / "_started").touch()
    entries = []
    for number, lines in enumerate(map(list, files)):
        content = gzip.compress(b"".join(orjson.dumps(line) + b"\n" for line in lines), mtime=0)
        path = data / f"{hashlib.sha1(f'{export}{number}'.encode()).hexdigest()[:26]}.json.gz"
        path.write_bytes(content)
        entries.append(
            {
                "itemCount": len(lines),
                "md5Checksum": base64.b64encode(hashlib.md5(content).digest()).decode(),
                "etag": f"{hashlib.md5(content).hexdigest()}-1",
                "dataFileS3Key": path.relative_to(root).as_posix(),
            }
        )
    (folder / "manifest-files.json").write_bytes(b"".join(orjson.dumps(entry) + b"\n" for entry in entries))
    times = {"exportFromTime": "2026-01-04T00:00:00.000Z", "exportToTime": time} if incremental else {}
    summary = {
        "version": "2023-08-01" if incremental else "2020-06-30",
        "exportArn": f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}/export/{export}",
        "tableArn": f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}",
        "s3Bucket": "exports",
        "manifestFilesS3Key": f"AWSDynamoDB/{export}/manifest-files.json",
        "itemCount": sum(entry["itemCount"] for entry in entries),
        "outputFormat": output,
        **(times or {"exportTime": time}),
        **({"outputView": "NEW_AND_OLD_IMAGES", "exportType": "INCREMENTAL_EXPORT"} if incremental else {}),
    }
    (folder / "manifest-summary.json").write_bytes(orjson.dumps(summary))
    return folder
