"""Files that DynamoDB loads by itself: written by the command, loaded by the emulator's ImportTable."""

from __future__ import annotations

import gzip
import json
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import boto3
import orjson
import pytest

from omnix_cli.cli import main
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.aws.accounts import new_stage, store_maker, transport_to

ITEMS = [
    {"id": f"p{number:04d}", "category": "dairy", "price": Decimal(number) / 100, "tags": ["a", "b"]}
    for number in range(700)
]


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose embedded store holds the items."""
    monkeypatch.chdir(tmp_path)
    with closing(SqliteStore(tmp_path / ".omnix" / "store.sqlite")) as store:
        store.create_tables()
        store.put_many("products", ITEMS)
    return tmp_path


def test_files_hold_every_item_and_are_the_same_again(filled: Path) -> None:
    assert main(["tables", "bulk", "products", "--files", "load"]) == 0
    (file,) = (filled / "load" / "data").iterdir()
    items = [orjson.loads(line)["Item"] for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert sorted(item["id"]["S"] for item in items) == [item["id"] for item in ITEMS]
    assert next(item for item in items if item["id"]["S"] == "p0250") == {
        "id": {"S": "p0250"},
        "category": {"S": "dairy"},
        "price": {"N": "2.5"},
        "tags": {"L": [{"S": "a"}, {"S": "b"}]},
    }
    before = file.read_bytes()
    assert main(["tables", "bulk", "products", "--files", "load"]) == 0
    assert file.read_bytes() == before


def test_dynamodb_imports_them_from_s3(
    filled: Path,
    ministack: str,
    aws_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    stage, bucket = new_stage(), f"bulk-{new_stage()}"
    boto3.client("s3", endpoint_url=ministack).create_bucket(Bucket=bucket)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", ministack)
    to = ["--to", "kind=dynamodb", "--to", f"stage={stage}", "--to", f"endpoint_url={ministack}"]
    assert main(["tables", "bulk", "products", "--files", f"s3://{bucket}/load", *to]) == 0
    requests = json.loads(capfd.readouterr().out)
    assert requests["StartBulkPutItems"]["InputS3Configuration"]["S3KeyPrefix"] == "load/data/"
    with closing(transport_to(ministack)) as transport:
        arn = transport("ImportTable", requests["ImportTable"])["ImportTableDescription"]["ImportArn"]
        while (
            transport("DescribeImport", {"ImportArn": arn})["ImportTableDescription"]["ImportStatus"] == "IN_PROGRESS"
        ):
            time.sleep(0.05)
    with closing(store_maker(ministack, stage=stage)()) as store:
        assert sorted(store.scan("products"), key=lambda item: item["id"]) == ITEMS


def test_where_there_is_no_bulk_load_it_says_so(
    filled: Path,
    ministack: str,
    aws_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    bucket = f"bulk-{new_stage()}"
    boto3.client("s3", endpoint_url=ministack).create_bucket(Bucket=bucket)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", ministack)
    to = ["--to", "kind=dynamodb", "--to", f"endpoint_url={ministack}"]
    assert main(["tables", "bulk", "products", "--files", f"s3://{bucket}/load", *to, "--start"]) == 2
    assert "StartBulkPutItems" in capfd.readouterr().err


def test_a_start_needs_s3(filled: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "bulk", "products", "--files", "load", "--start"]) == 2
    assert "S3 only" in capfd.readouterr().err


def test_files_of_an_earlier_load_are_not_loaded_with_it(filled: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "bulk", "products", "--files", "load"]) == 0
    (filled / "load" / "data" / "00001.json.gz").write_bytes(b"of an earlier, larger load")
    capfd.readouterr()
    assert main(["tables", "bulk", "products", "--files", "load"]) == 2
    told = capfd.readouterr()
    assert "load/data, too: 00001.json.gz" in told.err
    assert told.out == ""


def test_an_item_that_dynamodb_takes_not_is_named(filled: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with closing(SqliteStore(filled / ".omnix" / "store.sqlite")) as store:
        store.put_many("products", [{"id": "long", "price": Decimal("1." + "1" * 50)}])
    assert main(["tables", "bulk", "products", "--files", "load"]) == 3
    assert "products 'long': 1.1" in capfd.readouterr().err
