from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption
import pytest

from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import ITEM
from omnix_cli.stores.inputs.parquet import parquet_rows
from omnix_cli.stores.inputs.sources import FileSources, Source
from tests.unit.stores.inputs.contents import read


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


def written(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def test_columns_of_one_name_are_numbered_and_refused_only_if_used() -> None:
    twice = written(pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "a", "id"]))
    rows, _, _ = read(twice)
    assert rows.select("a (1 of 2)", "a (2 of 2)", "id").rows() == [(1, 2, 3)]


def test_a_field_that_clashes_with_a_dotted_column_is_numbered() -> None:
    rows, _, _ = read(written(pa.table({"who": [{"age": 3}], "who.age": [4]})))
    assert rows.select("who.age (1 of 2)", "who.age (2 of 2)").rows() == [(3, 4)]


def test_a_footer_that_contradicts_its_row_groups_is_refused() -> None:
    content = written(pa.table({"a": pa.array(range(40))}))
    length = int.from_bytes(content[-8:-4], "little")
    footer = content[-8 - length : -8]
    at = footer.rindex(b"\x16\x50\x19")  # field 3 of the metadata, the number of rows: 40 as zigzag
    broken = content[: -8 - length] + footer[:at] + b"\x16\x00" + footer[at + 2 :] + content[-8:]
    assert pq.ParquetFile(io.BytesIO(broken)).metadata.num_rows == 0
    with pytest.raises(DataError, match="the footer says 0 rows, the row groups have 40"):
        read(broken)


class Keys(encryption.KmsClient):  # type: ignore[misc]
    """Keys that are not kept secret."""

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return base64.b64encode(key_bytes)


@pytest.mark.parametrize("plaintext_footer", [False, True])
def test_encrypted_files_are_told(plaintext_footer: bool) -> None:
    keys = encryption.EncryptionConfiguration(
        footer_key="f" * 16, column_keys={"c" * 16: ["a"]}, plaintext_footer=plaintext_footer
    )
    factory = encryption.CryptoFactory(lambda _: Keys())
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), keys)
    with pytest.raises(DataError, match="the file is encrypted"):
        read(written(pa.table({"a": [1]}), encryption_properties=properties))


def test_a_file_without_columns_is_refused() -> None:
    with pytest.raises(DataError, match="no columns"):
        read(written(pa.table({"a": [1]}).select([])))


def test_an_empty_file_has_its_columns() -> None:
    rows, _, _ = read(
        written(pa.table({"a": pa.array([], pa.int64()), "who": pa.array([], pa.struct({"x": pa.int8()}))}))
    )
    assert (rows.height, rows.columns[:2]) == (0, ["a", "who.x"])


def test_rows_with_a_nul_byte_are_rejected() -> None:
    table = pa.table({"id": ["a\0b", "c", "d", None], "tags": [["x"], ["y", "\0"], None, []]})
    rows, rejected, _ = read(written(table))
    assert rows["id"].to_list() == ["d", None]
    assert rejected == [(1, "has a NUL byte"), (2, "has a NUL byte")]


def test_rows_of_many_bytes_come_in_small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_rows, "CHUNK_BYTES", 1000)
    content = written(pa.table({"id": range(200)}))
    source = Source("input", io.BytesIO(content), ColumnMapping(kind="purchases"))
    heights = [chunk.rows.height for chunk in source.chunks()]
    assert (sum(heights), len(heights) > 1) == (200, True)


DOCUMENTS: dict[str, tuple[Any, list[tuple[str, str | None, int]]]] = {
    "two items": ([{"sku": "x"}, {"sku": "y"}], [("o", "x", 1), ("o", "y", 2)]),
    "an empty list": ([], [("o", None, 0)]),
    "no list": (None, [("o", None, 0)]),
    "a missing entry": ([{"sku": "x"}, None], [("o", "x", 1), ("o", None, 2)]),
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents_give_the_same_rows_in_both_formats(kind: str) -> None:
    items, expected = DOCUMENTS[kind]
    dtype = pa.schema({"id": pa.string(), "items": pa.list_(pa.struct({"sku": pa.string()}))})
    parquet = written(pa.Table.from_pylist([{"id": "o", "items": items}], dtype))
    for content in (parquet, orjson.dumps({"id": "o", "items": items})):
        rows, _, _ = read(content, items="items", columns={"product_id": "items.sku"})
        assert rows.select("id", "items.sku", ITEM).rows() == expected


def test_a_single_entry_without_a_list_is_the_first_in_both_formats() -> None:
    document = {"id": "o", "items": {"sku": "x"}}
    for content in (written(pa.Table.from_pylist([document])), orjson.dumps(document)):
        rows, _, _ = read(content, items="items", columns={"product_id": "items.sku"})
        assert rows.select("id", "items.sku", ITEM).rows() == [("o", "x", 1)]


def test_a_document_without_the_list_is_one_row_in_both_formats() -> None:
    document = {"id": "o", "items.sku": "x"}
    for content in (written(pa.Table.from_pylist([document])), orjson.dumps(document)):
        rows, _, _ = read(content, items="items", columns={"product_id": "items.sku"})
        assert rows.select("id", "items.sku", ITEM).rows() == [("o", "x", 0)]
