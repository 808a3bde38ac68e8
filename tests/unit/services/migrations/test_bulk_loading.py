"""Files for DynamoDB's bulk load, and what is asked of DynamoDB."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import pytest

from omnix_cli.errors import ConfigError, DataError
from omnix_cli.services.migrations.bulk_loading import BulkTarget, bulk
from omnix_cli.services.migrations.sides import Source
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.writing.limits import UNLIMITED, WritePacing
from omnix_cli.stores.workspace.folders import DiskFolder
from tests.unit.services.migrations.memory_items import MemoryItems, keyed

ITEMS = MemoryItems(keyed({"a": {"price": 1}, "b": {}}))


def no_connection() -> NoReturn:
    raise AssertionError("DynamoDB is not asked")


def target(folder: Path, *, address: str | None = None, pacing: WritePacing = UNLIMITED) -> BulkTarget:
    return BulkTarget(StoreSettings(stage="prod"), pacing, no_connection, address or str(folder), DiskFolder(folder))


def test_files_on_a_disk_come_with_requests_to_fill_in(tmp_path: Path) -> None:
    report = bulk("products", Source(ITEMS), target(tmp_path))
    assert report.files.items == 2
    load = report.requests["StartBulkPutItems"]
    assert load["TableName"] == "omnix-ai-products-prod"
    assert load["InputS3Configuration"]["S3Bucket"] == "BUCKET"
    assert "MaxWriteRequestUnits" not in load
    assert report.requests["ImportTable"]["ClientToken"] == load["ClientToken"]


@pytest.mark.parametrize(
    ("address", "bucket", "prefix"),
    [("s3://shop", "shop", "data/"), ("s3://shop/load", "shop", "load/data/"), ("s3://shop/a/b/", "shop", "a/b/data/")],
)
def test_files_in_a_bucket_are_named_in_the_requests(tmp_path: Path, address: str, bucket: str, prefix: str) -> None:
    report = bulk("products", Source(ITEMS), target(tmp_path, address=address, pacing=WritePacing(5_000)))
    load = report.requests["StartBulkPutItems"]
    assert (load["InputS3Configuration"]["S3Bucket"], load["InputS3Configuration"]["S3KeyPrefix"]) == (bucket, prefix)
    assert load["MaxWriteRequestUnits"] == 5_000


def test_other_files_in_the_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"too: mine\.txt"):
        bulk("products", Source(ITEMS), target(tmp_path))


def test_only_files_on_s3_can_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="S3 only"):
        bulk("products", Source(ITEMS), target(tmp_path), start=True)
    assert list(tmp_path.iterdir()) == []


def test_an_item_that_dynamodb_cannot_store_is_named(tmp_path: Path) -> None:
    items = MemoryItems(keyed({"long": {"price": Decimal("1." + "1" * 50)}}))
    with pytest.raises(DataError, match="products 'long'"):
        bulk("products", Source(items), target(tmp_path))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OTHERS = {
    "other items": ("products", MemoryItems(keyed({"a": {"price": 2}, "b": {}}))),
    "fewer items": ("products", MemoryItems(keyed({"a": {"price": 1}}))),
    "no items": ("products", MemoryItems({})),
    "another table": ("customer-profiles", MemoryItems({"c": {"customerId": "c"}})),
}


@pytest.mark.parametrize("other", OTHERS)
def test_files_of_another_load_stay_as_they_are(tmp_path: Path, other: str) -> None:
    report = bulk("products", Source(ITEMS), target(tmp_path))
    before = contents(tmp_path)
    table, items = OTHERS[other]
    with pytest.raises(ConfigError, match=r"another load|other files") as caught:
        bulk(table, Source(items), target(tmp_path))
    assert "another folder" in str(caught.value.hint)
    assert contents(tmp_path) == before
    assert bulk("products", Source(ITEMS), target(tmp_path)) == report, "the same load may be repeated"


def test_files_in_folders_below_would_be_loaded_too(tmp_path: Path) -> None:
    bulk("products", Source(ITEMS), target(tmp_path / "data"))
    with pytest.raises(ConfigError, match=r"too: data/00000\.json\.gz"):
        bulk("products", Source(ITEMS), target(tmp_path))


def test_a_load_keeps_to_the_limit_or_says_that_it_cannot(tmp_path: Path) -> None:
    slow = WritePacing(500)
    report = bulk("products", Source(ITEMS), target(tmp_path, pacing=slow))
    assert report.warning == "at most 500 write units a second (as set), but DynamoDB's bulk load uses 1,024 or more"
    with pytest.raises(ConfigError, match="at most 500"):
        bulk("products", Source(ITEMS), target(tmp_path, address="s3://shop", pacing=slow), start=True)
