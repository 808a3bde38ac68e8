"""What several tests share: small purchase histories written as tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest

from omnix_cli.schemas import FRAMES
from omnix_cli.settings import S3Settings
from omnix_cli.stores.s3.prefix import Prefix, connect
from tests.aws.accounts import use_nobodys_account
from tests.aws.bedrock import BedrockDouble
from tests.aws.buckets import TestBucket, moto_server
from tests.aws.emulators import run_dynalite, run_ministack

NOW = datetime(2018, 1, 15, 3, 0, tzinfo=UTC)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their place: a packed file holds the second it was packed, and every worker must find
    the same names."""
    return argname if isinstance(val, bytes) else None


@dataclass(frozen=True)
class MemoryFrame:
    """A stored frame that lives in memory; without a key given, its key is the hash of its rows."""

    name: str
    frame: pl.DataFrame
    key: str = ""

    def __post_init__(self) -> None:
        if not self.key:
            content = self.frame.write_json().encode()
            object.__setattr__(self, "key", hashlib.sha256(content).hexdigest())

    @property
    def rows(self) -> int:
        return self.frame.height

    def scan(self, *columns: str) -> pl.LazyFrame:
        return self.frame.lazy()


def purchases(*lines: tuple[str, str, str] | tuple[str, str, str, float], **columns: Any) -> pl.DataFrame:
    """Purchases from (customer, product, day[, quantity]) tuples; `columns` overrides whole columns."""
    rows = []
    for number, line in enumerate(lines):
        day = date.fromisoformat(line[2])
        rows.append(
            {
                "purchase_id": f"line-{number}",
                "customer_id": line[0],
                "product_id": line[1],
                "order_id": f"{line[0]}-{line[2]}",
                "purchased_at": datetime.combine(day, time(12), UTC),
                "purchase_day": day,
                "quantity": float(line[3]) if len(line) > 3 else 1.0,
                "unit_price": "2.00",
                "total_price": "2.00",
                "store_location": None,
                "promotion_used": False,
                "rating": None,
                "review": None,
                "kind": "purchase",
            }
        )
    spec = FRAMES["purchases"]
    frame = pl.DataFrame(rows, schema_overrides={"total_price": pl.String}) if rows else spec.empty()
    return spec.conform(frame.with_columns(**columns)).sort(spec.sort)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[TestBucket]:
    """An S3 of this process, and a bucket in it."""
    with pytest.MonkeyPatch.context() as environment, moto_server() as url:
        use_nobodys_account(environment)
        yield TestBucket(url, connect("s3://tests", S3Settings(endpoint_url=url)))


@pytest.fixture
def bucket(s3_server: TestBucket, aws_environment: None) -> TestBucket:
    """A bucket of the test's own."""
    known = s3_server.at.bucket
    made = replace(s3_server, at=Prefix(replace(known, name=f"test-{uuid4().hex}"), ""))
    made.client.create_bucket(Bucket=made.name)
    return made


@pytest.fixture
def bedrock(s3_server: TestBucket, aws_environment: None) -> Iterator[BedrockDouble]:
    """A Bedrock of the test's own, in which nothing goes wrong unless the test says so; its jobs use the test's S3."""
    with BedrockDouble(s3_endpoint=s3_server.url) as double:
        yield double


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of nobody, and none of the user's."""
    use_nobodys_account(monkeypatch)


@pytest.fixture(scope="session")
def ministack() -> Iterator[str]:
    """The address of an emulator of AWS."""
    with run_ministack() as url:
        yield url


@pytest.fixture(scope="session")
def dynalite() -> Iterator[str]:
    """The address of another emulator, of DynamoDB only."""
    with run_dynalite() as url:
        yield url
