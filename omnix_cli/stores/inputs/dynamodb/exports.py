"""The data files of a DynamoDB table's export to S3, one item a line.

A line of a full export is {"Item": ...}; of an incremental one, {"Keys", "NewImage", "OldImage"}: without a new image,
the item was deleted. An incremental export has each changed item once, as it was at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import orjson
import polars as pl

from omnix_cli.protocols.inputs import ROW_NUMBER, RawChunk
from omnix_cli.stores.inputs.dynamodb.item_chunks import ItemChunks
from omnix_cli.stores.inputs.dynamodb.item_columns import Document, parsed
from omnix_cli.stores.inputs.formats import InputFile
from omnix_cli.stores.inputs.line_blocks import LineBlocks, RejectedLine, as_frame

FULL, INCREMENTAL = ("Item",), ("NewImage", "OldImage", "Keys")


def rows(file: InputFile) -> ExportRows:
    """The items of a data file, without those that have expired."""
    images = INCREMENTAL if "incremental" in file.format else FULL
    return ExportRows(file.content, ItemChunks(file.mapping, file.now), images)


@dataclass
class ExportRows:
    """The items of one data file, numbered by line."""

    blocks: LineBlocks
    items: ItemChunks
    images: tuple[str, ...]
    count: int = 0
    """The items so far."""

    def __iter__(self) -> Iterator[RawChunk]:
        for first, _, utf8, rejected in self.blocks.texts():
            text = pl.Series("line", [utf8[:-1]], dtype=pl.Binary).cast(pl.String)
            lines = text.str.split("\n").explode().to_frame()
            numbers = pl.int_range(first, first + pl.len(), dtype=pl.UInt64).alias(ROW_NUMBER)
            yield self._chunk(lines.with_columns(numbers).filter(pl.col("line").str.strip_chars() != ""), rejected)

    def _chunk(self, lines: pl.DataFrame, rejected: list[RejectedLine]) -> RawChunk:
        self.count += lines.height
        dtype = pl.Struct(dict.fromkeys(self.images, self.items.items.dtype))
        try:
            read = parsed(lines["line"], dtype)
        except pl.exceptions.PolarsError:
            lines = lines.filter(_readable(lines, dtype, rejected))
            read = parsed(lines["line"], dtype)
        images = read.struct.unnest()
        item = images.select(pl.coalesce(self.images)).to_series()
        lacking = item.is_null()
        for line, number in lines.filter(lacking).iter_rows():
            rejected.append(RejectedLine(number, "no item of a table", line))
        there = lines.filter(~lacking)
        deleted = images["NewImage"].is_null().filter(~lacking) if "NewImage" in images.columns else None
        documents = partial(self._documents, there["line"])
        chunk = self.items.chunk(item.filter(~lacking), there[ROW_NUMBER], documents, deleted)
        return replace(chunk, rejected=pl.concat([as_frame(rejected), chunk.rejected]).sort("row_number"))

    def _documents(self, lines: pl.Series, rows: Sequence[int]) -> list[Document]:
        read = (orjson.loads(lines[row]) for row in rows)
        return [next(line[image] for image in self.images if line.get(image) is not None) for line in read]


def _readable(lines: pl.DataFrame, dtype: pl.Struct, rejected: list[RejectedLine]) -> pl.Series:
    """Which lines are DynamoDB JSON; the others are rejected."""
    readable = [True] * lines.height
    for row, (line, number) in enumerate(lines.iter_rows()):
        try:
            pl.Series([line]).str.json_decode(dtype)
        except pl.exceptions.PolarsError:
            rejected.append(RejectedLine(number, "not DynamoDB JSON", line))
            readable[row] = False
    return pl.Series(readable, dtype=pl.Boolean)
