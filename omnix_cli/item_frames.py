"""Items as the rows of a frame: a store writes them without making a dictionary of each.

A column is an attribute. Null means absent, for an attribute and for a field of a struct (a map); a null entry of a
list stays a null. Numbers are integers or `Decimal`: floats are refused, as they are in dictionaries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

Items = Iterable[Mapping[str, Any]] | pl.DataFrame
"""Items as dictionaries, or as the rows of a frame."""


def as_dictionaries(items: Items) -> Iterable[Mapping[str, Any]]:
    """The items, one by one."""
    return items_of(items) if isinstance(items, pl.DataFrame) else items


def items_of(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows as dictionaries."""
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    for row in frame.iter_rows(named=True):
        item = {name: value for name, value in row.items() if value is not None}
        for name in nested:
            if name in item:
                item[name] = _present(item[name])
        yield item


def _present(value: Any) -> Any:
    """The value without its absent fields."""
    if isinstance(value, dict):
        return {name: _present(part) for name, part in value.items() if part is not None}
    return [_present(part) for part in value] if isinstance(value, list) else value
