"""Every type of a Parquet column, used by the mapping or not."""

from __future__ import annotations

import io
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.parquet.columns import columns
from tests.unit.stores.inputs.contents import Rows, read

SENTINEL = datetime(9999, 12, 31)
NIGHT = datetime(2024, 1, 9, 23, 30)


def written(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def column(array: pa.Array, **options: Any) -> pl.Series:
    """A column named `a` that is written and read."""
    rows, _, _ = read(written(pa.table({"a": array}), **options))
    return rows["a"]


def used(array: pa.Array) -> Rows:
    """Reads the column `a` as the customer."""
    rows, _, _ = read(written(pa.table({"a": array})), columns={"customer_id": "a"})
    return rows.select("a").rows()


@pytest.mark.parametrize(
    "dtype", [pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(2), pa.string_view(), pa.large_string()]
)
def test_bytes_that_are_utf8_are_text(dtype: pa.DataType) -> None:
    values = ["c1", None, "12"] if "string" in str(dtype) else [b"c1", None, b"12"]
    assert used(pa.array(values, dtype)) == [("c1",), (None,), ("12",)]


def test_bytes_that_are_not_utf8_are_refused_only_if_the_mapping_uses_them() -> None:
    array = pa.array([b"c1", b"\xff"])
    assert column(array).to_list() == ["6331", "ff"]
    with pytest.raises(DataError, match="column `a` has bytes that are not UTF-8"):
        used(array)


def test_a_text_column_that_is_not_utf8_is_refused() -> None:
    broken = pa.StringArray.from_buffers(1, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff"))
    with pytest.raises(DataError, match="column `a` has bytes that are not UTF-8"):
        used(broken)


def test_uuids_json_and_dictionaries_are_text() -> None:
    one = uuid.UUID("12345678-1234-5678-1234-567812345678")
    assert used(pa.array([one.bytes, None], pa.uuid())) == [(str(one),), (None,)]
    assert used(pa.array(['{"a":1}'], pa.json_())) == [('{"a":1}',)]
    assert used(pa.array(["x", "y", "x", None]).dictionary_encode()) == [("x",), ("y",), ("x",), (None,)]


def test_ids_stay_floats_so_that_their_digits_can_be_judged() -> None:
    assert column(pa.array([17850.0, 2.0**53])).dtype == pl.Float64
    assert column(pa.array([1.5], pa.float16())).to_list() == [1.5]
    assert column(pa.array([2**64 - 1], pa.uint64())).to_list() == [2**64 - 1]


def test_timestamps_of_96_bits_are_instants_in_utc() -> None:
    array = pa.array([NIGHT, SENTINEL, datetime(1800, 1, 1), None], pa.timestamp("us"))
    values = column(array, use_deprecated_int96_timestamps=True)
    assert values.dtype == pl.Datetime("us", "UTC")
    assert values.dt.replace_time_zone(None).to_list() == array.to_pylist()


def test_timestamps_of_96_bits_inside_structs_and_items_are_instants_too() -> None:
    table = pa.table({"who": [{"at": NIGHT}], "items": [[{"at": NIGHT}]]})
    rows, _, _ = read(written(table, use_deprecated_int96_timestamps=True), items="items")
    assert rows.select("who.at", "items.at").dtypes == [pl.Datetime("us", "UTC")] * 2


def test_times_with_and_without_a_zone_are_kept_apart() -> None:
    assert column(pa.array([NIGHT], pa.timestamp("ms"))).dtype == pl.Datetime("us")
    assert column(pa.array([NIGHT], pa.timestamp("ns", "UTC"))).dtype == pl.Datetime("us", "UTC")


@pytest.mark.parametrize("zone", ["+05:30", "-03:00", "Asia/Kolkata", "Mars/Olympus"])
def test_the_name_of_a_zone_does_not_matter(zone: str) -> None:
    plain = pa.array([NIGHT], pa.timestamp("us", "UTC"))
    assert column(plain.cast(pa.timestamp("us", zone))).to_list() == [NIGHT.replace(tzinfo=UTC)]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("year", [1, 1800, 2500, 9999])
def test_far_years_are_what_the_file_says(unit: str, year: int) -> None:
    assert column(pa.array([datetime(year, 6, 1), NIGHT], pa.timestamp(unit))).to_list() == [
        datetime(year, 6, 1),
        NIGHT,
    ]


@pytest.mark.parametrize("unit", ["ms", "us"])
def test_times_that_no_calendar_has_are_at_its_end(unit: str) -> None:
    array = pa.array([2**63 - 1, -(2**63) + 1, None], pa.int64()).cast(pa.timestamp(unit))
    latest, earliest, missing = column(array).to_list()
    assert (latest.date(), earliest, missing) == (date(9999, 12, 31), datetime(1, 1, 1), None)


def test_dates_that_no_calendar_has_are_at_its_end() -> None:
    array = pa.array([2**31 - 1, -(2**31), 19_723], pa.int32()).cast(pa.date32())
    assert column(array).to_list() == [date(9999, 12, 31), date(1, 1, 1), date(2024, 1, 1)]


def test_wide_decimals_keep_their_digits() -> None:
    digits = Decimal("12345678901234567890123456789012345678901234.56")
    assert used(pa.array([digits, None], pa.decimal256(60, 2))) == [(str(digits),), (None,)]
    assert used(pa.array([Decimal("3.50")], pa.decimal32(5, 2))) == [(Decimal("3.50"),)]


STRANGE = {
    "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    "duration": pa.array([timedelta(days=1), None], pa.duration("us")),
    "structs": pa.array([[{"x": 1}], []]),
    "lists": pa.array([[[1], [2]], None]),
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_column_of_a_strange_type_is_refused_only_if_the_mapping_uses_it(name: str) -> None:
    assert column(STRANGE[name]).dtype == pl.String
    with pytest.raises(DataError, match="column `a` has values of type"):
        used(STRANGE[name])


def test_nulls_times_and_lists_are_read() -> None:
    assert column(pa.nulls(2)).to_list() == [None, None]
    assert column(pa.array([time(10, 30)])).to_list() == ["10:30:00.000000"]
    assert column(pa.array([["x", None], [], None])).to_list() == [["x", None], [], None]
    assert column(pa.array([[b"x"], [b"y", b"z"]])).to_list() == [["x"], ["y", "z"]]
    assert column(pa.array([[NIGHT]], pa.list_(pa.timestamp("us")))).to_list() == [["2024-01-09 23:30:00.000000"]]
    assert column(pa.array([[1, 2], None], pa.list_(pa.int64(), 2))).to_list() == [[1, 2], None]
    assert column(pa.array([[], None], pa.list_(pa.null()))).to_list() == [[], None]


def test_list_views_and_missing_structs() -> None:
    (views,) = columns("a", pa.array([["x"], None], pa.list_view(pa.string())))
    assert views.values.to_pylist() == [["x"], None]
    (part,) = columns("who", pa.array([{"age": 3}, None]))
    assert (part.name, part.values.to_pylist()) == ("who.age", [3, None])
