from __future__ import annotations

import io

import orjson
import polars as pl
import pytest

from omnix_cli.errors import DataError
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.stores.inputs.json.json_rows import JsonRows
from omnix_cli.stores.inputs.line_blocks import LineBlocks
from tests.unit.stores.inputs.contents import read, values


def test_ndjson_is_flattened_and_broken_lines_rejected() -> None:
    lines = [b'{"id": 1, "who": {"age": 30}, "tags": ["x"]}', b"{oops", b"", b"[1]", b'{"id": "2", "late": true}']
    rows, rejected, findings = read(b"\n".join(lines))
    assert findings["format"] == "NDJSON"
    assert values(rows) == [("1", "30", '["x"]', None), ("2", None, None, "true")]
    assert rows[ROW_NUMBER].to_list() == [1, 5]
    assert rejected == [(2, "not JSON"), (4, "not a JSON object")]


def test_ndjson_may_begin_with_null() -> None:
    rows, rejected, findings = read(b'null\nnull\n{"id": 1}\n')
    assert findings["format"] == "NDJSON"
    assert (values(rows), rejected) == ([("1",)], [(1, "not a JSON object"), (2, "not a JSON object")])


def test_the_items_of_a_document_become_rows() -> None:
    order = {"id": "o1", "items": [{"sku": "x"}, {"sku": "y"}]}
    rows, _, _ = read(orjson.dumps(order) + b"\n" + orjson.dumps({"id": "o2", "items": []}), items="items")
    assert rows.select("id", "items.sku", ROW_NUMBER, ITEM).rows() == [
        ("o1", "x", 1, 1),
        ("o1", "y", 1, 2),
        ("o2", None, 2, 0),
    ]


def test_the_list_of_items_is_found_however_its_name_is_written() -> None:
    order = {"id": "o1", "Line_Items": [{"sku": "x"}]}
    rows, _, _ = read(orjson.dumps(order), items="lineItems")
    assert rows.select("id", "lineItems.sku", ITEM).rows() == [("o1", "x", 1)]


@pytest.mark.parametrize("name", ["lines", "item", "order_lines", "products"])
def test_documents_whose_items_have_another_name_are_no_orders_without_items(name: str) -> None:
    orders = b"\n".join(orjson.dumps({"id": number, name: [{"sku": "x"}], "tags": ["a"]}) for number in range(3))
    with pytest.raises(DataError, match="its documents have no list `items`") as refused:
        read(orders, items="items")
    assert f"Did you mean `{name}`?" in str(refused.value.hint)


def test_documents_may_have_no_items_but_other_lists() -> None:
    rows, _, _ = read(b'{"id": "o1", "payments": [{"method": "cash"}]}', items="items")
    assert rows.select("id", ITEM).rows() == [("o1", 0)]
    some = [{"id": "o1", "lines": [{"sku": "x"}]}, {"id": "o2", "items": [{"sku": "y"}]}]
    rows, _, _ = read(b"\n".join(map(orjson.dumps, some)), items="items")
    assert rows.select("id", ITEM).rows() == [("o1", 0), ("o2", 1)]


def test_a_json_array() -> None:
    rows, _, findings = read(b' [{"a": 1}, {"a": 2}]')
    assert (values(rows), findings["format"]) == ([("1",), ("2",)], "JSON")


def streamed(content: bytes, *, is_array: bool, block_bytes: int = 64) -> pl.DataFrame:
    """The rows of a file that is read in many blocks."""
    blocks = LineBlocks(io.BytesIO(content), None, name="f", block_bytes=block_bytes)
    return pl.concat((chunk.rows for chunk in JsonRows(blocks, "f", None, is_array=is_array)), how="diagonal")


def test_a_json_array_without_lines_is_read_in_blocks() -> None:
    documents = [{"a": str(number)} for number in range(1000)]
    rows = streamed(orjson.dumps(documents), is_array=True)
    assert rows["a"].to_list() == [document["a"] for document in documents]
    assert rows[ROW_NUMBER].to_list() == list(range(1, 1001))


def test_objects_without_lines_are_read_in_blocks() -> None:
    documents = [orjson.dumps({"a": f"{number}é"}) for number in range(10_000)]
    rows = streamed(b"".join(documents), is_array=False, block_bytes=100_000)
    assert rows["a"].to_list() == [f"{number}é" for number in range(10_000)]
    assert rows[ROW_NUMBER].to_list() == list(range(1, 10_001))


def test_a_json_text_sequence() -> None:
    rows, rejected, findings = read(b'\x1e{"a": 1}\n\x1e{"a": 2}\n')
    assert values(rows) == [("1",), ("2",)]
    assert rejected == []
    assert findings["format"] == "NDJSON"


def test_objects_over_several_lines_have_the_number_of_their_first_line() -> None:
    rows, rejected, _ = read(b'{\n  "a": 1\n}\n{\n  "a": \n}\n{\n  "a": 3\n}\n')
    assert rows.select("a", ROW_NUMBER).rows() == [("1", 1), ("3", 7)]
    assert rejected == [(4, "not JSON")]


def test_objects_on_one_line_are_numbered_apart() -> None:
    rows, _, _ = read(b'{"a": 1}{"a": 2}\n{"a": 3}\n\n{"a": 4}\n')
    assert rows.select("a", ROW_NUMBER).rows() == [("1", 1), ("2", 2), ("3", 3), ("4", 4)]


def test_an_object_with_a_line_that_is_not_text_is_rejected_whole() -> None:
    content = "\n".join('{\n"a": "é",\n"b": 1\n}' for _ in range(9)).encode() + b'\n{\n"a": "\xff",\n"b": 2\n}\n'
    rows, rejected, _ = read(content)
    assert rows["b"].to_list() == ["1"] * 9
    assert sorted(rejected) == [(37, "not JSON"), (38, "not UTF-8")]


def test_nothing_vanishes() -> None:
    lines = [
        b"{}",
        b'{"a": "\\u0000"}',
        b'{"a": {"\\u0000": 1}}',
        b'{"a": "\\\\u0000"}',
        b"7",
        b'"x"',
        b"null",
        b'{"a":',
    ]
    rows, rejected, _ = read(b"\n".join(lines))
    assert rows["a"].to_list() == ["\\u0000"]
    assert rejected == [
        (1, "empty object"),
        (2, "has a NUL byte"),
        (3, "has a NUL byte"),
        (5, "not a JSON object"),
        (6, "not a JSON object"),
        (7, "not a JSON object"),
        (8, "not JSON: the file ends inside it"),
    ]
    _, rejected, _ = read(b"{}\n{}\n")
    assert rejected == [(1, "empty object"), (2, "empty object")]


def test_a_given_encoding_is_used_with_and_without_lines() -> None:
    for content in ('[{"a": "é"}]', '{"a": "é"}', '{"b": ["é"]}{"a": "é"}'):
        rows, rejected, _ = read(content.encode("latin-1"), encoding="latin-1")
        assert (rows["a"].to_list()[-1], rejected) == ("é", [])
