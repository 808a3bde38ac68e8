"""Items as JSON text: readable, and every number comes back as the int or Decimal it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

_DECODER = json.JSONDecoder(parse_float=Decimal)


def encode(item: Mapping[str, Any]) -> str:
    """The item as JSON. A Decimal is written digit by digit (`3.50`, and `3E0` where it would read as an int).

    Raises TypeError for a binary float, ValueError for a number that is none; DynamoDB refuses both."""
    _refuse_floats(item.values())
    return orjson.dumps(item, default=_number).decode()


def decode(document: str) -> dict[str, Any]:
    """The item written by `encode`."""
    item: dict[str, Any] = _DECODER.decode(document)
    return item


def _refuse_floats(values: Iterable[Any]) -> None:
    for value in values:
        kind = type(value)
        if kind is dict:
            _refuse_floats(value.values())
        elif kind is list:
            _refuse_floats(value)
        elif kind is float:
            raise TypeError(f"a stored number must be an int or a Decimal, not the float {value!r}")


def _number(value: object) -> orjson.Fragment:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} cannot be stored")
    if not value.is_finite():
        raise ValueError(f"{value} cannot be stored")
    digits = str(value)
    return orjson.Fragment(digits if "." in digits or "E" in digits else f"{digits}E0")
