"""Rows of a frame as JSON objects, written by polars one column at a time: many times as fast as item by item.

`item_frames` says what is absent. polars writes an absent value as null; the nulls are then cut out of the text. Quotes
inside JSON strings are escaped, so what looks like an attribute is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress

import polars as pl


@dataclass
class Nulls:
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


Attribute = Callable[[pl.Expr, pl.Series, Nulls], pl.Expr]
"""Makes the attribute of a map from an expression and its values: with a name, and null where it is absent."""


def json_rows(items: pl.DataFrame, attribute: Attribute) -> pl.Series:
    """Each row as the text of a JSON object."""
    nulls = Nulls()
    item = map_of([(pl.col(column.name), column) for column in items], attribute, nulls)
    return nulls.cut_out(items.select(item.struct.json_encode()).to_series())


def fields_of(value: pl.Expr, values: pl.Series) -> list[tuple[pl.Expr, pl.Series]]:
    """The fields of a struct as the parts of a map."""
    return [(value.struct.field(name), values.struct.field(name)) for name in values.struct.fields]


def entries_of(values: pl.Series) -> pl.Series:
    """The entries of all lists."""
    return values.filter(values.list.len() > 0).explode()


def map_of(fields: Sequence[tuple[pl.Expr, pl.Series]], attribute: Attribute, nulls: Nulls) -> pl.Expr:
    """A map of attributes. Columns without a value are left out, so that there is less to cut."""
    some = [part for part in fields if part[1].null_count() < len(part[1])] or fields[:1]
    attributes = [attribute(value, values, nulls) for value, values in some]
    has_null = [values.null_count() > 0 for _, values in some]
    nulls.names.update(made.meta.output_name() for made in compress(attributes, has_null))
    if has_null[0]:
        nulls.first.add(attributes[0].meta.output_name())
    return pl.struct(attributes)


def _alternatives(names: Iterable[str]) -> str:
    """A pattern of these names as polars writes them."""
    documents = (pl.select(pl.struct(pl.lit(None).alias(name)).struct.json_encode()).item() for name in sorted(names))
    return "|".join(re.escape(document.removeprefix("{").removesuffix(":null}")) for document in documents)
