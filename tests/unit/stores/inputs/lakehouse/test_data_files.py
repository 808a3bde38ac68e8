from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omnix_cli.errors import DataError
from omnix_cli.stores.inputs.sources import FileSources
from tests.unit.stores.inputs.finding import customers, found
from tests.unit.stores.inputs.lakehouse import delta_logs as logs

ROWS = pa.table({"customer_id": list("abcdef"), "quantity": list(range(6))})
VECTORS = {
    "minReaderVersion": 3,
    "minWriterVersion": 7,
    "readerFeatures": ["deletionVectors"],
    "writerFeatures": ["deletionVectors"],
}
MAPPED = {"minReaderVersion": 2, "minWriterVersion": 5}


def rows(path: Path) -> pl.DataFrame:
    (frame,) = found(FileSources(), path).values()
    return frame


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """A table in which rows may be marked as deleted."""
    fields = [logs.field("customer_id"), logs.field("quantity", "long")]
    return logs.table(tmp_path / "sales", fields, protocol=VECTORS)


def mapped(path: Path, *fields: dict[str, Any], mode: str = "name", partitions: tuple[str, ...] = ()) -> Path:
    configuration = {"delta.columnMapping.mode": mode, "delta.columnMapping.maxColumnId": "9"}
    return logs.table(path, fields, protocol=MAPPED, configuration=configuration, partitions=partitions)


def test_rows_that_a_deletion_vector_marks_are_not_read(vectors: Path) -> None:
    inline, stored = logs.inline_vector([1, 3]), logs.stored_vector(vectors, [0, 5])
    whole = logs.added(vectors, "z.parquet", ROWS.slice(0, 1))
    marked = logs.added(vectors, "x.parquet", ROWS, **inline), logs.added(vectors, "y.parquet", ROWS, **stored)
    logs.commit(vectors, 1, logs.info(1), *marked, whole)
    assert customers(FileSources(), vectors) == sorted("acef" + "bcde" + "a")


def test_a_deletion_vector_of_a_file_whose_path_is_encoded(vectors: Path) -> None:
    name = "a b=x%2Fü 1/x y.parquet"
    logs.commit(vectors, 1, logs.info(1), logs.added(vectors, name, ROWS, **logs.inline_vector([0])))
    assert customers(FileSources(), vectors) == list("bcdef")


def test_a_later_deletion_counts_for_its_version_only(vectors: Path) -> None:
    first = logs.added(vectors, "x.parquet", ROWS)
    logs.commit(vectors, 1, logs.info(1), first)
    marked = logs.added(vectors, "x.parquet", ROWS, **logs.inline_vector([0, 1, 2]))
    logs.commit(vectors, 2, logs.info(2), logs.removed("x.parquet"), marked)
    assert customers(FileSources(), vectors) == list("def")
    assert customers(FileSources(), vectors, at="1") == list("abcdef")
    assert customers(FileSources(), vectors, at="2024-03-02T12:00:00Z") == list("abcdef")


def test_a_deletion_vector_that_is_gone_is_an_error(vectors: Path) -> None:
    stored = logs.stored_vector(vectors, [0])
    logs.commit(vectors, 1, logs.info(1), logs.added(vectors, "x.parquet", ROWS, **stored))
    next(vectors.glob("*.bin")).unlink()
    with pytest.raises(DataError, match="Delta table cannot be read"):
        customers(FileSources(), vectors)


@pytest.mark.parametrize("stated", [5, 7])
def test_files_with_other_rows_than_the_log_says_are_an_error(vectors: Path, stated: int) -> None:
    action = logs.added(vectors, "x.parquet", ROWS)
    action["add"]["stats"] = f'{{"numRecords": {stated}}}'
    logs.commit(vectors, 1, logs.info(1), action)
    with pytest.raises(DataError, match=f"6 rows were read, by the table it has {stated}"):
        customers(FileSources(), vectors)


def test_a_log_without_statistics_is_believed(vectors: Path) -> None:
    action = logs.added(vectors, "x.parquet", ROWS)
    del action["add"]["stats"]
    logs.commit(vectors, 1, logs.info(1), action)
    assert customers(FileSources(), vectors) == list("abcdef")


def test_a_log_with_a_gap_is_an_error(vectors: Path) -> None:
    for version in (1, 2):
        logs.commit(vectors, version, logs.info(version), logs.added(vectors, f"{version}.parquet", ROWS))
    (vectors / "_delta_log" / f"{1:020}.json").unlink()
    with pytest.raises(DataError, match="Delta table cannot be read"):
        customers(FileSources(), vectors)


@pytest.mark.parametrize("mode", ["name", "id"])
def test_renamed_columns_are_found_and_dropped_ones_do_not_come_back(tmp_path: Path, mode: str) -> None:
    path = mapped(
        tmp_path / "sales",
        logs.field("client", physical="col-1", number=1),
        logs.field("price", "double", physical="col-4", number=4),  # `price` was another column, col-2, before
        mode=mode,
    )
    stored = pa.schema(
        [
            pa.field("col-2", pa.float64(), metadata={"PARQUET:field_id": "2"}),
            pa.field("col-1", pa.string(), metadata={"PARQUET:field_id": "1"}),
        ]
    )
    old = pa.table([[9.0, 9.5], ["a", "b"]], schema=stored)
    logs.commit(path, 1, logs.info(1), logs.added(path, "x.parquet", old))
    assert rows(path).to_dict(as_series=False) == {"client": ["a", "b"], "price": [None, None]}


def test_partition_values_come_from_the_log_with_their_zeros(tmp_path: Path) -> None:
    path = mapped(
        tmp_path / "sales",
        logs.field("customer_id", physical="col-1", number=1),
        logs.field("store", physical="col-2", number=2),
        partitions=("store",),
    )
    one = pa.table({"col-1": ["a"]})
    values: list[str | None] = ["007", "10D", "1/2", "true", None, ""]
    actions = [
        logs.added(path, f"Ab/{number}.parquet", one, values={"col-2": value}) for number, value in enumerate(values)
    ]
    logs.commit(path, 1, logs.info(1), *actions)
    assert rows(path)["store"].to_list() == ["007", "10D", "1/2", "true", None, None]


def test_nested_columns_and_lists_of_a_renamed_table(tmp_path: Path) -> None:
    inner, entry = (
        {"type": "struct", "fields": [logs.field("city", physical="col-5", number=number)]} for number in (5, 6)
    )
    items = {"type": "array", "elementType": entry, "containsNull": True}
    path = mapped(
        tmp_path / "sales",
        logs.field("shop", physical="col-1", number=1) | {"type": inner},
        logs.field("items", physical="col-2", number=2) | {"type": items},
    )
    stored = pa.table(
        {"col-1": [{"col-5": "Rome"}, None, {"col-5": "Oslo"}], "col-2": [[{"col-5": "x"}, {"col-5": "y"}], [], None]}
    )
    logs.commit(path, 1, logs.info(1), logs.added(path, "x.parquet", stored))
    (frame,) = found(FileSources(), path, items="items").values()
    assert frame["shop.city"].to_list() == ["Rome", "Rome", None, "Oslo"]
    assert frame["items.city"].to_list() == ["x", "y", None, None]


def test_types_are_those_of_the_table(tmp_path: Path) -> None:
    fields = [
        logs.field("customer_id", "long"),
        logs.field("purchased_at", "timestamp"),
        logs.field("order_id", "decimal(20,0)"),
    ]
    path = logs.table(tmp_path / "sales", fields)
    when = pa.array([1_704_843_000_000_000, 253_402_214_400_000_000], pa.timestamp("us"))  # 9999-12-31
    stored = pa.table(
        {
            "customer_id": pa.array([1, 2], pa.int32()),
            "purchased_at": when,
            "order_id": pa.array([Decimal("12345678901234567890"), Decimal("12345678901234567891")]),
        }
    )
    action = logs.added(path, "x.parquet", stored)
    pq.write_table(stored, path / "x.parquet", use_deprecated_int96_timestamps=True)  # as Spark writes them
    logs.commit(path, 1, logs.info(1), action)
    frame = rows(path)
    assert frame["customer_id"].dtype == pl.Int64
    assert [str(one) for one in frame["purchased_at"]] == ["2024-01-09 23:30:00+00:00", "9999-12-31 00:00:00+00:00"]
    assert [str(one) for one in frame["order_id"]] == ["12345678901234567890", "12345678901234567891"]


def test_a_table_with_an_unknown_feature_is_refused_by_name(tmp_path: Path) -> None:
    protocol = {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["variantType"],
        "writerFeatures": ["variantType"],
    }
    path = logs.table(tmp_path / "sales", [logs.field("customer_id")], protocol=protocol)
    with pytest.raises(DataError, match="needs variantType"):
        customers(FileSources(), path)
