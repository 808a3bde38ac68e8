from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.types import StringType

from omnix_cli.errors import DataError
from omnix_cli.settings import S3Settings
from omnix_cli.stores.inputs.input_files import S3Files
from omnix_cli.stores.inputs.sources import FileSources
from tests.aws.buckets import TestBucket
from tests.unit.stores.inputs.finding import customers, found
from tests.unit.stores.inputs.lakehouse import iceberg_deletes as deletes

pytestmark = pytest.mark.filterwarnings("default")


def rows(*names: str) -> Any:
    return pl.DataFrame({"customer_id": names}).to_arrow().cast(_schema())


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema([("customer_id", pa.string())])


@pytest.fixture
def catalog(tmp_path: Path) -> SqlCatalog:
    catalog = SqlCatalog("tests", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}/lake")
    catalog.create_namespace("shop")
    return catalog


@pytest.fixture
def table(catalog: SqlCatalog) -> Any:
    """Its snapshots have a and b; also c; no a."""
    table = catalog.create_table("shop.sales", schema=_schema())
    table.append(rows("a", "b"))
    table.append(rows("c"))
    table.delete("customer_id == 'a'")
    return table


@pytest.fixture
def path(table: Any) -> Path:
    return Path(table.location().removeprefix("file://"))


def test_rows_that_were_deleted_do_not_come_back(path: Path) -> None:
    (inputs,) = found(FileSources(), path)
    assert inputs == str(path)
    assert customers(FileSources(), path) == customers(FileSources(), path.parent) == ["b", "c"]


def test_a_snapshot_by_id_or_time(path: Path, table: Any) -> None:
    history = table.history()
    assert customers(FileSources(), path, at=str(history[1].snapshot_id)) == ["a", "b", "c"]
    first = datetime.fromtimestamp(history[0].timestamp_ms / 1000, UTC)
    assert customers(FileSources(), path, at=first.isoformat()) == ["a", "b"]
    with pytest.raises(DataError, match="no version of"):
        customers(FileSources(), path, at=(first - timedelta(seconds=1)).isoformat())
    with pytest.raises(DataError, match="no snapshot 17"):
        customers(FileSources(), path, at="17")


def test_its_files_are_refused(path: Path) -> None:
    for pattern in ("data/*.parquet", "data", "**/*.parquet"):
        with pytest.raises(DataError, match="part of the Iceberg table"):
            FileSources().find([str(path / pattern)])


def test_a_metadata_file_is_the_table_of_its_time(path: Path) -> None:
    second = next((path / "metadata").glob("00002-*.metadata.json"))
    assert customers(FileSources(), second) == ["a", "b", "c"]


def test_two_newest_metadata_files_are_refused(path: Path) -> None:
    newest = next((path / "metadata").glob("00003-*.metadata.json"))
    shutil.copy(newest, newest.with_name("00003-other.metadata.json"))
    with pytest.raises(DataError, match="2 metadata files may be the newest"):
        FileSources().find([str(path)])


def test_a_table_without_a_snapshot_has_no_rows(catalog: SqlCatalog) -> None:
    table = catalog.create_table("shop.empty", schema=_schema())
    assert customers(FileSources(), table.location().removeprefix("file://")) == []


def test_a_table_whose_files_are_gone_is_an_error(path: Path) -> None:
    shutil.rmtree(path / "data")
    with pytest.raises(DataError, match="Iceberg table cannot be read"):
        customers(FileSources(), path)


def test_a_table_on_s3(tmp_path: Path, bucket: TestBucket) -> None:
    access = {"s3.endpoint": bucket.url, "s3.region": "us-east-1"}
    catalog = SqlCatalog("s3", uri=f"sqlite:///{tmp_path}/s3.db", warehouse=f"{bucket.address}/lake", **access)
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.sales", schema=_schema())
    table.append(rows("a", "b"))
    table.delete("customer_id == 'a'")
    sources = FileSources(s3=S3Files(S3Settings(endpoint_url=bucket.url)))
    assert customers(sources, table.location()) == customers(sources, f"{bucket.address}/lake") == ["b"]
    with pytest.raises(DataError, match="part of the Iceberg table"):
        sources.find([f"{table.location()}/data/"])


def test_rows_deleted_by_position_are_not_read(path: Path, table: Any) -> None:
    table.append(rows("x", "y", "z"))
    deletes.delete_positions(table, [0, 2])
    assert customers(FileSources(), path) == ["b", "c", "y"]
    assert customers(FileSources(), path, at=str(table.current_snapshot().snapshot_id)) == ["b", "c", "x", "y", "z"]


def test_rows_deleted_by_value_are_refused(path: Path, table: Any) -> None:
    deletes.delete_equal(table, "b")
    with pytest.raises(DataError, match="equality deletes"):
        customers(FileSources(), path)


def test_rows_are_counted_against_the_snapshot(path: Path) -> None:
    (newest,) = (path / "metadata").glob("00003-*.metadata.json")
    newest.write_text(newest.read_text().replace('"total-records":"2"', '"total-records":"9"'))
    with pytest.raises(DataError, match="the data files have 2 rows, the snapshot says 9"):
        customers(FileSources(), path)


def test_renamed_and_dropped_columns(path: Path, table: Any) -> None:
    with table.update_schema() as change:
        change.rename_column("customer_id", "client")
    with table.update_schema() as change:
        change.add_column("customer_id", StringType())
    (frame,) = found(FileSources(), path).values()
    assert sorted(frame["client"]) == ["b", "c"]
    assert frame["customer_id"].null_count() == 2


def test_a_name_used_again_over_files_without_numbers_is_refused(catalog: SqlCatalog, tmp_path: Path) -> None:
    table = catalog.create_table("shop.taken", schema=_schema())
    rows_of_others = tmp_path / "others.parquet"
    pl.DataFrame({"customer_id": ["old"]}).write_parquet(rows_of_others)
    table.add_files([f"file://{rows_of_others}"])
    place = table.location().removeprefix("file://")
    assert customers(FileSources(), place) == ["old"]
    with table.update_schema(allow_incompatible_changes=True) as change:
        change.add_column("other", StringType())
        change.delete_column("customer_id")
    with table.update_schema() as change:
        change.add_column("customer_id", StringType())
    with pytest.raises(DataError, match="`customer_id` names two columns"):
        customers(FileSources(), place)
