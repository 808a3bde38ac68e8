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
_INTEGER_DIGITS = 20
"""Integers up to so many digits are written out, as orjson writes those that fit into 64 bits."""


def canonical(value: Any) -> bytes:
    """The text of a value: JSON with sorted names, where sets and binary values stand in a form that JSON lacks."""
    try:
        return orjson.dumps(value, default=_unknown, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer of more than 64 bits
        return orjson.dumps(_with_decimals(value), default=_unknown, option=orjson.OPT_SORT_KEYS)


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
    sign, all_digits, exponent = value.as_tuple()
    digits = "".join(map(str, all_digits)).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return "0"
    power = int(exponent) + len(digits) - len(significant)
    minus = "-" if sign else ""
    if power >= 0 and len(significant) + power <= _INTEGER_DIGITS:
        return f"{minus}{significant}{'0' * power}"
    return f"{minus}{significant}E{power}"


def _with_decimals(value: Any) -> Any:
    """The value with every integer as a Decimal."""
    if isinstance(value, Mapping):
        return {name: _with_decimals(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_with_decimals(part) for part in value]
    return Decimal(value) if type(value) is int else value
