"""Snapshots of Iceberg tables whose rows are deleted by files of deletes, as Spark, Trino and Flink write them.

pyiceberg writes none; its writers of manifests are used for the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestWriterV2,
    write_manifest_list,
)
from pyiceberg.typedef import Record

SNAPSHOT = 4_711


class _Deletes(ManifestWriterV2):
    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


def delete_positions(table: Any, rows: list[int]) -> None:
    """A snapshot in which these rows (from 0) of the first data file are deleted."""
    (file, *_) = (task.file.file_path for task in table.scan().plan_files())
    schema = pa.schema(
        [
            pa.field("file_path", pa.string(), False, {"PARQUET:field_id": "2147483546"}),
            pa.field("pos", pa.int64(), False, {"PARQUET:field_id": "2147483545"}),
        ]
    )
    deletes = pa.table([[file] * len(rows), rows], schema=schema)
    _commit(table, deletes, DataFileContent.POSITION_DELETES)


def delete_equal(table: Any, customer: str) -> None:
    """A snapshot in which the rows of a customer are deleted by value."""
    number = table.schema().find_field("customer_id").field_id
    schema = pa.schema([pa.field("customer_id", pa.string(), True, {"PARQUET:field_id": str(number)})])
    _commit(table, pa.table([[customer]], schema=schema), DataFileContent.EQUALITY_DELETES, equality_ids=[number])


def _commit(table: Any, deletes: pa.Table, content: DataFileContent, **more: Any) -> None:
    location = table.location()
    folder = Path(location.removeprefix("file://"))
    pq.write_table(deletes, folder / "data" / "deletes.parquet")
    data_file = DataFile.from_args(
        _table_format_version=2,
        content=content,
        file_path=f"{location}/data/deletes.parquet",
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=deletes.num_rows,
        file_size_in_bytes=(folder / "data" / "deletes.parquet").stat().st_size,
        column_sizes={},
        value_counts={},
        null_value_counts={},
        nan_value_counts={},
        lower_bounds={},
        upper_bounds={},
        key_metadata=None,
        split_offsets=None,
        sort_order_id=None,
        spec_id=0,
        **{"equality_ids": None, **more},
    )
    before = table.current_snapshot()
    number = before.sequence_number + 1
    with _Deletes(
        table.spec(), table.schema(), table.io.new_output(f"{location}/metadata/deletes.avro"), SNAPSHOT, "null"
    ) as manifest:
        status = ManifestEntryStatus.ADDED
        manifest.add(
            ManifestEntry.from_args(status=status, snapshot_id=SNAPSHOT, sequence_number=None, data_file=data_file)
        )
    manifests = f"{location}/metadata/snap-{SNAPSHOT}.avro"
    with write_manifest_list(2, table.io.new_output(manifests), SNAPSHOT, before.snapshot_id, number, "null") as listed:
        listed.add_manifests([*before.manifests(table.io), manifest.to_manifest_file()])
    _add_snapshot(table, manifests, number)


def _add_snapshot(table: Any, manifests: str, number: int) -> None:
    metadata = json.loads(table.metadata.model_dump_json())
    before = metadata["snapshots"][-1]
    time = before["timestamp-ms"] + 1
    snapshot = {
        **before,
        "snapshot-id": SNAPSHOT,
        "parent-snapshot-id": before["snapshot-id"],
        "sequence-number": number,
        "timestamp-ms": time,
        "manifest-list": manifests,
    }
    metadata["snapshots"].append(snapshot)
    metadata["snapshot-log"].append({"snapshot-id": SNAPSHOT, "timestamp-ms": time})
    metadata |= {"current-snapshot-id": SNAPSHOT, "last-sequence-number": number, "last-updated-ms": time}
    metadata["refs"]["main"]["snapshot-id"] = SNAPSHOT
    folder = Path(table.location().removeprefix("file://")) / "metadata"
    (folder / "00099-deletes.metadata.json").write_text(json.dumps(metadata))
