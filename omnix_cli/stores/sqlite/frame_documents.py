"""Rows of a frame as documents, each with the values that `documents.decode` reads from what `encode` writes of it.

String, Enum, Categorical text · integers, Decimal number (with a point or an exponent) · Boolean · List · Struct
"""

from __future__ import annotations

import polars as pl
from polars.datatypes import DataTypeClass

from omnix_cli.stores.sqlite.documents import SIGN
from omnix_cli.stores.tables.json_frames import Nulls, entries_of, fields_of, json_rows, map_of

_NUMBER = "\0"
"""Ends the name of a decimal until its digits, which polars writes as a text, are taken out of their quotes. In JSON
text no other name ends so: the names of a frame are asked before."""


def frame_documents(items: pl.DataFrame) -> pl.Series | None:
    """The document of each row; None for a frame with something that only `encode` can write or refuse: binary values,
    floats, decimals that are entries of lists, and names that would be mistaken."""
    if not all(_is_writable(name, dtype) for name, dtype in items.schema.items()):
        return None
    return json_rows(items, _attribute).str.replace_all(r'\\u0000":"([^"]*)"', '":$1')


def _is_writable(name: str, dtype: pl.DataType | DataTypeClass, *, in_list: bool = False) -> bool:
    if _NUMBER in name:
        return False
    if isinstance(dtype, pl.List):
        return _is_writable("", dtype.inner, in_list=True)
    if isinstance(dtype, pl.Struct):
        fields = dtype.fields
        return bool(fields) and all(
            not field.name.startswith(SIGN) and _is_writable(field.name, field.dtype) for field in fields
        )
    if dtype.is_decimal():
        return not in_list
    return dtype.is_integer() or isinstance(dtype, pl.String | pl.Enum | pl.Categorical | pl.Boolean | pl.Null)


def _attribute(value: pl.Expr, values: pl.Series, nulls: Nulls) -> pl.Expr:
    name = values.name
    return _content(value, values, nulls).alias(f"{name}{_NUMBER}" if values.dtype.is_decimal() else name)


def _content(value: pl.Expr, values: pl.Series, nulls: Nulls) -> pl.Expr:
    dtype = values.dtype
    if isinstance(dtype, pl.Decimal):
        digits = value.cast(pl.String)
        return digits if dtype.scale else digits + "E0"
    if isinstance(dtype, pl.List):
        return value.list.eval(_content(pl.element(), entries_of(values), nulls))
    if isinstance(dtype, pl.Struct):
        made = map_of(fields_of(value, values), _attribute, nulls)
        return pl.when(value.is_not_null()).then(made) if values.null_count() else made
    return value.cast(pl.String) if isinstance(dtype, pl.Enum | pl.Categorical) else value
