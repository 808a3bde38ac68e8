"""The JSON objects in a text: alone, fenced, with words around them, wrapped in another object, or as a text in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_DECODER = json.JSONDecoder()
_TRIES = 200
"""Places in a text where an object may begin: more than a damaged answer has, few enough to be quick."""
_DEPTH = 4
"""How deep an answer may be wrapped."""


def json_values(text: str) -> Iterator[Any]:
    """The objects and lists in a text, one after the other. Where the whole is cut off, the whole ones within it."""
    place = 0
    for _ in range(_TRIES):
        starts = [found for sign in "{[" if (found := text.find(sign, place)) >= 0]
        if not starts:
            return
        place = min(starts)
        try:
            value, place = _DECODER.raw_decode(text, place)
            yield value
        except (ValueError, RecursionError):
            place += 1


def is_whole(text: str) -> bool:
    """Whether the first object in a text is complete."""
    start = text.find("{")
    try:
        return start >= 0 and bool(_DECODER.raw_decode(text, start))
    except (ValueError, RecursionError):
        return False


def unwrapped(value: Any, wanted: str, depth: int = _DEPTH) -> list[dict[str, Any]]:
    """The objects with the key `wanted`: the value itself, those in a list, or those in an object or a JSON text that
    wraps them."""
    if isinstance(value, dict):
        if wanted in value:
            return [value]
        parts = list(value.values())
    elif isinstance(value, list):
        parts = value
    elif isinstance(value, str) and "{" in value:
        parts = list(json_values(value))
    else:
        return []
    return [found for part in parts for found in unwrapped(part, wanted, depth - 1)] if depth else []
