"""The search of every byte finds a customer wherever it is hidden, and no other customer."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.byte_search import files_in, search

ZOE, OTHER = Traces("zoe-4711"), "zoe-47110"


def found(folder: Path, traces: Traces = ZOE) -> list[str]:
    return [Path(name).name for name in search(files_in(folder), [traces]).found]


@pytest.mark.parametrize("compression", ["zstd", "gzip", "snappy", "uncompressed"])
@pytest.mark.parametrize("column", ["customer_id", "note", "several", "json"])
def test_in_parquet(tmp_path: Path, compression: str, column: str) -> None:
    rows = {"n": [1, 2], "customer_id": ["a1", OTHER], "note": ["", ""], "several": [["b"], []], "json": ["{}", None]}
    values = {"several": ["b", "zoe-4711"], "json": json.dumps({"deep": [{"who": "zoe-4711"}]}), "note": "of zoe-4711!"}
    pl.DataFrame(rows).write_parquet(tmp_path / "others.parquet", compression=compression)  # type: ignore[arg-type]
    rows[column] = [rows[column][0], values.get(column, "zoe-4711")]  # type: ignore[list-item]
    pl.DataFrame(rows).write_parquet(tmp_path / "mine.parquet", compression=compression)  # type: ignore[arg-type]
    assert found(tmp_path) == ["mine.parquet"]


def test_in_what_a_footer_remembers(tmp_path: Path) -> None:
    frame = pl.DataFrame({"customer_id": ["a"]})
    frame.write_parquet(tmp_path / "a.parquet", metadata={"note": "zoe-4711 was here"})
    assert found(tmp_path) == ["a.parquet"]


def test_in_packed_files(tmp_path: Path) -> None:
    text = b'{"customer": "zoe-4711"}\n'
    (tmp_path / "a.gz").write_bytes(gzip.compress(text))
    (tmp_path / "b.zst").write_bytes(pa.compress(text, codec="zstd", asbytes=True))
    (tmp_path / "c.gz").write_bytes(gzip.compress(gzip.compress(text)))
    (tmp_path / "d.gz").write_bytes(gzip.compress(text.replace(b"4711", b"47110")))
    (tmp_path / "e.gz").write_bytes(b"\x1f\x8b zoe-4711")
    assert found(tmp_path) == ["a.gz", "b.zst", "c.gz", "e.gz"]


def test_in_a_cell_and_in_a_free_page_of_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE t (customerId TEXT, document TEXT)")
        database.executemany("INSERT INTO t VALUES (?, ?)", [("zoe-4711", "x" * 500), ("b1", "{}")])
        database.commit()
        assert found(tmp_path) == ["a.sqlite"]
        database.execute("DELETE FROM t WHERE customerId = 'zoe-4711'")
        database.commit()
        assert found(tmp_path) == ["a.sqlite"]
        database.execute("PRAGMA secure_delete = ON")
        database.execute("VACUUM")
    assert found(tmp_path) == []


def test_in_the_log_that_sqlite_writes_ahead(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (customerId TEXT)")
        database.execute("INSERT INTO t VALUES ('zoe-4711')")
        database.commit()
        database.execute("DELETE FROM t")
        database.commit()
        assert "a.sqlite-wal" in found(tmp_path)


def test_in_texts_hidden_files_and_bytes(tmp_path: Path) -> None:
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.log").write_text("one\nof zoe-4711\n")
    (tmp_path / "b.json").write_text(json.dumps({"a": ["zoe-4711"]}))
    (tmp_path / "c.bin").write_bytes(b"\xff\x00zoe-4711\x00")
    (tmp_path / "d.json").write_text(json.dumps({OTHER: OTHER}))
    (tmp_path / "e.log").write_text(f"{OTHER} zoe-471 zoe-4711-2 azoe-4711\n")
    (tmp_path / "zoe-4711.txt").write_text("")
    assert found(tmp_path) == ["a.log", "b.json", "c.bin", "zoe-4711.txt"]


def test_a_number_is_found_where_it_is_a_customer(tmp_path: Path) -> None:
    for name, row in (("a", {"customer_id": "12"}), ("b", {"product_id": "12"}), ("c", {"list_id": "12#usual"})):
        pl.DataFrame([row]).write_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "d.json").write_text('{"rows": 12, "version": "12"}')
    pl.DataFrame({"row": ['{"line": "12;milk"}']}).write_parquet(tmp_path / "e.parquet")
    assert found(tmp_path, Traces("12")) == ["a.parquet", "c.parquet", "e.parquet"]


def test_other_files_are_searched_with_what_lies_beside_them(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "store.sqlite").write_text("zoe-4711")
    (tmp_path / "store.sqlite-wal").write_text("zoe-4711")
    result = search(files_in(tmp_path / "w", tmp_path / "store.sqlite"), [ZOE])
    assert (result.files, result.bytes, len(result.found)) == (2, 16, 2)


def test_a_number_in_binary_bytes_says_nothing_and_one_in_a_text_does(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite-shm").write_bytes(b"\0\1 7 \0")
    (tmp_path / "notes.txt").write_text("customer 7\n")
    assert found(tmp_path, Traces("7")) == ["notes.txt"]
    (tmp_path / "other.bin").write_bytes(b"\0\1zoe-4711\0")
    assert found(tmp_path, ZOE) == ["other.bin"]


def test_sentences_in_tables_name_nobody(tmp_path: Path) -> None:
    pl.DataFrame({"customer_id": ["8"], "reason": ["every 7 days"]}).write_parquet(tmp_path / "a.parquet")
    assert found(tmp_path, Traces("7")) == []
    assert found(tmp_path, Traces("8")) == ["a.parquet"]


def test_digits_among_digits_of_packed_values_are_another_number(tmp_path: Path) -> None:
    names = [f"o{number}" for number in (0, *range(1234, 1300))]
    pl.DataFrame({"customer_id": names}).write_parquet(tmp_path / "a.parquet", metadata={"note": "x0123456789"})
    assert found(tmp_path, Traces("12345678")) == []
    pl.DataFrame({"customer_id": names}).write_parquet(tmp_path / "b.parquet", metadata={"note": "x12345678"})
    assert found(tmp_path, Traces("12345678")) == ["b.parquet"]
