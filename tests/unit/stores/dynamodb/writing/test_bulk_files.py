"""Files that DynamoDB loads by itself from S3."""

from __future__ import annotations

import gzip
from decimal import Decimal
from typing import Any

import orjson
import pytest

from omnix_cli.settings import TableSettings
from omnix_cli.stores.dynamodb.writing.bulk_files import (
    LEAST_UNITS,
    bulk_put_request,
    import_request,
    write_bulk_files,
)
from omnix_cli.stores.tables.specs import TABLES

PRODUCTS = TABLES["products"]
ITEMS = [{"id": f"p{number:04d}", "price": Decimal(number) / 100} for number in range(700)]


def keys_in(content: bytes) -> list[str]:
    return [orjson.loads(line)["Item"]["id"]["S"] for line in gzip.decompress(content).splitlines()]


def test_files_hold_every_item_once_in_mixed_order() -> None:
    files: dict[str, bytes] = {}
    written = write_bulk_files(PRODUCTS, ITEMS, files.__setitem__, file_items=300)
    assert written.names == tuple(files) == ("00000.json.gz", "00001.json.gz", "00002.json.gz")
    assert (written.items, written.bytes) == (700, sum(map(len, files.values())))
    keys = [key for content in files.values() for key in keys_in(content)]
    assert sorted(keys) == [item["id"] for item in ITEMS]
    assert keys != sorted(keys)
    again: dict[str, bytes] = {}
    assert write_bulk_files(PRODUCTS, ITEMS, again.__setitem__, file_items=300) == written
    assert again == files


def test_another_content_is_another_load() -> None:
    tokens = {write_bulk_files(PRODUCTS, ITEMS[:size], lambda *_: None).token for size in (1, 2)}
    assert len(tokens) == 2


@pytest.mark.parametrize("price", [0.5, Decimal("1." + "1" * 50)])
def test_an_item_that_dynamodb_would_reject_is_named(price: Any) -> None:
    with pytest.raises(ValueError, match="products 'milk'"):
        write_bulk_files(PRODUCTS, [{"id": "milk", "price": price}], lambda *_: None)


def test_requests_name_the_table_and_its_files() -> None:
    load = bulk_put_request("omnix-ai-products-dev", "bucket", "load/", token="t", max_write_units=10)
    assert load["InputS3Configuration"]["S3KeyPrefix"] == "load/data/"
    assert load["MaxWriteRequestUnits"] == LEAST_UNITS
    unlimited = bulk_put_request("omnix-ai-products-dev", "bucket", "load/", token="t", max_write_units=None)
    assert "MaxWriteRequestUnits" not in unlimited
    create = import_request(PRODUCTS, "omnix-ai-products-dev", "bucket", "load/", TableSettings(), token="t")
    assert create["TableCreationParameters"]["TableName"] == "omnix-ai-products-dev"
    assert "DeletionProtectionEnabled" not in create["TableCreationParameters"]
