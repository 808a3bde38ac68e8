"""Items as the rows of a frame: what a store takes beside dictionaries, and is written without making any.

A column is an attribute. What is null is absent, an attribute as well as a field of a struct (a map); an entry of a
list that is null is a null. Numbers are integers or `Decimal`; a float is no more welcome than in a dictionary.
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
    """The items that the rows stand for."""
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    for row in frame.iter_rows(named=True):
        item = {name: value for name, value in row.items() if value is not None}
        for name in nested:
            if name in item:
                item[name] = _present(item[name])
        yield item


def _present(value: Any) -> Any:
    """The value without what is absent in it."""
    if isinstance(value, dict):
        return {name: _present(part) for name, part in value.items() if part is not None}
    return [_present(part) for part in value] if isinstance(value, list) else value
