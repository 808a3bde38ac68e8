"""Items as JSON text: readable, and every value comes back as it was.

Values that JSON cannot express are objects with one name that begins with `$`:

    bytes {"$binary": "<base64>"} · set {"$set": [...]} · a map that would be mistaken for one of these {"$map": {...}}
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import NoneType
from typing import Any

import orjson

_DECODER = json.JSONDecoder(parse_float=Decimal)
_BINARY, _SET, _MAP = "$binary", "$set", "$map"
SIGN = "$"
"""Begins the name of an object that stands for a value."""
_SIGNED = f'{{"{SIGN}'
_SIMPLE = (str, Decimal, bool, NoneType, bytes)


def encode(item: Mapping[str, Any]) -> str:
    """The item as JSON. A Decimal is written digit by digit (`3.50`, and `3E0` where it would read as an int).

    Raises TypeError for a binary float, ValueError for a number that is not finite and for a set that is empty or
    mixed; DynamoDB rejects all of them."""
    plain = _is_plain(item.values())
    return orjson.dumps(item if plain else _spelt(item), default=_in_json).decode()


def decode(document: str) -> dict[str, Any]:
    """The item written by `encode`. Raises ValueError or TypeError for a text that it did not write."""
    item: dict[str, Any] = _DECODER.decode(document)
    if type(item) is not dict:
        raise ValueError(f"{document[:80]!r} is not an item")
    return {name: _read(value) for name, value in item.items()} if _SIGNED in document else item


def _is_plain(values: Iterable[Any]) -> bool:
    """Whether orjson and `_in_json` can write the values unchanged. Raises what `encode` does."""
    plain = True
    for value in values:
        kind = type(value)
        if kind in _SIMPLE:
            continue
        if kind is dict:
            plain &= _is_plain(value.values()) and not _is_mistakable(value)
        elif kind in (list, tuple):
            plain &= _is_plain(value)
        elif kind in (set, frozenset):
            plain &= _is_plain(value)
            kinds = {Decimal if type(part) is int else type(part) for part in value}
            if len(kinds) != 1 or not kinds <= {str, Decimal, bytes}:
                raise ValueError("a set must hold texts, numbers or bytes, of one kind and at least one")
        elif kind is int:
            plain &= -(2**63) <= value < 2**64
        elif kind is float:
            raise TypeError(f"a stored number must be an int or a Decimal, not the float {value!r}")
    return plain


def _is_mistakable(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(SIGN)


def _spelt(value: Any) -> Any:
    """The value with integers of more than 64 bits as digits and mistakable maps marked as maps."""
    if isinstance(value, Mapping):
        return {name: _marked(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(part) for part in value]
    if isinstance(value, set | frozenset):
        return _in_json(value)
    return orjson.Fragment(str(value)) if type(value) is int else value


def _marked(value: Any) -> Any:
    spelt = _spelt(value)
    return {_MAP: spelt} if isinstance(value, Mapping) and _is_mistakable(value) else spelt


def _in_json(value: object) -> Any:
    """A value that orjson cannot write."""
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, bytes):
        return {_BINARY: base64.b64encode(value).decode()}
    if isinstance(value, set | frozenset):
        return {_SET: [_spelt(part) for part in sorted(value)]}
    raise TypeError(f"{type(value).__name__} cannot be stored")


def _number(value: Decimal) -> orjson.Fragment:
    if not value.is_finite():
        raise ValueError(f"{value} cannot be stored")
    digits = str(value)
    return orjson.Fragment(digits if "." in digits or "E" in digits else f"{digits}E0")


def _read(value: Any) -> Any:
    """The value of a piece of JSON."""
    if isinstance(value, list):
        return [_read(part) for part in value]
    if not isinstance(value, dict):
        return value
    if _is_mistakable(value):
        ((name, content),) = value.items()
        if name == _BINARY and isinstance(content, str):
            return base64.b64decode(content)
        if name == _SET and isinstance(content, list):
            return {_read(part) for part in content}
        if name == _MAP and isinstance(content, dict):
            value = content
    return {name: _read(part) for name, part in value.items()}
