"""One text for equal items: what `omnix tables verify` compares, and a copy to know what need not be written.

Numbers count by value (3.50 is 3.5, 3.0 is 3), sets and maps without regard to order, everything else as it is: a text
is no number, a list no set, an attribute that is null not one that is absent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

DIGEST_BYTES = 16


def canonical(value: Any) -> bytes:
    """The text of a value: JSON with sorted names, where sets and binary values stand in a form that JSON lacks."""
    try:
        return orjson.dumps(value, default=_unknown, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer of more than 64 bits
        return orjson.dumps(_spelt(value), default=_unknown, option=orjson.OPT_SORT_KEYS)


def checksum(item: Mapping[str, Any]) -> bytes:
    """The hash of an item's canonical text."""
    return hashlib.blake2b(canonical(item), digest_size=DIGEST_BYTES).digest()


def differing_attributes(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    """The attributes that only one item has, or that differ."""
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
    """All digits, none of them in vain: what orjson writes for an integer."""
    digits = f"{value:f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def _spelt(value: Any) -> Any:
    """The value with its integers written out."""
    if isinstance(value, Mapping):
        return {name: _spelt(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_spelt(part) for part in value]
    return orjson.Fragment(str(value)) if type(value) is int else value
