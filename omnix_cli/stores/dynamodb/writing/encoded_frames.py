"""Rows of a frame as DynamoDB JSON, written by polars one column at a time.

    String, Enum, Categorical S · integers, Decimal N · Boolean BOOL · Binary B (base64) · List L · Struct M

The JSON is the same as that of `wire` for the same items (`item_frames` says what is absent), but many times as fast.
polars writes an absent value as null; the nulls are then cut out of the text. Quotes inside JSON strings are escaped,
so what looks like an attribute is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from omnix_cli.stores.tables.specs import TableSpec

_CHUNK_ROWS = 5_000


def encoded_frame(spec: TableSpec, items: pl.DataFrame) -> Iterator[tuple[str, bytes]]:
    """The key and the JSON of each item. Raises ValueError for keys and index attributes as `TableSpec.check` does, and
    TypeError for a column that has no type in DynamoDB."""
    check_frame(spec, items)
    for chunk in items.iter_slices(_CHUNK_ROWS):
        yield from zip(chunk[spec.key].to_list(), _encoded(chunk).cast(pl.Binary).to_list(), strict=True)


def check_frame(spec: TableSpec, items: pl.DataFrame) -> None:
    """Raises ValueError for the first item that `TableSpec.check` rejects."""
    texts = items.select(name for name in (spec.key, *spec.index_attributes) if name in items.columns)
    are_texts = all(dtype in (pl.String, pl.Null) for dtype in texts.dtypes)
    if spec.key in texts.columns and are_texts:
        suspects = texts.filter(pl.any_horizontal(pl.all().cast(pl.String) == "") | pl.col(spec.key).is_null())
    else:
        suspects = texts if texts.width else items.head(1).select(pl.lit(None))
    for row in suspects.iter_rows(named=True):
        spec.check({name: value for name, value in row.items() if value is not None})


@dataclass
class _Nulls:
    """The names whose value may be null, and those of them that may come first in a map."""

    names: set[str] = field(default_factory=set)
    first: set[str] = field(default_factory=set)

    def cut_out(self, documents: pl.Series) -> pl.Series:
        """The documents without them."""
        if self.names:
            documents = documents.str.replace_all(f",(?:{_alternatives(self.names)}):null", "")
        if self.first:
            documents = documents.str.replace_all(rf"\{{(?:{_alternatives(self.first)}):null,?", "{")
        return documents


def _encoded(items: pl.DataFrame) -> pl.Series:
    nulls = _Nulls()
    item = _map([(pl.col(column.name), column) for column in items], nulls)
    return nulls.cut_out(items.select(item.struct.json_encode()).to_series())


def _map(fields: Sequence[tuple[pl.Expr, pl.Series]], nulls: _Nulls) -> pl.Expr:
    """A map of values with their tags, null where they are absent. Columns without a null go first and columns without
    a value are left out, so that there is less to cut."""
    some = [part for part in fields if part[1].null_count() < len(part[1])] or fields[:1]
    ordered = sorted(some, key=lambda part: part[1].null_count() > 0)
    nullable = [values.name for _, values in ordered if values.null_count()]
    nulls.names.update(nullable)
    if len(nullable) == len(ordered):
        nulls.first.update(nullable[:1])
    return pl.struct([_attribute(value, values, nulls) for value, values in ordered])


def _attribute(value: pl.Expr, values: pl.Series, nulls: _Nulls) -> pl.Expr:
    tag, content = _tagged(value, values, nulls)
    tagged = pl.struct(content.alias(tag))
    return (pl.when(value.is_not_null()).then(tagged) if values.null_count() else tagged).alias(values.name)


def _entry(value: pl.Expr, values: pl.Series, nulls: _Nulls) -> pl.Expr:
    """An entry of a list with its tag, which differs for a null."""
    tag, content = _tagged(value, values, nulls)
    if tag == "NULL" or not values.null_count():
        return pl.struct(content.alias(tag))
    nulls.names.add("NULL")
    nulls.first.add(tag)
    return pl.struct(
        pl.when(value.is_not_null()).then(content).alias(tag), pl.when(value.is_null()).then(pl.lit(True)).alias("NULL")
    )


def _tagged(value: pl.Expr, values: pl.Series, nulls: _Nulls) -> tuple[str, pl.Expr]:
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
        entries = values.filter(values.list.len() > 0).explode()
        return "L", value.list.eval(_entry(pl.element(), entries, nulls))
    if isinstance(dtype, pl.Struct) and dtype.fields:
        return "M", _map([(value.struct.field(name), values.struct.field(name)) for name in dtype.to_schema()], nulls)
    wanted = "a stored number must be an int or a Decimal, not the float" if dtype.is_float() else "cannot store"
    raise TypeError(f"{wanted} {values.name} ({dtype})")


def _alternatives(names: Iterable[str]) -> str:
    """A pattern of these names as polars writes them."""
    documents = (pl.select(pl.struct(pl.lit(None).alias(name)).struct.json_encode()).item() for name in sorted(names))
    return "|".join(re.escape(document.removeprefix("{").removesuffix(":null}")) for document in documents)
