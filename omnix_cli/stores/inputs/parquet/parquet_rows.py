"""Rows of a Parquet file, with the types of the file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from omnix_cli.counted_nouns import counted
from omnix_cli.errors import DataError
from omnix_cli.mappings import ColumnMapping, repeated_name
from omnix_cli.protocols.inputs import ITEM, ROW_NUMBER, RawChunk
from omnix_cli.steps.imports.column_names import normalised
from omnix_cli.stores.inputs.formats import InputFile
from omnix_cli.stores.inputs.line_blocks import RejectedLine, as_frame
from omnix_cli.stores.inputs.parquet.columns import Column, columns, exploded, is_list, with_nul

CHUNK_ROWS = 500_000
CHUNK_BYTES = 256 << 20
"""About as many bytes as a chunk may have before it is compressed."""
_BUFFER_BYTES = 1 << 20
_LEVEL_OF_LIST = re.compile(r"\.(?:list|bag)\.(?:element|item|array|array_element)(?=\.|$)")
"""What writers put into the path of a column that is in a list."""


def rows(file: InputFile) -> Iterator[RawChunk]:
    """The rows of a file, numbered from 1. Of the list column `items` of the mapping, each entry becomes a row.

    Raises `DataError` for a file that is encrypted, inconsistent or without columns, and when the mapping uses a column
    that cannot be read."""
    with _reading_errors(file.name):
        parquet = _opened(file)
        yield from _chunks(parquet, file)


def _chunks(parquet: pq.ParquetFile, file: InputFile) -> Iterator[RawChunk]:
    groups = [parquet.metadata.row_group(number) for number in range(parquet.num_row_groups)]
    stored = sum(group.num_rows for group in groups)
    if stored != parquet.metadata.num_rows:
        message = (
            f"{file.name}: the footer says {counted(parquet.metadata.num_rows, 'row')}, the row groups have {stored:,}"
        )
        raise DataError(message, hint="The file is damaged: write it again.")
    int96 = _int96_columns(parquet)
    row_bytes = sum(group.total_byte_size for group in groups) // max(stored, 1)
    size = max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(row_bytes, 1)))
    read = 0
    for batch in parquet.iter_batches(batch_size=size) if stored else [_empty(parquet)]:
        yield _chunk(batch, read + 1, file, int96)
        read += batch.num_rows
    if read != stored:
        message = f"{file.name}: {counted(read, 'row')} could be read of {stored:,}"
        raise DataError(message, hint="The file is damaged: write it again.")


def _opened(file: InputFile) -> pq.ParquetFile:
    beginning = file.content.read(4)
    file.content.seek(0)
    if beginning == b"PARE":
        raise _encrypted(file.name)
    parquet = pq.ParquetFile(file.content, coerce_int96_timestamp_unit="us", buffer_size=_BUFFER_BYTES)
    if not len(parquet.schema_arrow):
        raise DataError(f"{file.name}: the file has no columns", hint="Write it again.")
    return parquet


@contextmanager
def _reading_errors(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if "decrypt" not in str(error).lower():
            raise
        raise _encrypted(name) from error
    except (NotImplementedError, pa.ArrowTypeError) as error:
        message = f"{name}: a column has a type that cannot be read: {error}"
        raise DataError(message, hint="Leave the column out of the file, or write it as text.") from error


def _int96_columns(parquet: pq.ParquetFile) -> frozenset[str]:
    """The paths of columns with the timestamps of Spark, Hive and Impala, which are instants in UTC."""
    leaves = [parquet.schema.column(number) for number in range(len(parquet.schema.names))]
    return frozenset(_LEVEL_OF_LIST.sub("", leaf.path) for leaf in leaves if leaf.physical_type == "INT96")


def _encrypted(name: str) -> DataError:
    return DataError(f"{name}: the file is encrypted", hint="Write it without encryption.")


def _empty(parquet: pq.ParquetFile) -> pa.RecordBatch:
    schema = parquet.schema_arrow
    return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


def _chunk(batch: pa.RecordBatch, first: int, file: InputFile, int96: frozenset[str]) -> RawChunk:
    arrays = list(zip(batch.schema.names, batch.columns, strict=True))
    row, item = pa.array(np.arange(batch.num_rows)), pa.repeat(pa.scalar(0, pa.uint32()), batch.num_rows)
    lists = next((array for name, array in arrays if name == file.mapping.items), None)
    if lists is not None and is_list(lists.type) and not pa.types.is_map(lists.type):
        entries, row, item = exploded(lists)
        arrays = [(name, entries if array is lists else array.take(row)) for name, array in arrays]
    elif lists is not None:
        item = pc.cast(pc.invert(lists.is_null()), pa.uint32())  # a single entry that is not in a list
    found = _named([column for name, array in arrays for column in columns(name, array, int96)])
    _refuse_unusable(found, file.mapping, file.name)
    marks = [mark for mark in (with_nul(column.values) for column in found) if mark is not None]
    frame = pl.DataFrame([pl.Series(column.name, pl.Series(pl.from_arrow(column.values))) for column in found])
    frame = frame.with_columns(
        (pl.Series(ROW_NUMBER, pl.from_arrow(row)).cast(pl.UInt64) + first).alias(ROW_NUMBER),
        pl.Series(ITEM, pl.from_arrow(item)),
    )
    if not marks:
        return RawChunk(frame, as_frame([]))
    bad = pl.Series(pl.from_arrow(reduce(pc.or_, marks)))
    return RawChunk(frame.filter(~bad), _rejected(frame.filter(bad)))


def _rejected(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with a NUL byte, as quarantine rows."""
    texts = rows.select(pl.struct(pl.exclude(ROW_NUMBER, ITEM)).struct.json_encode()).to_series()
    lines = [RejectedLine(number, "has a NUL byte", text) for number, text in zip(rows[ROW_NUMBER], texts, strict=True)]
    return as_frame(lines).with_columns(rows[ITEM].alias("item"))


def _named(found: list[Column]) -> list[Column]:
    """The columns with unique names: those with the same path are numbered."""
    total, taken = Counter(column.name for column in found), Counter[str]()
    named = []
    for name, values, unusable in ((column.name, column.values, column.unusable) for column in found):
        taken[name] += 1
        unique = name if total[name] == 1 else repeated_name(name, taken[name], total[name])
        named.append(Column(unique, values, unusable))
    return named


def _refuse_unusable(found: list[Column], mapping: ColumnMapping, name: str) -> None:
    used = set(map(normalised, mapping.input_columns()))
    for column in found:
        if column.unusable is not None and normalised(column.name) in used:
            message = f"{name}: column `{column.name}` has {column.unusable}"
            raise DataError(message, hint="Write it as text or numbers, or map another column.")
