from __future__ import annotations

import bz2
import gzip
import io
import lzma
from pathlib import Path

import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.stores.inputs.folder_files import is_leftover, looks_like_table, partitions
from omnix_cli.stores.inputs.sources import FileSources
from tests.unit.stores.inputs.finding import HEADER, customers, found, lines


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("FEB.CSV", lines("c1")),
        ("apr.csv.GZ", gzip.compress(lines("c1"), mtime=0)),
        ("may.dat", lines("c1")),
        ("may.DAT.bz2", bz2.compress(lines("c1"))),
        ("noSuffix", lines("c1")),
        ("june.csv.bz2", bz2.compress(lines("c1")) + bz2.compress(b"c2,P,2024-01-01,1\n")),
        ("july.csv.xz", lzma.compress(lines("c1"))),
        ("0a1b2c.gz", gzip.compress(lines("c1"), mtime=0)),
        ("a.Txt", lines("c1")),
        ("wide.dat", lines("c1").decode().encode("utf-16")),
        ("only.dat", lines("c1").replace(b",", b";")),
    ],
)
def test_tables_are_read_whatever_their_suffix(tmp_path: Path, name: str, content: bytes) -> None:
    put(tmp_path, name, content)
    sources = FileSources()
    assert "c1" in customers(sources, tmp_path)
    assert sources.notes == []


def test_an_export_that_was_renamed_is_recognised(tmp_path: Path) -> None:
    item = b'{"Item":{"customer_id":{"S":"c1"},"product_id":{"S":"p"}}}\n'
    put(tmp_path, "01706-x/data/4f2a.gz", gzip.compress(item))
    assert customers(FileSources(), tmp_path) == ["c1"]


def test_what_jobs_leave_behind_is_left_out_in_silence(tmp_path: Path) -> None:
    put(tmp_path, "part-0.csv", lines("c1"))
    for name in (
        "_temporary/0/part-1.csv",
        ".hive-staging_hive_1/part-1.csv",
        "_tmp.x/part-1.csv",
        "_SUCCESS",
        "_committed_17.csv",
        "_started_17.csv",
        "._SUCCESS.crc",
        ".part-0.csv.crc",
        ".hidden.csv",
        "_metadata",
        "~$book.xlsx",
        "year_$folder$",
    ):
        put(tmp_path, name, lines("gone"))
    put(tmp_path, "marker", b"")
    sources = FileSources()
    assert customers(sources, tmp_path) == customers(sources, tmp_path / "*") == ["c1"]
    assert sources.notes == []


def test_every_other_file_that_is_left_out_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", lines("c1"))
    for name in ("notes.md", "old.xls", "deep/report.PDF", "prose.dat"):
        put(tmp_path, name, b"nothing here is a table, is it\nno\n")
    sources = FileSources()
    assert customers(sources, tmp_path) == ["c1"]
    (note,) = sources.notes
    assert note == f"left out 4 files of {tmp_path} that omnix does not read: " + (
        "deep/report.PDF, notes.md, old.xls, prose.dat"
    )


@pytest.mark.parametrize("name", ["README.txt", "read_me.TXT", "LICENSE.txt", "licence-2.0.txt", "Changelog.txt"])
def test_texts_about_a_data_set_are_left_out_and_told(tmp_path: Path, name: str) -> None:
    put(tmp_path, "a.txt", lines("c1"))
    put(tmp_path, name, b"This data set, which is ours,\nmay be used\n")
    sources = FileSources()
    assert customers(sources, tmp_path) == ["c1"]
    assert name in sources.notes[0]
    put(tmp_path, name, lines("c2"))
    assert customers(FileSources(), tmp_path) == ["c1", "c2"]


def test_many_files_left_out_are_counted(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", lines("c1"))
    for number in range(25):
        put(tmp_path, f"{number:02}.log", b"x")
    sources = FileSources()
    sources.find([str(tmp_path)])
    assert "25 files" in sources.notes[0]
    assert sources.notes[0].endswith("09.log and 15 more")


def test_a_folder_with_nothing_to_read_says_what_it_left_out(tmp_path: Path) -> None:
    put(tmp_path, "report.pdf", b"%PDF")
    with pytest.raises(DataError, match="nothing to import") as error:
        FileSources().find([str(tmp_path)])
    assert "report.pdf" in str(error.value.hint)


def test_a_hidden_folder_above_the_import_does_not_hide_it(tmp_path: Path) -> None:
    put(tmp_path / ".cache" / "_tmp1", "a.csv", lines("c1"))
    assert customers(FileSources(), tmp_path / ".cache" / "_tmp1") == ["c1"]


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        ("t/store=4/day=2024-01-01/x.csv", {"store": "4", "day": "2024-01-01"}),
        ("s3://b/t/code=007/x.parquet", {"code": "007"}),
        ("t/day=2024-01-01 10%3A00%3A00/x.csv", {"day": "2024-01-01 10:00:00"}),
        ("t/store=__HIVE_DEFAULT_PARTITION__/x.csv", {"store": None}),
        ("t/pair=a%3Db/x.csv", {"pair": "a=b"}),
        ("t/a=b.csv", {}),
        ("t/plain/x.csv", {}),
    ],
)
def test_folders_name_columns(path: str, columns: dict[str, str | None]) -> None:
    assert partitions(path) == columns


@pytest.mark.parametrize("pattern", [".", "t", "t/*/x.csv", "t/**/*.csv", "t/store=4"])
def test_the_columns_of_folders_are_columns(tmp_path: Path, pattern: str) -> None:
    put(tmp_path, "t/store=4/x.csv", lines("c1"))
    (rows,) = found(FileSources(), tmp_path / pattern).values()
    assert rows["store"].to_list() == ["4"]


def test_equal_files_of_two_shops_are_two_files(tmp_path: Path) -> None:
    names = [str(put(tmp_path, f"store={store}/x.csv", lines("c1"))) for store in (4, 5)]
    sources = FileSources()
    assert sources.fingerprint(names[0]) != sources.fingerprint(names[1])


@pytest.mark.parametrize(
    ("own", "is_told"), [("4", False), ("04", False), ("4.0", False), ("", False), ("5", True), ("x", True)]
)
def test_a_column_of_file_and_folder_agrees_or_is_told(tmp_path: Path, own: str, is_told: bool) -> None:
    content = HEADER.replace("\n", ",Store\n") + f"c1,p,2024-01-01,1,{own}\n"
    name = str(put(tmp_path, "store=4/x.csv", content.encode()))
    how = ColumnMapping(kind="purchases")
    with FileSources().open(name, how) as source:
        (chunk,) = source.chunks()
        assert ("folder store=4" in source.findings) is is_told
    assert chunk.rows["Store"].to_list() == [own]
    assert "store" not in chunk.rows.columns


def test_parquet_and_csv_files_get_the_columns_alike(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pl.read_csv(lines("c1")).write_parquet(buffer)
    put(tmp_path, "store=007/a.parquet", buffer.getvalue())
    put(tmp_path, "store=007/b.csv", lines("c2"))
    assert [rows["store"].to_list() for rows in found(FileSources(), tmp_path).values()] == [["007"], ["007"]]


@pytest.mark.parametrize("text", [b"", b"one line", b"no\nseparators\n", b"a,b\0\n1,2\n", b"a,b\n1\n"])
def test_other_files_do_not_look_like_tables(text: bytes) -> None:
    assert not looks_like_table(text)


def test_names_that_only_look_like_leftovers_are_kept() -> None:
    assert not any(is_leftover(path) for path in ("_sales.csv", "tmp/x.csv", "success.csv", "_part=1/x.csv"))
