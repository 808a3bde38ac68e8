from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.settings import S3Settings
from omnix_cli.stores.inputs.input_files import S3Files
from omnix_cli.stores.inputs.sources import FileSources
from tests.aws.buckets import TestBucket
from tests.unit.stores.inputs.finding import customers, found


def rows(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"customer_id": names, "price": [Decimal("4999.95")] * len(names)})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Version 0 has a and b, 1 also c, 2 no a, 3 only z."""
    path = tmp_path / "sales"
    rows("a", "b").write_delta(path)
    rows("c").write_delta(path, mode="append")
    DeltaTable(path).delete("customer_id = 'a'")
    rows("z").write_delta(path, mode="overwrite")
    return path


def test_rows_that_were_deleted_or_replaced_do_not_come_back(table: Path) -> None:
    shutil.copy(next(table.glob("*.parquet")), table / "part-leftover.parquet")
    assert customers(FileSources(), table) == customers(FileSources(), f"{table}/") == ["z"]
    assert customers(FileSources(), table.parent) == ["z"]


@pytest.mark.parametrize(("at", "expected"), [("0", "ab"), ("1", "abc"), ("2", "bc"), ("3", "z")])
def test_a_version_by_its_number(table: Path, at: str, expected: str) -> None:
    assert customers(FileSources(), table, at=at) == list(expected)


def test_a_version_by_time_also_in_a_copy(table: Path, tmp_path: Path) -> None:
    history = sorted(DeltaTable(table).history(), key=lambda one: one["version"])
    times = [datetime.fromtimestamp(one["timestamp"] / 1000, UTC) for one in history]
    copy = shutil.copytree(table, tmp_path / "copy", copy_function=shutil.copyfile)
    assert customers(FileSources(), copy, at=times[1].isoformat()) == ["a", "b", "c"]
    assert customers(FileSources(), copy, at="2999-01-01") == ["z"]
    with pytest.raises(DataError, match="no version of"):
        customers(FileSources(), copy, at=(times[0] - timedelta(seconds=1)).isoformat())


def test_a_version_that_is_not_there(table: Path) -> None:
    with pytest.raises(DataError, match="no version 4") as error:
        customers(FileSources(), table, at="4")
    assert "newest one is 3" in str(error.value.hint)
    with pytest.raises(ConfigError, match="not a version and not a time"):
        customers(FileSources(), table, at="yesterday")


def test_the_version_is_told_and_makes_the_fingerprint(table: Path) -> None:
    def fingerprint(at: str | None) -> str | None:
        sources = FileSources()
        (name,) = sources.find([str(table)], ColumnMapping(kind="purchases", at=at))
        return sources.fingerprint(name)

    assert fingerprint(None) == fingerprint("3") != fingerprint("2")
    sources = FileSources()
    (name,) = sources.find([str(table)])
    with sources.open(name, ColumnMapping(kind="purchases")) as source:
        list(source.chunks())
        assert source.findings == {"format": "Delta", "table version": "3"}


@pytest.mark.parametrize("pattern", ["*.parquet", "**/*.parquet", "{first}", "_delta_log/*.json"])
def test_its_files_are_refused(table: Path, pattern: str) -> None:
    first = next(table.glob("*.parquet")).name
    with pytest.raises(DataError, match="part of the Delta table"):
        FileSources().find([str(table / pattern.format(first=first))])


def test_a_partition_of_it_is_refused_and_partitions_are_columns(tmp_path: Path) -> None:
    path = tmp_path / "sales"
    rows("a", "b").with_columns(store=pl.Series(["007", "7"])).write_delta(
        path, delta_write_options={"partition_by": ["store"]}
    )
    (frame,) = found(FileSources(), path).values()
    assert sorted(frame["store"]) == ["007", "7"]
    with pytest.raises(DataError, match="part of the Delta table"):
        FileSources().find([str(path / "store=007")])


def test_decimals_and_an_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "sales"
    wide = pl.Series([Decimal("12345678901234567890"), Decimal("12345678901234567891")], dtype=pl.Decimal(20, 0))
    pl.DataFrame({"customer_id": ["a", "b"], "order_id": wide}).write_delta(path)
    (frame,) = found(FileSources(), path).values()
    assert [str(value) for value in frame["order_id"]] == ["12345678901234567890", "12345678901234567891"]
    DeltaTable(path).delete()
    assert customers(FileSources(), path) == []


def test_other_files_beside_a_table_are_read(table: Path) -> None:
    (table.parent / "x.csv").write_text("customer_id\nq\n")
    assert customers(FileSources(), table.parent) == ["q", "z"]


def test_a_table_that_omnix_cannot_read_is_an_error(table: Path) -> None:
    for log in (table / "_delta_log").glob("*.json"):
        log.write_text("{}")
    with pytest.raises(DataError, match="Delta table cannot be read"):
        customers(FileSources(), table)


def test_only_tables_have_versions(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("customer_id\nq\n")
    with pytest.raises(ConfigError, match="only tables have versions"):
        customers(FileSources(), tmp_path, at="1")


def test_a_hudi_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t" / ".hoodie").mkdir(parents=True)
    (tmp_path / "t" / ".hoodie" / "hoodie.properties").touch()
    rows("a").write_parquet(tmp_path / "t" / "x.parquet")
    with pytest.raises(DataError, match="Hudi"):
        FileSources().find([str(tmp_path / "t")])
    with pytest.raises(DataError, match="part of the Hudi table"):
        FileSources().find([str(tmp_path / "t" / "*.parquet")])


def test_a_table_on_s3(table: Path, bucket: TestBucket) -> None:
    for file in table.rglob("*"):
        if file.is_file():
            bucket.write(f"lake/sales/{file.relative_to(table)}", file.read_bytes())
    sources = FileSources(s3=S3Files(S3Settings(endpoint_url=bucket.url)))
    assert customers(sources, f"{bucket.address}/lake/sales") == ["z"]
    assert customers(sources, f"{bucket.address}/lake/", at="2") == ["b", "c"]
    with pytest.raises(DataError, match="part of the Delta table"):
        sources.find([f"{bucket.address}/lake/sales/*.parquet"])
