"""Items that are the rows of a frame, as DynamoDB JSON: written by polars, a column at a time.

    String, Enum, Categorical S · integers, Decimal N · Boolean BOOL · Binary B (base64) · List L · Struct M

It is the JSON of the same items as `wire` encodes them (see `item_frames` for what is absent), many times as fast.
polars writes an absent value as null; the nulls are then cut out of the text. Within a JSON text a quote is escaped, so
that what looks like an attribute is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from omnix_cli.stores.tables import TableSpec

_PIECE_ROWS = 10_000


def encoded_frame(spec: TableSpec, items: pl.DataFrame) -> Iterator[tuple[str, bytes]]:
    """The key and the JSON of each item. Raises ValueError for keys and index attributes as `TableSpec.check` does, and
    TypeError for a column that has no type in DynamoDB."""
    check_frame(spec, items)
    for piece in items.iter_slices(_PIECE_ROWS):
        yield from zip(piece[spec.key].to_list(), _encoded(piece).cast(pl.Binary).to_list(), strict=True)


def check_frame(spec: TableSpec, items: pl.DataFrame) -> None:
    """Raises ValueError for the first item that `TableSpec.check` refuses."""
    texts = items.select(name for name in (spec.key, *spec.index_attributes) if name in items.columns)
    are_texts = all(dtype in (pl.String, pl.Null) for dtype in texts.dtypes)
    if spec.key in texts.columns and are_texts:
        suspects = texts.filter(pl.any_horizontal(pl.all().cast(pl.String) == "") | pl.col(spec.key).is_null())
    else:
        suspects = texts if texts.width else items.head(1).select(pl.lit(None))
    for row in suspects.iter_rows(named=True):
        spec.check({name: value for name, value in row.items() if value is not None})


def _encoded(items: pl.DataFrame) -> pl.Series:
    absent: set[str] = set()
    attributes = [_attribute(pl.col(column.name), column, absent) for column in items]
    documents = items.select(pl.struct(attributes).struct.json_encode()).to_series()
    if absent:
        names = "|".join(re.escape(_quoted(name)) for name in sorted(absent))
        documents = documents.str.replace_all(f",(?:{names}):null", "")
        documents = documents.str.replace_all(rf"\{{(?:{names}):null,?", "{")  # of a map only the first is left by now
    return documents


def _attribute(value: pl.Expr, values: pl.Series, absent: set[str]) -> pl.Expr:
    """A value with its tag under its name, null where it is absent; `values` are those that it will have, and the names
    that may be null are added to `absent`."""
    tag, content = _tagged(value, values, absent)
    tagged = pl.struct(content.alias(tag))
    if values.null_count():
        absent.add(values.name)
        tagged = pl.when(value.is_not_null()).then(tagged)
    return tagged.alias(values.name)


def _entry(value: pl.Expr, values: pl.Series, absent: set[str]) -> pl.Expr:
    """An entry of a list with its tag, which is another one where it is null."""
    tag, content = _tagged(value, values, absent)
    if tag == "NULL" or not values.null_count():
        return pl.struct(content.alias(tag))
    absent |= {tag, "NULL"}
    return pl.struct(
        pl.when(value.is_not_null()).then(content).alias(tag), pl.when(value.is_null()).then(pl.lit(True)).alias("NULL")
    )


def _tagged(value: pl.Expr, values: pl.Series, absent: set[str]) -> tuple[str, pl.Expr]:
    """The tag of a value, and what comes after it."""
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
        entries = values.filter(values.list.len() > 0).explode()
        return "L", value.list.eval(_entry(pl.element(), entries, absent))
    if isinstance(dtype, pl.Struct):
        fields = ((value.struct.field(name), values.struct.field(name)) for name in dtype.to_schema())
        return "M", pl.struct([_attribute(field, found, absent) for field, found in fields])
    wanted = "a stored number must be an int or a Decimal, not the float" if dtype.is_float() else "cannot store"
    raise TypeError(f"{wanted} {values.name} ({dtype})")


def _quoted(name: str) -> str:
    """A name as polars writes it."""
    document: str = pl.select(pl.struct(pl.lit(None).alias(name)).struct.json_encode()).item()
    return document.removeprefix("{").removesuffix(":null}")
