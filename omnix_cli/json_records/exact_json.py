"""JSON whose numbers stay exact: money comes as `Decimal`, never as a binary float."""

from __future__ import annotations

import base64
import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 32
"""How deep a document may be nested."""
MAX_DIGITS = 1_000
"""How long a number may be: reading the digits of a whole one takes time that grows with their square."""
_TEXT_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)


def loads(text: str | bytes) -> Any:
    """The value of a document: whole numbers as int, others as Decimal. Raises ValueError for a text that is no JSON,
    for NaN and infinities, for a name that an object has twice, and for one nested deeper than `MAX_DEPTH`."""
    written = text.decode("utf-8") if isinstance(text, bytes) else text
    if _depth(written) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    return json.loads(
        written, parse_float=_decimal, parse_int=_whole, parse_constant=_no_number, object_pairs_hook=_unique
    )


def dumps(value: Any) -> bytes:
    """The value as a document: a Decimal as a number with its digits. Raises TypeError for what JSON cannot hold."""
    try:
        return orjson.dumps(value, default=_written)
    except TypeError:  # orjson writes no integers of more than 64 bits
        return orjson.dumps(_spelt(value), default=_written)


def canonical(value: Any) -> bytes:
    """The same bytes for equal values, whatever the order of the names and the zeros at the end of a number: a store
    may give them back otherwise than it got them."""
    try:
        return orjson.dumps(value, default=_shortest, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return orjson.dumps(_spelt(value), default=_shortest, option=orjson.OPT_SORT_KEYS)


def _shortest(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        written = f"{value:f}"
        shortest = written.rstrip("0").rstrip(".") if "." in written else written
        return orjson.Fragment("0" if not value else shortest)
    return _written(value)


def _spelt(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _spelt(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_spelt(part) for part in value]
    return orjson.Fragment(str(value)) if type(value) is int else value


def _written(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, bytes):  # as the AWS CLI writes them
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _whole(digits: str) -> int:
    return int(_not_too_long(digits))


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(_not_too_long(digits))
    except InvalidOperation as error:
        raise ValueError("a number has an exponent that is out of range") from error


def _not_too_long(digits: str) -> str:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS:,} digits")
    return digits


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is given twice")
    return values


def _depth(text: str) -> int:
    """The deepest nesting, counted by brackets outside texts: the parser would use up the stack first."""
    depth = deepest = 0
    for token in _TEXT_OR_BRACKET.findall(text):
        if token in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in "]}":
            depth -= 1
    return deepest
