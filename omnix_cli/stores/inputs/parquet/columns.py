"""The columns of a batch of a Parquet file, in types that an import can read: structs as their fields, bytes as texts,
instants in UTC with microseconds."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31 in days since 1970."""
_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000}

_LISTS: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
    pa.types.is_map,
)
_BYTES: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


@dataclass(frozen=True)
class Column:
    """A column by its path, and why a mapping cannot use it (None: it can). Then its values are for display only."""

    name: str
    values: pa.Array
    unusable: str | None = None


def columns(name: str, array: pa.Array, int96: Collection[str] = ()) -> list[Column]:
    """The columns of a Parquet column: one, or those of the fields of a struct, named `<struct>.<field>`. `int96` are
    those that hold instants of 96 bits, which are in UTC although nothing says so."""
    array = _stored(array)
    if pa.types.is_struct(array.type):
        fields = zip(array.type, array.flatten(), strict=True)
        return [column for field, values in fields for column in columns(f"{name}.{field.name}", values, int96)]
    if name in int96 and pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp(array.type.unit, "UTC"))
    if is_list(array.type):
        return [_of_lists(name, array)]
    return [_plain(name, array)]


def is_list(dtype: pa.DataType) -> bool:
    """Whether values are lists; a map is a list, too."""
    return any(check(dtype) for check in _LISTS)


def exploded(lists: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """The entries of lists, a null for a list that is empty or missing; for each the row that it is from; and its
    position from 1, or 0 where there is no entry."""
    sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    repeats = np.maximum(sizes, 1)
    rows = np.repeat(np.arange(len(sizes)), repeats)
    positions = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats) + 1
    positions[sizes[rows] == 0] = 0
    missing = positions == 0
    entries = pa.array(np.cumsum(~missing) - 1, pa.int64(), mask=missing)
    return lists.flatten().take(entries), pa.array(rows), pa.array(positions.astype(np.uint32))


def with_nul(array: pa.Array) -> pa.Array | None:
    """Which texts have a NUL byte; None if none has."""
    if pa.types.is_large_list(array.type):
        entries = with_nul(array.values)
        rows = None if entries is None else array.value_parent_indices().filter(entries).unique()
        return None if rows is None else pc.is_in(pa.array(np.arange(len(array))), value_set=rows)
    if not pa.types.is_large_string(array.type) or array.buffers()[2] is None:
        return None
    if not (np.frombuffer(array.buffers()[2], np.uint8) == 0).any():
        return None
    return pc.fill_null(pc.match_substring(array, "\0"), False)


def _stored(array: pa.Array) -> pa.Array:
    """The values without extension types and dictionaries."""
    if isinstance(array, pa.ExtensionArray):
        is_uuid = array.type.extension_name == "arrow.uuid"
        return _uuids(array.storage) if is_uuid else _stored(array.storage)
    return _stored(array.dictionary_decode()) if pa.types.is_dictionary(array.type) else array


def _uuids(array: pa.Array) -> pa.Array:
    return pa.array(
        [None if value is None else str(uuid.UUID(bytes=value)) for value in array.to_pylist()], pa.string()
    )


def _plain(name: str, array: pa.Array) -> Column:
    dtype = array.type
    if pa.types.is_null(dtype):
        return Column(name, array.cast(pa.large_string()))
    if _is_binary(dtype):
        return _from_bytes(name, array)
    if pa.types.is_string(dtype) or pa.types.is_large_string(dtype) or pa.types.is_string_view(dtype):
        return _from_bytes(name, array.cast(pa.large_binary()))
    if pa.types.is_timestamp(dtype):
        return Column(name, _timestamps(array))
    if pa.types.is_date(dtype):
        days = array.cast(pa.date32(), safe=False).cast(pa.int32())
        return Column(name, _within(days, _FIRST_DAY, _LAST_DAY).cast(pa.date32()))
    if pa.types.is_float16(dtype):
        return Column(name, array.cast(pa.float32()))
    if pa.types.is_decimal32(dtype) or pa.types.is_decimal64(dtype):
        return Column(name, array.cast(pa.decimal128(dtype.precision, dtype.scale)))
    if pa.types.is_decimal256(dtype) or pa.types.is_time(dtype):
        return Column(name, array.cast(pa.string()).cast(pa.large_string()))
    if pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype):
        return Column(name, array)
    return Column(name, array) if pa.types.is_boolean(dtype) else _displayed(name, array)


def _is_binary(dtype: pa.DataType) -> bool:
    return any(check(dtype) for check in _BYTES)


def _from_bytes(name: str, array: pa.Array) -> Column:
    """Bytes as text if they are UTF-8; files of Impala, Hive and old Spark do not mark texts."""
    stored = array.cast(pa.large_binary())
    try:
        return Column(name, stored.cast(pa.large_string()))
    except pa.ArrowInvalid:
        digits = pa.array([None if value is None else value.hex() for value in stored.to_pylist()], pa.large_string())
        return Column(name, digits, "bytes that are not UTF-8")


def _timestamps(array: pa.Array) -> pa.Array:
    """Instants in UTC, or times without a zone, in microseconds; those beyond the years 1 to 9999 at their limits.

    The name of the zone is left out: Parquet stores all instants in UTC."""
    unit = array.type.unit
    zone = "UTC" if array.type.tz is not None else None
    plain = array.cast(pa.timestamp(unit))
    if unit == "ns":
        return plain.cast(pa.timestamp("us"), safe=False).cast(pa.timestamp("us", zone))
    first, last = _FIRST_DAY * _PER_DAY[unit], (_LAST_DAY + 1) * _PER_DAY[unit] - 1
    limited = _within(plain.cast(pa.int64()), first, last).cast(pa.timestamp(unit))
    return limited.cast(pa.timestamp("us")).cast(pa.timestamp("us", zone))


def _within(numbers: pa.Array, first: int, last: int) -> pa.Array:
    bounds = pc.min_max(numbers)
    if bounds["min"].as_py() is None or (bounds["min"].as_py() >= first and bounds["max"].as_py() <= last):
        return numbers
    low, high = pa.scalar(first, numbers.type), pa.scalar(last, numbers.type)
    return pc.min_element_wise(pc.max_element_wise(numbers, low, skip_nulls=False), high, skip_nulls=False)


def _of_lists(name: str, array: pa.Array) -> Column:
    """Lists of plain values; for display, all other lists as texts."""
    if pa.types.is_map(array.type):
        return _displayed(name, array)
    entries = _stored(array.flatten())
    if pa.types.is_struct(entries.type) or is_list(entries.type):
        return _displayed(name, array)
    inner = _plain(name, entries)
    values = inner.values
    if pa.types.is_temporal(values.type):
        values = values.cast(pa.string())
    sizes = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]))
    lists = pa.LargeListArray.from_arrays(offsets, values, mask=array.is_null())
    return Column(name, lists, inner.unusable)


def _displayed(name: str, array: pa.Array) -> Column:
    """Values of a type that no mapping can use, as texts."""
    if array.null_count == len(array):
        return Column(name, pa.nulls(len(array), pa.large_string()))
    return Column(name, pa.array(map(_text, array), pa.large_string()), f"values of type {array.type}")


def _text(value: Any) -> str | None:
    try:
        plain = value.as_py()
        return None if plain is None else str(plain)
    except (ValueError, OverflowError):  # an instant that Python cannot hold
        return str(value)
