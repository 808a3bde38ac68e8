"""Equal items give equal texts: `omnix tables verify` compares them, and a copy skips items that are already there.

Numbers are compared by value (3.50 is 3.5, 3.0 is 3), sets and maps in any order, everything else by type and value: a
text is not a number, a list is not a set, and a null attribute is not a missing one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

DIGEST_BYTES = 16


def canonical(value: Any) -> bytes:
    """The text of a value: JSON with sorted names, and forms of its own for sets and binary values."""
    try:
        return orjson.dumps(value, default=_unknown, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer of more than 64 bits
        return orjson.dumps(_spelt(value), default=_unknown, option=orjson.OPT_SORT_KEYS)


def checksum(item: Mapping[str, Any]) -> bytes:
    """The hash of an item's canonical text."""
    return hashlib.blake2b(canonical(item), digest_size=DIGEST_BYTES).digest()


def differing_attributes(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    """The attributes that differ, or that only one of the items has."""
    return sorted(
        name
        for name in left.keys() | right.keys()
        if name not in left or name not in right or canonical(left[name]) != canonical(right[name])
    )


def _unknown(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(_number(value))
    if isinstance(value, bytes):
        return orjson.Fragment(b"b" + orjson.dumps(value.hex()))
    if isinstance(value, set | frozenset):
        return orjson.Fragment(b"s[%b]" % b",".join(sorted(map(canonical, value))))
    raise TypeError(f"{type(value).__name__} is not a value of an item")


def _number(value: Decimal) -> str:
    """The digits without trailing zeros, as orjson writes an integer."""
    digits = f"{value:f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def _spelt(value: Any) -> Any:
    """The value with its integers as text, of any size."""
    if isinstance(value, Mapping):
        return {name: _spelt(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_spelt(part) for part in value]
    return orjson.Fragment(str(value)) if type(value) is int else value
