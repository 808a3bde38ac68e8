"""Imports of Parquet files of any types."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omnix_cli.errors import DataError
from omnix_cli.schemas import FRAMES
from tests.importing import imported, importer

LONGEST = 2**63 - 1
TYPES = {
    "unsigned": pa.array([2**64 - 1, 1], pa.uint64()),
    "float16": pa.array([1.5, 2], pa.float16()),
    "no numbers": pa.array([float("nan"), float("inf")]),
    "large floats": pa.array([1e300, 2.0**60]),
    "decimal256": pa.array([Decimal("1" * 50 + ".5"), None], pa.decimal256(60, 2)),
    "decimal128": pa.array([Decimal("9" * 36 + ".99"), Decimal("1.5")], pa.decimal128(38, 2)),
    "bool": pa.array([True, None]),
    "date": pa.array([date(2020, 1, 1), date(9999, 12, 31)]),
    "far dates": pa.array([2**31 - 1, -(2**31)], pa.int32()).cast(pa.date32()),
    "time": pa.array([time(1, 2), None]),
    "nanoseconds": pa.array([-LONGEST, LONGEST], pa.timestamp("ns")),
    "zoned nanoseconds": pa.array([-LONGEST, LONGEST], pa.timestamp("ns", "Asia/Kolkata")),
    "milliseconds": pa.array([-LONGEST, LONGEST], pa.int64()).cast(pa.timestamp("ms", "+05:30")),
    "microseconds": pa.array([-LONGEST, LONGEST], pa.int64()).cast(pa.timestamp("us")),
    "texts in a list": pa.array([["a"], None]),
    "numbers in a list": pa.array([[1], []]),
    "times in a list": pa.array([[datetime(2020, 1, 1)], None]),
    "decimals in a list": pa.array([[Decimal("1.5")], None]),
    "null": pa.nulls(2),
    "dictionary": pa.array([2, 3]).dictionary_encode(),
    "bytes": pa.array([b"1", b"2"]),
    "large integers": pa.array([-(2**63), LONGEST]),
}


@pytest.mark.parametrize("kind", ["purchases", "products", "customers", "interactions"])
@pytest.mark.parametrize("name", TYPES)
def test_any_type_in_any_column_loses_no_row(tmp_path: Path, kind: str, name: str) -> None:
    table = pa.table(dict.fromkeys(FRAMES[kind].schema.column_names(), TYPES[name]))
    pq.write_table(table, tmp_path / "f.parquet")
    work = importer(tmp_path / "workspace", max_bad=1.0)
    if name == "large floats":  # two ids may have become one already
        with pytest.raises(DataError, match="stored as floating point numbers and lost digits"):
            imported(work, tmp_path / "f.parquet", kind=kind, dry_run=True)
        return
    assert imported(work, tmp_path / "f.parquet", kind=kind, dry_run=True).read == 2


def test_two_columns_of_one_name_are_refused_only_if_they_are_needed(tmp_path: Path) -> None:
    row = {"customer_id": "c", "product_id": "p", "purchased_at": "2020-05-01", "quantity": 1}
    for name in ("colour", "quantity"):
        table = pa.table({column: [value] for column, value in row.items() if column != name})
        table = table.append_column(name, pa.array([2])).append_column(name, pa.array([3]))
        pq.write_table(table, tmp_path / f"{name}.parquet")
    work = importer(tmp_path / "workspace")
    assert imported(work, tmp_path / "colour.parquet").accepted == 1
    with pytest.raises(DataError, match="more than one column is named `quantity`"):
        imported(work, tmp_path / "quantity.parquet")


def test_bytes_without_a_mark_are_ids_and_numbers(tmp_path: Path) -> None:
    row = {"customer_id": b"c1", "product_id": b"p", "purchased_at": b"2020-05-01", "quantity": b"12"}
    pq.write_table(pa.table({name: [value] for name, value in row.items()}), tmp_path / "f.parquet")
    assert imported(importer(tmp_path / "workspace"), tmp_path / "f.parquet").accepted == 1
