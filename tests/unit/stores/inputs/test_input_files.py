from __future__ import annotations

import gzip
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from omnix_cli.errors import ConfigError, DataError, UnavailableError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.settings import S3Settings
from omnix_cli.stores.inputs.input_files import LocalFiles, S3Files
from omnix_cli.stores.inputs.sources import FileSources
from omnix_cli.stores.s3.prefix import Prefix
from omnix_cli.stores.workspace.folders import DiskFolder
from tests.aws.buckets import TestBucket

MAPPING = ColumnMapping(kind="products")
ROWS = "product_id,name\n" + "".join(f"p{number},Product {number}\n" for number in range(5000))


def in_zstd(content: bytes) -> bytes:
    with pa.BufferOutputStream() as sink:
        with pa.CompressedOutputStream(sink, "zstd") as packed:
            packed.write(content)
        return bytes(sink.getvalue().to_pybytes())


def in_parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


PACKED: dict[str, Callable[[pl.DataFrame], bytes]] = {
    "plain": lambda frame: frame.write_csv().encode(),
    "gzip": lambda frame: gzip.compress(frame.write_csv().encode()),
    "zstd": lambda frame: in_zstd(frame.write_csv().encode()),
    "parquet": in_parquet,
}


@pytest.fixture
def sources(bucket: TestBucket) -> FileSources:
    return FileSources(s3=S3Files(bucket.settings))


def read(sources: FileSources, name: str) -> tuple[pl.DataFrame, str]:
    with sources.open(name, MAPPING) as source:
        rows = pl.concat([chunk.rows for chunk in source.chunks()])
        return rows, source.fingerprint()


class TestFinding:
    @pytest.fixture(autouse=True)
    def shop(self, bucket: TestBucket) -> None:
        for key in ("in/", "in/b.csv.gz", "in/a.csv", "in/deep/er/c.csv", "in/notes.md", "in/.d.csv", "inner.csv"):
            bucket.write(key, b"x")

    @pytest.mark.parametrize(
        ("pattern", "keys"),
        [
            ("inner.csv", ["inner.csv"]),
            ("in", ["in/a.csv", "in/b.csv.gz", "in/deep/er/c.csv"]),
            ("in/", ["in/a.csv", "in/b.csv.gz", "in/deep/er/c.csv"]),
            ("in/*.csv*", ["in/a.csv", "in/b.csv.gz"]),
            ("in/**/*.csv", ["in/a.csv", "in/deep/er/c.csv"]),
            ("in/[ab].csv*", ["in/a.csv", "in/b.csv.gz"]),
            ("in/.*.csv", ["in/.d.csv"]),
            ("in/deep/**", ["in/deep/er/c.csv"]),
            ("", ["in/a.csv", "in/b.csv.gz", "in/deep/er/c.csv", "inner.csv"]),
        ],
    )
    def test_keys_prefixes_and_globs(
        self, sources: FileSources, bucket: TestBucket, pattern: str, keys: list[str]
    ) -> None:
        assert sources.find([f"{bucket.address}/{pattern}"]) == [f"{bucket.address}/{key}" for key in keys]

    @pytest.mark.parametrize("pattern", ["none.csv", "none/", "in/*.parquet", "in/a.csv/*"])
    def test_what_names_nothing_is_refused(self, sources: FileSources, bucket: TestBucket, pattern: str) -> None:
        with pytest.raises(DataError, match="nothing to import at s3://"):
            sources.find([f"{bucket.address}/{pattern}"])


class TestReading:
    @pytest.mark.parametrize("packing", PACKED)
    def test_content_and_fingerprint_are_those_of_a_file(self, bucket: TestBucket, packing: str) -> None:
        sources = FileSources(s3=S3Files(bucket.settings, block_bytes=1000))
        frame = pl.read_csv(ROWS.encode())
        content = PACKED[packing](frame)
        bucket.write("in/products.csv", content)
        (name,) = sources.find([f"{bucket.address}/in"])
        rows, fingerprint = read(sources, name)
        assert rows["product_id"].to_list() == frame["product_id"].to_list()
        assert fingerprint == hashlib.sha256(content).hexdigest() == sources.fingerprint(name)

    def test_an_object_changed_since_it_was_listed_is_refused(self, sources: FileSources, bucket: TestBucket) -> None:
        bucket.write("products.csv", ROWS.encode())
        (name,) = sources.find([f"{bucket.address}/products.csv"])
        bucket.write("products.csv", ROWS.replace("Product", "Article").encode())
        with pytest.raises(DataError, match="was changed or deleted while it was being read"):
            read(sources, name)

    def test_an_object_deleted_since_it_was_listed_is_refused(self, sources: FileSources, bucket: TestBucket) -> None:
        bucket.write("products.csv", ROWS.encode())
        (name,) = sources.find([f"{bucket.address}/products.csv"])
        bucket.delete("products.csv")
        with pytest.raises(DataError, match="was changed or deleted"):
            read(sources, name)

    def test_a_fingerprint_is_taken_once_for_each_content(
        self, bucket: TestBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = f"{bucket.address}/products.csv"

        def fingerprint() -> str:
            return S3Files(bucket.settings, DiskFolder(tmp_path)).fingerprint(name)

        bucket.write("products.csv", ROWS.encode())
        first = fingerprint()
        with monkeypatch.context() as patch:
            patch.setattr(Prefix, "block", lambda *arguments: pytest.fail("it was read again"))
            assert fingerprint() == first == hashlib.sha256(ROWS.encode()).hexdigest()
        bucket.write("products.csv", b"other")
        assert fingerprint() == hashlib.sha256(b"other").hexdigest()

    def test_a_large_object_is_read_block_by_block(self, bucket: TestBucket) -> None:
        content = os.urandom(1 << 20) * 20
        bucket.write("large.bin", content)
        stream = bucket.at.open(next(bucket.at.list()))
        assert b"".join(iter(lambda: stream.read(700_000), b"")) == content


class TestTroubles:
    def test_a_bucket_that_is_not_there(self, sources: FileSources) -> None:
        with pytest.raises(ConfigError, match=r"s3://no-such-bucket.*NoSuchBucket"):
            sources.find(["s3://no-such-bucket/in/*.csv"])

    def test_no_credentials(self, bucket: TestBucket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(ConfigError, match="Unable to locate credentials"):
            FileSources(s3=S3Files(bucket.settings)).find([bucket.address])

    def test_no_such_profile(self, bucket: TestBucket) -> None:
        with pytest.raises(ConfigError, match="profile"):
            FileSources(s3=S3Files(S3Settings(profile="nobody"))).find([bucket.address])

    def test_no_bucket_in_the_address(self, sources: FileSources) -> None:
        with pytest.raises(ConfigError, match="not an address"):
            sources.find(["s3:///in"])

    def test_nobody_listens(self, aws_environment: None) -> None:
        with pytest.raises(UnavailableError, match="cannot be reached"):
            FileSources(s3=S3Files(S3Settings(endpoint_url="http://127.0.0.1:9"))).find(["s3://tests/in/"])


def test_local_folders_globs_and_fingerprints(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "deep/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    files = LocalFiles()
    assert files.below(str(tmp_path)) == [str(tmp_path / name) for name in ("a.csv", "b.csv", "deep/c.csv")]
    assert files.matching(str(tmp_path / "*.csv")) == [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    assert files.matching(str(tmp_path / "deep")) == []
    assert files.fingerprint(str(tmp_path / "a.csv")) == hashlib.sha256(b"a.csv").hexdigest()
    assert files.exists(str(tmp_path / "a.csv"))
    assert not files.exists(str(tmp_path / "z.csv"))
