"""Data files of exports become rows."""

from __future__ import annotations

import io

import orjson

from omnix_cli.mappings import ColumnMapping
from omnix_cli.protocols.inputs import DELETED, ROW_NUMBER
from omnix_cli.stores.inputs.dynamodb.exports import FULL, INCREMENTAL, ExportRows
from omnix_cli.stores.inputs.dynamodb.item_chunks import ItemChunks
from omnix_cli.stores.inputs.line_blocks import LineBlocks
from tests.table_exports import change_line, full_line


def rows(*lines: object, is_incremental: bool) -> tuple[list[dict[str, object]], list[str]]:
    """Rows and the reasons of rejected lines of a data file of products."""
    content = b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines)
    blocks = LineBlocks(io.BytesIO(content), None, name="f")
    read = ExportRows(blocks, ItemChunks(ColumnMapping(kind="products"), None), INCREMENTAL if is_incremental else FULL)
    (chunk,) = read
    assert read.count == len(lines)
    return chunk.rows.to_dicts(), chunk.rejected["reason"].to_list()


def test_each_line_is_an_item() -> None:
    found, rejected = rows(full_line({"id": "1", "name": "Tea"}), b"{}", b"{", is_incremental=False)
    assert [(row["id"], row["name"], row[ROW_NUMBER]) for row in found] == [("1", "Tea", 1)]
    assert rejected == ["no item of a table", "not DynamoDB JSON"]


def test_a_change_without_a_new_image_is_a_deletion() -> None:
    new, gone = change_line({"id": "1"}, {"id": "1", "name": "Tea"}), change_line({"id": "2"})
    found, _ = rows(new, gone, is_incremental=True)
    assert [(row["id"], row[DELETED]) for row in found] == [("1", False), ("2", True)]
