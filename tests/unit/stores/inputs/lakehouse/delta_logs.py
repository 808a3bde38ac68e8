"""Delta tables as Spark writes them: with deletion vectors, renamed columns, and partitions in folders of any name.

Written by the public protocol (PROTOCOL.md of delta-io/delta), since no library here writes them.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

TIME = 1_709_251_200_000
"""2024-03-01 in milliseconds."""

_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def table(
    path: Path,
    fields: Sequence[Mapping[str, Any]],
    *,
    partitions: Sequence[str] = (),
    configuration: Mapping[str, str] | None = None,
    protocol: Mapping[str, Any] | None = None,
) -> Path:
    """An empty table with these fields; the first version."""
    metadata = {
        "id": "5fba94ed-9794-4965-ba6e-6ee3c0d22af9",
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": list(fields)}),
        "partitionColumns": list(partitions),
        "configuration": dict(configuration or {}),
        "createdTime": TIME,
    }
    commit(
        path,
        0,
        {"commitInfo": {"timestamp": TIME, "operation": "CREATE TABLE"}},
        {"protocol": dict(protocol or {"minReaderVersion": 1, "minWriterVersion": 2})},
        {"metaData": metadata},
    )
    return path


def commit(path: Path, version: int, *actions: Mapping[str, Any]) -> None:
    """A version with these actions."""
    log = path / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    (log / f"{version:020}.json").write_text("".join(json.dumps(action) + "\n" for action in actions))


def info(version: int) -> dict[str, Any]:
    return {"commitInfo": {"timestamp": TIME + version * 86_400_000, "operation": "WRITE"}}


def added(
    path: Path, name: str, rows: pa.Table, *, values: Mapping[str, str | None] | None = None, **more: Any
) -> dict[str, Any]:
    """Writes a data file, whose path stands encoded in the log; the action that adds it."""
    file = path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, file)
    return add(name, file.stat().st_size, rows.num_rows, values=values, **more)


def add(
    name: str, size: int, rows: int, *, values: Mapping[str, str | None] | None = None, **more: Any
) -> dict[str, Any]:
    """The action that adds a data file."""
    encoded = name.replace("%", "%25").replace(" ", "%20")
    return {
        "add": {
            "path": encoded,
            "partitionValues": dict(values or {}),
            "size": size,
            "modificationTime": TIME,
            "dataChange": True,
            "stats": json.dumps({"numRecords": rows}),
            **more,
        }
    }


def removed(name: str) -> dict[str, Any]:
    return {"remove": {"path": name, "deletionTimestamp": TIME, "dataChange": True}}


def inline_vector(rows: Sequence[int]) -> dict[str, Any]:
    """A deletion vector of these rows (from 0) inside the log."""
    bitmap = _bitmap(rows)
    padded = bitmap + b"\0" * (-len(bitmap) % 4)
    descriptor = {"storageType": "i", "pathOrInlineDv": _z85(padded), "sizeInBytes": len(bitmap)}
    return {"deletionVector": {**descriptor, "cardinality": len(rows)}}


def stored_vector(path: Path, rows: Sequence[int]) -> dict[str, Any]:
    """A deletion vector of these rows (from 0) in a file of its own."""
    identity = bytes(range(16))
    bitmap = _bitmap(rows)
    name = f"deletion_vector_{identity.hex()[:8]}-{identity.hex()[8:12]}-{identity.hex()[12:16]}"
    name += f"-{identity.hex()[16:20]}-{identity.hex()[20:]}.bin"
    content = b"\x01" + struct.pack(">i", len(bitmap)) + bitmap + struct.pack(">I", zlib.crc32(bitmap))
    (path / name).write_bytes(content)
    descriptor = {"storageType": "u", "pathOrInlineDv": _z85(identity), "offset": 1, "sizeInBytes": len(bitmap)}
    return {"deletionVector": {**descriptor, "cardinality": len(rows)}}


def _bitmap(rows: Sequence[int]) -> bytes:
    """A 64-bit Roaring bitmap in the portable format, of rows below 65,536."""
    values = b"".join(struct.pack("<H", row) for row in sorted(rows))
    one = struct.pack("<IIHHI", 12_346, 1, 0, len(rows) - 1, 16) + values
    return struct.pack("<IQI", 1_681_511_377, 1, 0) + one


def _z85(content: bytes) -> str:
    text = ""
    for start in range(0, len(content), 4):
        number = int.from_bytes(content[start : start + 4])
        text += "".join(_Z85[number // 85**power % 85] for power in (4, 3, 2, 1, 0))
    return text


def field(name: str, kind: str = "string", *, physical: str | None = None, number: int = 0) -> dict[str, Any]:
    """A field of a table, with another name in the files if it was renamed."""
    mapped = {"delta.columnMapping.id": number, "delta.columnMapping.physicalName": physical} if physical else {}
    return {"name": name, "type": kind, "nullable": True, "metadata": mapped}
