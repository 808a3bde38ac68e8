"""Rows of a Parquet file, with the types of the file."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pyarrow.parquet as pq

from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, RawChunk
from omnix_cli.stores.inputs.formats import InputFile
from omnix_cli.stores.inputs.line_blocks import as_frame

CHUNK_ROWS = 500_000


def rows(file: InputFile) -> Iterator[RawChunk]:
    """The rows of a file, numbered from 1. Of the list column `items` of the mapping, each entry becomes a row."""
    parquet = pq.ParquetFile(file.content)
    first = 1
    if parquet.metadata.num_rows == 0:
        yield _chunk(pl.DataFrame(pl.from_arrow(parquet.schema_arrow.empty_table())), first, file.mapping.items)
    for batch in parquet.iter_batches(batch_size=CHUNK_ROWS):
        frame = pl.DataFrame(pl.from_arrow(batch))
        yield _chunk(frame, first, file.mapping.items)
        first += frame.height


def _chunk(rows: pl.DataFrame, first: int, items: str | None) -> RawChunk:
    numbered = rows.with_columns(
        pl.int_range(first, first + pl.len(), dtype=pl.UInt64).alias(ROW_NUMBER), pl.lit(0, pl.UInt32).alias(ITEM)
    )
    if items in rows.columns and isinstance(rows.schema[items], pl.List):
        position = pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over(ROW_NUMBER)
        numbered = numbered.explode(items).with_columns(position.alias(ITEM))
    return RawChunk(_flat(numbered), as_frame([]))


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    """Structs become columns `<struct>.<field>`, and types that no mapping reads become texts."""
    while nested := {name: dtype for name, dtype in rows.schema.items() if isinstance(dtype, pl.Struct)}:
        rows = rows.with_columns(
            pl.col(name).struct.rename_fields([f"{name}.{part.name}" for part in dtype.fields])
            for name, dtype in nested.items()
        ).unnest(*nested)
    return rows.with_columns(_as_text(name, dtype) for name, dtype in rows.schema.items() if not _is_readable(dtype))


def _is_readable(dtype: pl.DataType) -> bool:
    flat = dtype.inner if isinstance(dtype, pl.List) else dtype
    return isinstance(flat, pl.String | pl.Boolean | pl.Date | pl.Datetime) or flat.is_numeric()


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.List | pl.Array):
        return pl.format("{}", pl.col(name).map_elements(lambda entries: str(list(entries)), return_dtype=pl.String))
    if isinstance(dtype, pl.Binary):
        return pl.col(name).bin.encode("hex")
    return pl.col(name).cast(pl.String, strict=False)
