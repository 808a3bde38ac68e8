from __future__ import annotations

import io

import orjson
import pytest

from omnix_cli.errors import DataError
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER
from omnix_cli.stores.inputs.json_rows import JsonRows
from omnix_cli.stores.inputs.line_blocks import LineBlocks
from tests.unit.stores.inputs.contents import read, values


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
