from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnix_cli.errors import DataError, OmnixError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.stores.inputs.byte_streams import LineBlocks
from omnix_cli.stores.inputs.csv_rows import CsvRows
from omnix_cli.stores.inputs.json_rows import JsonRows
from omnix_cli.stores.inputs.sources import FileSources, Source

Rows = list[tuple[Any, ...]]


def read(content: bytes, **mapping: Any) -> tuple[pl.DataFrame, Rows, dict[str, str]]:
    """All rows of an input, its rejected lines as (number, reason), and its findings."""
    source = Source("input", io.BytesIO(content), ColumnMapping(kind="purchases", **mapping))
    chunks = list(source.chunks())
    rows = pl.concat((chunk.rows for chunk in chunks), how="diagonal")
    rejected = pl.concat(chunk.rejected for chunk in chunks)
    return rows, rejected.select("row_number", "reason").rows(), source.findings


def values(rows: pl.DataFrame) -> Rows:
    return rows.drop(ROW_NUMBER, ITEM).rows()


def test_a_plain_csv() -> None:
    rows, rejected, findings = read(b"a,b\n1,2\n3,\n")
    assert rows.columns == ["a", "b", ROW_NUMBER, ITEM]
    assert values(rows) == [("1", "2"), ("3", "")]
    assert rows[ROW_NUMBER].to_list() == [2, 3]
    assert rejected == []
    assert findings == {"format": "CSV", "encoding": "utf-8", "separator": ","}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(separator: str) -> None:
    content = '"x,;|\ty"S"b"\n1S2\n'.replace("S", separator).encode()
    assert values(read(content)[0]) == [("1", "2")]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_line_ends_and_blank_lines(ending: bytes) -> None:
    rows, rejected, _ = read(ending.join([b"", b"a,b", b"1,2", b"", b"3,4"]))
    assert values(rows) == [("1", "2"), ("3", "4")]
    assert rows[ROW_NUMBER].to_list() == [3, 5]
    assert rejected == []


def test_lines_with_another_number_of_fields_are_rejected_not_filled_up() -> None:
    rows, rejected, _ = read(b"a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n")
    assert values(rows) == [("1", "2", "3"), ("10", "11", "12")]
    assert rows[ROW_NUMBER].to_list() == [2, 5]
    assert rejected == [(3, "wrong number of fields"), (4, "wrong number of fields")]


def test_a_short_and_a_long_line_do_not_make_up_for_each_other() -> None:
    rows, rejected, _ = read(b"a,b\n1\n2,3,4\n5,6\n")
    assert values(rows) == [("5", "6")]
    assert [number for number, _ in rejected] == [2, 3]


def test_quoted_fields() -> None:
    rows, rejected, _ = read(b'a,b\n"x, y",2\n"say ""hi""",3\n"two\nlines",4\n5,"6"\n')
    assert values(rows) == [("x, y", "2"), ('say "hi"', "3"), ("two\nlines", "4"), ("5", "6")]
    assert rows[ROW_NUMBER].to_list() == [2, 3, 4, 6]
    assert rejected == []


def test_a_quote_left_open_costs_one_line_only() -> None:
    rows, rejected, _ = read(b'a,b\n1,2\n"3,4\n5,6\n7,8" pipe\n')
    assert values(rows) == [("1", "2"), ("5", "6"), ("7", '8" pipe')]
    assert rejected == [(3, "broken quotes")]


def test_a_record_may_go_over_the_end_of_a_block() -> None:
    content = b"a,b\n" + b"".join(b'"line %d\nmore",%d\n' % (number, number) for number in range(50))
    for block_bytes in (7, 64, 1000):
        blocks = LineBlocks(io.BytesIO(content), None, name="f", block_bytes=block_bytes)
        blocks_rows = pl.concat(chunk.rows for chunk in CsvRows(blocks, "f", None))
        assert blocks_rows["a"].to_list() == [f"line {number}\nmore" for number in range(50)]
        assert blocks_rows[ROW_NUMBER].to_list() == [2 + 2 * number for number in range(50)]


def test_encodings() -> None:
    text = "name,city\nJosé,Łódź\n"
    assert values(read(text.encode())[0]) == [("José", "Łódź")]
    assert values(read(text.encode("utf-8-sig"))[0]) == [("José", "Łódź")]
    assert values(read(text.encode("utf-16"))[0]) == [("José", "Łódź")]
    assert values(read(text.encode("cp1250"), encoding="cp1250")[0]) == [("José", "Łódź")]


def test_latin_1_is_read_and_told() -> None:
    rows, rejected, findings = read("name,price\nCafé,5\nMüsli,3 €\n".encode("cp1252"))
    assert values(rows) == [("Café", "5"), ("Müsli", "3 €")]
    assert findings["encoding"] == "windows-1252 (Latin-1)"
    assert rejected == []


def test_a_broken_line_in_a_utf_8_file_is_rejected() -> None:
    rows, rejected, _ = read("a,b\né,1\nü,2\n".encode() + b"\xff,3\nx,4\n")
    assert values(rows) == [("é", "1"), ("ü", "2"), ("x", "4")]
    assert rejected == [(4, "not UTF-8")]


def test_a_given_encoding_that_is_wrong_is_an_error() -> None:
    with pytest.raises(DataError, match="another encoding than expected"):
        read(b"a,b\n1,2\n3", encoding="utf-16")
    with pytest.raises(DataError, match="another encoding than expected"):
        read("a,b\né,2\n".encode(), encoding="ascii")


def test_compressed_files(tmp_path: Path) -> None:
    content = b"a,b\n" + b"1,2\n" * 1000
    packed = {"gzip": gzip.compress(content), "zstd": bytes(pa.Codec("zstd").compress(content, asbytes=True))}
    for name, packed_content in packed.items():
        rows, _, findings = read(packed_content)
        assert rows.height == 1000
        assert findings["compression"] == name
        with pytest.raises(DataError, match="damaged or truncated"):
            read(packed_content[:-9])


def test_repeated_and_empty_column_names_stay_apart() -> None:
    assert read(b"a,a,,a_2\n1,2,3,4\n")[0].columns[:4] == ["a (1 of 2)", "a (2 of 2)", "column_3", "a_2"]
    twice = read(b"a,a,a (1 of 2)\n1,2,3\n")[0].columns[:3]
    assert len(set(twice)) == 3


@pytest.mark.parametrize("content", [b"", b"\n\n", b"a\x00b,c\n1,2\n"])
def test_what_is_no_table_is_said_so(content: bytes) -> None:
    with pytest.raises(DataError, match=r"empty|binary"):
        read(content)


def test_ndjson_is_flattened_and_broken_lines_rejected() -> None:
    lines = [b'{"id": 1, "who": {"age": 30}, "tags": ["x"]}', b"{oops", b"", b"[1]", b'{"id": "2", "late": true}']
    rows, rejected, findings = read(b"\n".join(lines))
    assert findings["format"] == "NDJSON"
    assert values(rows) == [("1", "30", '["x"]', None), ("2", None, None, "true")]
    assert rows[ROW_NUMBER].to_list() == [1, 5]
    assert rejected == [(4, "not a JSON object"), (2, "not JSON")] or sorted(rejected) == [
        (2, "not JSON"),
        (4, "not a JSON object"),
    ]


def test_the_items_of_a_document_become_rows() -> None:
    order = {"id": "o1", "items": [{"sku": "x"}, {"sku": "y"}]}
    rows, _, _ = read(orjson.dumps(order) + b"\n" + orjson.dumps({"id": "o2", "items": []}), items="items")
    assert rows.select("id", "items.sku", ROW_NUMBER, ITEM).rows() == [
        ("o1", "x", 1, 1),
        ("o1", "y", 1, 2),
        ("o2", None, 2, 0),
    ]


def test_a_json_array() -> None:
    rows, _, findings = read(b' [{"a": 1}, {"a": 2}]')
    assert (values(rows), findings["format"]) == ([("1",), ("2",)], "JSON")


def test_a_json_array_that_is_too_large_is_refused() -> None:
    blocks = LineBlocks(io.BytesIO(b'[{"a": 1}, {"a": 2}]'), None, name="f")
    with pytest.raises(DataError, match="a JSON array of more than"):
        list(JsonRows(blocks, "f", None, is_array=True, array_bytes=10))


class Pipe(io.BytesIO):
    """Bytes that can be read once only."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise io.UnsupportedOperation("seek")


@pytest.mark.parametrize("stream", [io.BytesIO, Pipe])
def test_parquet_is_read_from_files_and_pipes(tmp_path: Path, stream: type[io.BytesIO]) -> None:
    path = tmp_path / "f.parquet"
    pl.DataFrame({"id": range(1000)}).write_parquet(path, row_group_size=100)
    source = Source("input", stream(path.read_bytes()), ColumnMapping(kind="purchases"))
    assert pl.concat(chunk.rows for chunk in source.chunks())["id"].to_list() == list(range(1000))
    assert source.fingerprint() == FileSources().fingerprint(str(path))


def test_parquet_keeps_its_types_and_flattens_structs(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    frame = pl.DataFrame(
        {"id": [1, 2], "who": [{"age": 3}, {"age": None}], "lists": [["a"], []], "raw": [b"\xff", b""]}
    )
    frame.write_parquet(path)
    rows, _, findings = read(path.read_bytes())
    assert findings["format"] == "Parquet"
    assert rows.select("id", "who.age", "lists", "raw").rows() == [(1, 3, ["a"], "ff"), (2, None, [], "")]
    with pytest.raises(DataError, match="damaged or truncated"):
        read(path.read_bytes()[:-20])


def test_files_folders_globs_and_stdin_are_found(tmp_path: Path) -> None:
    for name in ("b.csv", "a.ndjson", "deep/c.csv.gz", "notes.md", ".hidden.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x\n1\n")
    sources = FileSources(io.BytesIO(b"x\n1\n"))
    names = [str(Path(name).relative_to(tmp_path)) for name in sources.find([str(tmp_path)])]
    assert names == ["a.ndjson", "b.csv", "deep/c.csv.gz"]
    assert sources.find([str(tmp_path / "*.csv"), str(tmp_path / "b.csv"), "-"]) == [str(tmp_path / "b.csv"), "-"]
    with pytest.raises(DataError, match="nothing to import"):
        sources.find([str(tmp_path / "*.xml")])
    with sources.open("-", ColumnMapping(kind="purchases")) as source:
        assert sum(chunk.rows.height for chunk in source.chunks()) == 1


FIELDS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), max_size=8)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(FIELDS, FIELDS, FIELDS), min_size=1, max_size=8), st.integers(1, 200))
def test_whatever_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str, str]], block_bytes: int) -> None:
    frame = pl.DataFrame(rows, schema=["a", "b", "c"], orient="row")
    content = frame.write_csv(quote_style="always").encode()
    blocks = LineBlocks(io.BytesIO(content), "utf-8", name="f", block_bytes=block_bytes)
    read_back = pl.concat(chunk.rows for chunk in CsvRows(blocks, "f", ","))
    assert values(read_back) == rows


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300) | st.text(alphabet='a1,;"\n\r\\{}[]:é', max_size=80).map(str.encode))
def test_any_bytes_give_rows_or_an_error_of_omnix(content: bytes) -> None:
    try:
        read(content)
    except OmnixError as error:
        assert error.hint
