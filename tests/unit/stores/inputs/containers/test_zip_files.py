from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.settings import S3Settings
from omnix_cli.stores.inputs.input_files import S3Files
from omnix_cli.stores.inputs.sources import FileSources
from tests.aws.buckets import TestBucket
from tests.unit.stores.inputs.finding import customers, found, lines


def archive(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as content:
        for name, member in members.items():
            content.writestr(name, member)
    return file.getvalue()


def parquet(customer: str) -> bytes:
    file = io.BytesIO()
    pl.read_csv(lines(customer)).write_parquet(file)
    return file.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.csv.zip"


def test_each_member_is_an_input(path: Path) -> None:
    path.write_bytes(archive({"b.csv": lines("c1", "c2"), "in/a.csv": lines("c3"), "in/p.parquet": parquet("c4")}))
    inputs = found(FileSources(), path)
    assert {name.removeprefix(f"{path}/"): rows["customer_id"].to_list() for name, rows in inputs.items()} == {
        "b.csv": ["c1", "c2"],
        "in/a.csv": ["c3"],
        "in/p.parquet": ["c4"],
    }


def test_a_folder_of_archives_and_an_archive_without_a_suffix(tmp_path: Path) -> None:
    (tmp_path / "JAN.ZIP").write_bytes(archive({"x.csv": lines("c1")}))
    (tmp_path / "export").write_bytes(archive({"x.csv": lines("c2")}))
    assert customers(FileSources(), tmp_path) == customers(FileSources(), tmp_path / "*") == ["c1", "c2"]


def test_what_macs_add_is_left_out_and_the_rest_is_told(path: Path) -> None:
    path.write_bytes(archive({"__MACOSX/._a.csv": b"x", ".DS_Store": b"x", "a.csv": lines("c1"), "read.me": b"x"}))
    sources = FileSources()
    assert customers(sources, path) == ["c1"]
    assert sources.notes == [f"left out 1 file of {path} that omnix does not read: read.me"]


def test_folders_in_an_archive_give_columns(path: Path) -> None:
    path.write_bytes(archive({"store=4/a.csv": lines("c1"), "store=5/a.csv": lines("c1")}))
    assert [rows["store"].to_list() for rows in found(FileSources(), path).values()] == [["4"], ["5"]]


@pytest.mark.parametrize("members", [{}, {"readme.md": b"x"}, {"deep/": b""}])
def test_an_archive_without_a_table_is_refused(path: Path, members: dict[str, bytes]) -> None:
    path.write_bytes(archive(members))
    with pytest.raises(DataError, match="no file that omnix reads"):
        FileSources().find([str(path)])


def test_an_encrypted_archive_is_refused(path: Path) -> None:
    content = bytearray(archive({"a.csv": lines("c1")}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="encrypted"):
        FileSources().find([str(path)])


def test_a_damaged_archive_is_refused(path: Path) -> None:
    content = archive({"a.csv": lines(*(f"c{number}" for number in range(999)))})
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="damaged or truncated"):
        FileSources().find([str(path)])
    path.write_bytes(content[:200] + b"\xff" * 20 + content[220:])
    with pytest.raises(DataError, match="damaged or truncated"):
        found(FileSources(), path)


def test_an_archive_as_a_stream_or_under_another_suffix_says_what_to_do(tmp_path: Path) -> None:
    content = archive({"a.csv": lines("c1")})
    (tmp_path / "a.csv").write_bytes(content)
    for sources, name in ((FileSources(), str(tmp_path / "a.csv")), (FileSources(io.BytesIO(content)), "-")):
        with (
            pytest.raises(DataError, match="a zip archive"),
            sources.open(name, ColumnMapping(kind="purchases")) as one,
        ):
            list(one.chunks())


def test_archives_on_s3(bucket: TestBucket) -> None:
    bucket.write("in/a.zip", archive({"x.csv": lines("c1"), "y.csv": lines("c2")}))
    sources = FileSources(s3=S3Files(S3Settings(endpoint_url=bucket.url)))
    assert customers(sources, f"{bucket.address}/in/") == ["c1", "c2"]


def test_a_member_that_is_longer_than_the_archive_says_is_an_error(path: Path) -> None:
    content = archive({"b.csv": lines(*(f"c{number}" for number in range(100)))})
    directory = content.index(b"PK\x01\x02")
    path.write_bytes(content[: directory + 24] + struct.pack("<I", 50) + content[directory + 28 :])
    with pytest.raises(DataError, match="damaged or truncated"):
        customers(FileSources(), path)
