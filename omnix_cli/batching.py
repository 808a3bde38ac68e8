"""A stream of values, a limited number at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Value = TypeVar("_Value")


def batched(values: Iterable[_Value], size: int) -> Iterator[list[_Value]]:
    """Lists of `size` values, the last one shorter; each is read only when asked for (`itertools.batched` of Python
    3.12, but with lists)."""
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch
