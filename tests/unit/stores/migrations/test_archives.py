"""Exports in a folder, on a disk and in a bucket."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from omnix_cli.errors import ConfigError, CorruptCheckpoint, DataError, LockedError
from omnix_cli.stores.migrations.archives import Archive, ArchiveWriter
from omnix_cli.stores.s3.folders import S3Folder
from omnix_cli.stores.workspace.folders import DiskFolder, Folder
from tests.aws.buckets import TestBucket

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def products(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": f"{number:03d}", "price": Decimal("1.50"), "stock": number} for number in numbers]


@pytest.fixture(params=["disk", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    if request.param == "disk":
        return DiskFolder(tmp_path / "backup")
    bucket: TestBucket = request.getfixturevalue("bucket")
    return S3Folder(bucket.at.within("backup"))


def writer(folder: Folder, **changes: Any) -> ArchiveWriter:
    return ArchiveWriter(folder, **{"source": "here", "tables": ["products"], "segments": 2, **changes})


def export(folder: Folder) -> Archive:
    archive = writer(folder)
    archive.add("products", 0, products(5, 1, 9))
    archive.add("products", 1, products(2))
    archive.add("products", 0, products(7, 3))
    archive.commit(NOW)
    return Archive(folder)


def test_it_gives_back_what_it_was_given(folder: Folder) -> None:
    archive = export(folder)
    assert archive.tables == ("products",)
    assert archive.expected_items("products") == 6
    assert list(archive.scan("products")) == products(5, 1, 9, 7, 3, 2)
    assert next(iter(archive.scan("products", attributes=["stock"]))) == {"stock": 5}
    assert list(archive.get_many("products", ["003", "004", "002"])) == products(3, 2)
    assert archive.address("products") == f"{folder}:products"


def test_it_is_the_same_bytes_on_a_disk_and_in_a_bucket(tmp_path: Path, bucket: TestBucket) -> None:
    export(DiskFolder(tmp_path))
    export(S3Folder(bucket.at))
    names = bucket.keys()
    assert {name: bucket.read(name) for name in names} == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(names) == 4


@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_segments_hold_every_item_once_and_go_on_after_any_key(folder: Folder, segments: int) -> None:
    archive = export(folder)
    found = []
    for segment in range(segments):
        items = list(archive.scan("products", segment=segment, segments=segments))
        found += items
        for place, item in enumerate(items):
            rest = archive.scan("products", segment=segment, segments=segments, after=item["id"])
            assert list(rest) == items[place + 1 :]
    assert sorted(item["id"] for item in found) == ["001", "002", "003", "005", "007", "009"]


def test_there_is_none_until_it_is_committed(folder: Folder) -> None:
    started = writer(folder)
    started.add("products", 0, products(1, 2))
    with pytest.raises(ConfigError, match="no export") as caught:
        Archive(folder)
    assert caught.value.hint is not None
    assert "repeat" in caught.value.hint
    again = writer(folder)
    assert again.last_key("products", 0) == "002"
    assert again.last_key("products", 1) is None
    assert again.items("products", 0) == 2
    again.add("products", 0, products(4))
    again.commit(NOW)
    assert list(Archive(folder).scan("products")) == products(1, 2, 4)


def test_nothing_else_is_written_over(folder: Folder) -> None:
    folder.write("mine.txt", b"mine")
    with pytest.raises(ConfigError, match="not empty"):
        writer(folder)
    folder.remove("mine.txt")
    writer(folder)
    with pytest.raises(ConfigError, match="another export"):
        writer(folder, segments=3)
    export(folder)
    with pytest.raises(ConfigError, match="already"):
        writer(folder)


def test_of_two_processes_that_write_the_same_export_one_fails(folder: Folder) -> None:
    one, other = writer(folder), writer(folder)
    one.add("products", 0, products(1))
    with pytest.raises(LockedError, match="another process"):
        other.add("products", 0, products(2))
    one.commit(NOW)
    with pytest.raises(LockedError, match="another process"):
        other.commit(NOW)
    assert list(Archive(folder).scan("products")) == products(1)


def test_a_missing_part_is_found(folder: Folder) -> None:
    export(folder)
    folder.remove("products-001-00000.parquet")
    with pytest.raises(DataError, match="is missing"):
        Archive(folder)


@pytest.mark.parametrize("harmed", [b"another content", None])
def test_a_part_that_was_changed_is_found(folder: Folder, harmed: bytes | None) -> None:
    export(folder)
    name = "products-001-00000.parquet"
    content = folder.read(name)
    folder.write(name, harmed or content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    with pytest.raises(DataError, match="differs from its checksum"):
        Archive(folder)


@pytest.mark.parametrize("content", [b"{", b"{}", b"[]"])
def test_a_damaged_manifest_is_rejected_input(folder: Folder, content: bytes) -> None:
    export(folder)
    folder.write("manifest.json", content)
    with pytest.raises(DataError, match=r"manifest\.json of .* cannot be read") as caught:
        Archive(folder)
    assert caught.value.exit_code == 3


OUTSIDE = ["../outside.parquet", "/etc/passwd", "a/../../outside.parquet", "..", "", "a//b", "a\\..\\b"]


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_part_outside_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    folder = DiskFolder(tmp_path / "backup")
    export(folder)
    manifest = orjson.loads(folder.read("manifest.json"))
    manifest.pop("sha256")
    (tmp_path / "outside.parquet").write_bytes(folder.read("products-001-00000.parquet"))
    manifest["tables"]["products"][-1]["path"] = path
    folder.write("manifest.json", orjson.dumps(manifest))
    with pytest.raises(DataError, match="is not the name of a file in this folder"):
        Archive(folder)


def test_a_damaged_part_of_a_killed_export_is_exported_again(folder: Folder) -> None:
    started = writer(folder)
    for numbers in ((1, 2), (3, 4), (5, 6)):
        started.add("products", 0, products(*numbers))
    second = "products-000-00001.parquet"
    folder.write(second, folder.read(second)[:-20])
    again = writer(folder)
    assert again.last_key("products", 0) == "002"
    again.add("products", 0, products(3, 4, 5, 6))
    again.commit(NOW)
    assert list(Archive(folder).scan("products")) == products(1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"[" * 9000])
def test_a_killed_export_that_cannot_be_read_is_told(folder: Folder, content: bytes) -> None:
    writer(folder)
    folder.write("unfinished.json", content)
    with pytest.raises(CorruptCheckpoint, match=r"unfinished\.json cannot be read"):
        writer(folder)


def test_s3_is_asked_for_the_checksums_of_the_parts(bucket: TestBucket) -> None:
    folder = S3Folder(bucket.at.within("backup"))
    export(folder)
    fetched: list[str] = []
    bucket.client.meta.events.register(
        "before-parameter-build.s3.GetObject", lambda params, **_: fetched.append(params["Key"])
    )
    Archive(folder)
    assert fetched == ["backup/manifest.json"]


def test_a_part_that_another_program_put_back_counts(bucket: TestBucket) -> None:
    folder = S3Folder(bucket.at.within("backup"))
    export(folder)
    bucket.write("backup/products-001-00000.parquet", folder.read("products-001-00000.parquet"))
    assert list(Archive(folder).scan("products", segment=2, segments=3)) == products(2)


def test_a_table_that_is_not_in_it(folder: Folder) -> None:
    with pytest.raises(ConfigError, match="no recommendations"):
        list(export(folder).scan("recommendations"))


def test_what_dynamodb_cannot_say_is_no_item_of_an_export(folder: Folder) -> None:
    with pytest.raises(DataError, match="'long'"):
        writer(folder).add("products", 0, [{"id": "long", "price": Decimal("1." + "1" * 50)}])
