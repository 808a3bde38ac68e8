"""What DynamoDB counts: the bytes of an item, and the units that reading and writing it use.

Sources, in the DynamoDB developer guide: "DynamoDB item sizes and formats" (bytes), "DynamoDB read and write
operations" (units of each operation), "Using Global Secondary Indexes", "Provisioned throughput considerations" (what
an index adds to a write).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

import polars as pl
from polars.datatypes import DataTypeClass

WRITE_UNIT_BYTES = 1024
"""A write unit covers an item of up to 1 KB."""
READ_UNIT_BYTES = 4096
"""A read unit covers 4 KB that are read consistently, or twice as much otherwise."""
_NESTING = 3
"""Bytes of a list or a map besides its elements, each of which takes one more."""

PolarsDataType = pl.DataType | DataTypeClass
_Size = TypeVar("_Size", int, pl.Expr, pl.Series)


def item_bytes(item: Mapping[str, Any]) -> int:
    """The size of an item: its names and its values."""
    return sum([_text_bytes(name) + _value_bytes(value) for name, value in item.items()])


def frame_bytes(items: pl.DataFrame) -> pl.Series:
    """The size of each item of a frame, in which null means absent. A float counts as the number that it shows."""
    sizes = (_attribute_bytes(pl.col(name), name, dtype) for name, dtype in items.schema.items())
    return items.select(bytes=pl.sum_horizontal(pl.lit(0, pl.Int64), *sizes)).to_series()


def map_bytes(items: pl.DataFrame) -> pl.Series:
    """The size of each row of a frame as a map in a list, with what the list adds for it."""
    present = pl.sum_horizontal(pl.lit(0, pl.Int64), *(pl.col(name).is_not_null() for name in items.columns))
    return frame_bytes(items) + items.select(present).to_series() + _NESTING + 1


def list_bytes(maps: pl.Expr) -> pl.Expr:
    """The size of a list of maps, from their `map_bytes`."""
    return maps.sum() + _NESTING


def write_units(size: _Size) -> _Size:
    """The units of writing an item of so many bytes to a table, or to an index that it is in."""
    return -(-size // WRITE_UNIT_BYTES)


def read_units(size: int) -> int:
    """The units of reading an item of so many bytes consistently by its key; an absent one (0 bytes) takes one."""
    return max(1, -(-size // READ_UNIT_BYTES))


def scan_units(size: int) -> float:
    """The units of scanning so many bytes, which need not be consistent."""
    return -(-size // READ_UNIT_BYTES) / 2


def _value_bytes(value: Any) -> int:
    return _SIZES[type(value)](value)


def _text_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _number_bytes(number: int | Decimal) -> int:
    """One byte for two significant digits, and one more."""
    text = str(number) if isinstance(number, int) else "".join(map(str, number.as_tuple().digits))
    return (len(text.strip("-0")) + 1) // 2 + 1


def _set_bytes(values: set[Any] | frozenset[Any]) -> int:
    return sum(map(_value_bytes, values))


def _list_bytes(values: list[Any] | tuple[Any, ...]) -> int:
    return _NESTING + sum([1 + _value_bytes(value) for value in values])


def _map_bytes(values: Mapping[str, Any]) -> int:
    return _NESTING + len(values) + item_bytes(values)


_SIZES: dict[type, Callable[[Any], int]] = {
    str: _text_bytes,
    int: _number_bytes,
    Decimal: _number_bytes,
    bool: lambda value: 1,
    type(None): lambda value: 1,
    bytes: len,
    list: _list_bytes,
    tuple: _list_bytes,
    dict: _map_bytes,
    set: _set_bytes,
    frozenset: _set_bytes,
}


@cache
def _small_numbers() -> pl.Series:
    """The sizes of all numbers of up to 16 bits: looking one up takes a tenth of the time of looking at its digits."""
    return pl.Series([_number_bytes(number) for number in range(1 << 16)], dtype=pl.Int64)


def _attribute_bytes(value: pl.Expr, name: str, dtype: PolarsDataType) -> pl.Expr:
    """The size of an attribute; nothing where it is null."""
    size = _expression_bytes(value, dtype).cast(pl.Int64) + _text_bytes(name)
    return pl.when(value.is_not_null()).then(size).otherwise(0)


def _expression_bytes(value: pl.Expr, dtype: PolarsDataType) -> pl.Expr:
    if isinstance(dtype, pl.String | pl.Enum | pl.Categorical):
        return value.cast(pl.String).str.len_bytes()
    if dtype == pl.Binary:
        return value.bin.size()
    if isinstance(dtype, pl.List):
        entry = pl.element()
        sizes = pl.when(entry.is_null()).then(1).otherwise(_expression_bytes(entry, dtype.inner).cast(pl.Int64))
        return value.list.eval(sizes + 1).list.sum() + _NESTING
    if isinstance(dtype, pl.Struct):
        fields = dtype.to_schema().items()
        inside = [_attribute_bytes(value.struct.field(name), name, kind) for name, kind in fields]
        present = [value.struct.field(name).is_not_null() for name, _ in fields]
        return pl.sum_horizontal(pl.lit(_NESTING, pl.Int64), *inside, *present)
    if dtype in (pl.UInt8, pl.UInt16):
        return pl.lit(_small_numbers()).gather(value.cast(pl.UInt32))
    if dtype.is_numeric():
        digits = value.cast(pl.String).str.replace(".", "", literal=True).str.strip_chars("-0").str.len_bytes()
        return (digits.cast(pl.Int64) + 1) // 2 + 1
    return pl.lit(1, pl.Int64)  # a Boolean or a null
