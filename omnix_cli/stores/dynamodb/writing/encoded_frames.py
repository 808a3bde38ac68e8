"""Rows of a frame as DynamoDB JSON, the same as that of `wire` for the same items.

String, Enum, Categorical S · integers, Decimal N · Boolean BOOL · Binary B (base64) · List L · Struct M
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from omnix_cli.stores.tables.json_frames import Nulls, entries_of, fields_of, json_rows, map_of
from omnix_cli.stores.tables.specs import TableSpec

_CHUNK_ROWS = 5_000


def encoded_frame(spec: TableSpec, items: pl.DataFrame) -> Iterator[tuple[str, bytes]]:
    """The key and the JSON of each item. Raises ValueError for keys and index attributes as `TableSpec.check` does, and
    TypeError for a column that has no type in DynamoDB."""
    spec.check_frame(items)
    for chunk in items.iter_slices(_CHUNK_ROWS):
        documents = json_rows(chunk, _attribute).cast(pl.Binary)
        yield from zip(chunk[spec.key].to_list(), documents.to_list(), strict=True)


def _attribute(value: pl.Expr, values: pl.Series, nulls: Nulls) -> pl.Expr:
    """The value with its tag."""
    tag, content = _tagged(value, values, nulls)
    tagged = pl.struct(content.alias(tag))
    return (pl.when(value.is_not_null()).then(tagged) if values.null_count() else tagged).alias(values.name)


def _entry(value: pl.Expr, values: pl.Series, nulls: Nulls) -> pl.Expr:
    """An entry of a list with its tag, which differs for a null."""
    tag, content = _tagged(value, values, nulls)
    if tag == "NULL" or not values.null_count():
        return pl.struct(content.alias(tag))
    nulls.names.add("NULL")
    nulls.first.add(tag)
    return pl.struct(
        pl.when(value.is_not_null()).then(content).alias(tag), pl.when(value.is_null()).then(pl.lit(True)).alias("NULL")
    )


def _tagged(value: pl.Expr, values: pl.Series, nulls: Nulls) -> tuple[str, pl.Expr]:
    """The tag of a value, and its content."""
    dtype = values.dtype
    if isinstance(dtype, pl.String | pl.Enum | pl.Categorical):
        return "S", value.cast(pl.String)
    if dtype.is_integer() or dtype.is_decimal():
        return "N", value.cast(pl.String)
    if dtype == pl.Boolean:
        return "BOOL", value
    if dtype == pl.Binary:
        return "B", value.bin.encode("base64")
    if dtype == pl.Null:
        return "NULL", value.is_null()
    if isinstance(dtype, pl.List):
        return "L", value.list.eval(_entry(pl.element(), entries_of(values), nulls))
    if isinstance(dtype, pl.Struct) and dtype.fields:
        return "M", map_of(fields_of(value, values), _attribute, nulls)
    wanted = "a stored number must be an int or a Decimal, not the float" if dtype.is_float() else "cannot store"
    raise TypeError(f"{wanted} {values.name} ({dtype})")
