"""What any place of input files must do: every name that a listing gives is found again by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omnix_cli.settings import S3Settings
from omnix_cli.stores.inputs.input_files import S3Files
from omnix_cli.stores.inputs.sources import FileSources
from tests.aws.buckets import TestBucket

CONTENT = b"customer_id\nc1\n"
NAMES = (
    "sales[2024].csv",
    "sales2.csv",
    "a*b.csv",
    "aXb.csv",
    "what?.csv",
    "whatX.csv",
    "with space.csv",
    "100%25.csv",
    "plus+sign.csv",
    "deep/[x]/y.csv",
    "deep/x/y.csv",
    "ünï.csv",
    "#hash;semi=colon&.csv",
    "~tilde!.csv",
)
S3_ONLY = ("two//slashes.csv", "/leading.csv")


@pytest.fixture(params=["disk", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder that holds files with these names."""
    if request.param == "disk":
        for name in NAMES:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(CONTENT)
        return str(tmp_path)
    bucket: TestBucket = request.getfixturevalue("bucket")
    for name in (*NAMES, *S3_ONLY):
        bucket.write(f"in/{name}", CONTENT)
    bucket.write("in/", b"")
    bucket.write("in/deep/", b"")
    return f"{bucket.address}/in"


@pytest.fixture
def opened(request: pytest.FixtureRequest, place: str) -> Callable[[], FileSources]:
    def fresh() -> FileSources:
        if not place.startswith("s3://"):
            return FileSources()
        return FileSources(s3=S3Files(S3Settings(endpoint_url=request.getfixturevalue("bucket").url)))

    return fresh


def test_every_listed_name_is_found_again_by_its_name(place: str, opened: Callable[[], FileSources]) -> None:
    expected = [*NAMES, *(S3_ONLY if place.startswith("s3://") else ())]
    listed = opened().find([place])
    assert sorted(listed) == sorted(f"{place}/{name}" for name in expected)
    for name in listed:
        sources = opened()
        assert sources.find([name]) == [name]
        assert sources.fingerprint(name) is not None


def test_a_pattern_that_is_no_name_stays_a_pattern(place: str, opened: Callable[[], FileSources]) -> None:
    assert opened().find([f"{place}/sales[0-9].csv"]) == [f"{place}/sales2.csv"]
    assert opened().find([f"{place}/deep/?/y.csv"]) == [f"{place}/deep/x/y.csv"]
