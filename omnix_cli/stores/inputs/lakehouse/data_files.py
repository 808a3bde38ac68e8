"""The rows of a data file of a Delta table: without deleted ones, and with the names of the columns of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

PHYSICAL, NUMBER = b"delta.columnMapping.physicalName", b"delta.columnMapping.id"
"""What the log says of a renamed column: its name in the files, or its number there."""
_BATCH_ROWS = 1 << 18
_FILE_NUMBER = b"PARQUET:field_id"


def rows_of(
    content: IO[bytes],
    schema: pa.Schema,
    *,
    by_number: bool,
    constants: Mapping[str, pa.Scalar],
    kept: npt.NDArray[np.bool_] | None,
) -> Iterator[pa.RecordBatch]:
    """The rows in batches of this schema. Columns are found by their numbers, or by their names in the file, those of
    `constants` are not in it; a column that it lacks is null. `kept` says which rows are left; those beyond it are."""
    parquet = pq.ParquetFile(content, coerce_int96_timestamp_unit="us")
    stored = parquet.schema_arrow
    places = {column.name: _place(column, stored, by_number=by_number) for column in schema}
    read = sorted({place for name, place in places.items() if place is not None and name not in constants})
    names = [stored[place].name for place in read]
    first = 0
    for batch in parquet.iter_batches(_BATCH_ROWS, columns=names):
        arrays = []
        for column in schema:
            place = places[column.name]
            if column.name in constants:
                value = pc.cast(constants[column.name], column.type)
                arrays.append(pa.repeat(value, batch.num_rows))
            elif place is None:
                arrays.append(pa.nulls(batch.num_rows, column.type))
            else:
                arrays.append(_as_table(batch.column(names.index(stored[place].name)), column, by_number=by_number))
        rows = pa.RecordBatch.from_arrays(arrays, schema=schema)
        if kept is not None and len(some := kept[first : first + batch.num_rows]):
            left = np.ones(batch.num_rows, bool)
            left[: len(some)] = some
            rows = rows.filter(pa.array(left))
        first += batch.num_rows
        yield rows


def _place(column: pa.Field, stored: Any, *, by_number: bool) -> int | None:
    """The place of a column of the table among fields of a file."""
    metadata = column.metadata or {}
    if by_number and NUMBER in metadata:
        wanted = metadata[NUMBER]
        found = (place for place, one in enumerate(stored) if (one.metadata or {}).get(_FILE_NUMBER) == wanted)
        return next(found, None)
    name = metadata.get(PHYSICAL, column.name.encode()).decode()
    return next((place for place, one in enumerate(stored) if one.name == name), None)


def _as_table(array: pa.Array, column: pa.Field, *, by_number: bool) -> pa.Array:
    """The values as the table types them, fields within them by the names of the table."""
    dtype = column.type
    if pa.types.is_struct(dtype):
        inner = array.flatten()
        places = [_place(one, list(array.type), by_number=by_number) for one in dtype]
        fields = [
            pa.nulls(len(array), one.type) if place is None else _as_table(inner[place], one, by_number=by_number)
            for one, place in zip(dtype, places, strict=True)
        ]
        return pa.StructArray.from_arrays(fields, fields=list(dtype), mask=array.is_null())
    if pa.types.is_list(dtype) or pa.types.is_large_list(dtype):
        entries = _as_table(array.flatten(), dtype.value_field, by_number=by_number)
        sizes = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32))
        lists = pa.ListArray.from_arrays(offsets, entries, mask=array.is_null())
        return lists.cast(dtype)
    if pa.types.is_timestamp(dtype):
        plain = array.cast(pa.timestamp(array.type.unit)) if pa.types.is_timestamp(array.type) else array
        return plain.cast(pa.timestamp(dtype.unit), safe=False).cast(dtype)
    return array.cast(dtype)
