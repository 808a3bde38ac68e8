"""The values of a JSON document as texts: numbers as they are written, extended JSON of MongoDB as plain values."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

LEVELS = 100
"""How deep values may be nested."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UUIDS = ("3", "03", "4", "04")
"""The subtypes of binary values that are UUIDs."""


class UnreadableDocument(ValueError):
    """Why a document is not a row."""


class _Number(str):
    """A number with a fraction or an exponent, as it is written."""

    __slots__ = ()


def parsed(text: bytes) -> Any:
    """The value of a JSON text, with its fractions as they are written. Raises `UnreadableDocument`."""
    try:
        if b"\\u" in text:
            orjson.loads(text)  # refuses half of a surrogate pair, which the decoder below lets pass
        return _DECODER.decode(text.decode())
    except UnreadableDocument:
        raise
    except UnicodeDecodeError:
        raise UnreadableDocument("not UTF-8") from None
    except RecursionError:
        raise UnreadableDocument("nested too deeply") from None
    except ValueError:
        raise UnreadableDocument("not JSON") from None


def flattened(document: dict[str, Any], prefix: str = "", level: int = 1) -> dict[str, str | None]:
    """The values of an object by their paths. Raises `UnreadableDocument`."""
    flat: dict[str, str | None] = {}
    expected = len(document)
    for name, value in document.items():
        if isinstance(value, dict) and (value := _plain(value)).__class__ is dict:
            if level == LEVELS:
                raise UnreadableDocument("nested too deeply")
            inner = flattened(value, f"{prefix}{name}.", level + 1)
            flat.update(inner)
            expected += len(inner) - 1
        else:
            flat[prefix + name] = _text(value)
    if len(flat) != expected:
        raise UnreadableDocument("two values with the same path")
    return flat


def _text(value: Any) -> str | None:
    if value is None or value.__class__ is str:
        return value
    if isinstance(value, _Number):
        number = float(value)
        if number.is_integer() and abs(number) < 2**53 and Decimal(value) == number:
            return str(int(number))  # an id that went through a float
        return str(value)
    return _json(value, 1)


def _json(value: Any, level: int) -> str:
    """A value as JSON, its numbers as they are written."""
    if level > LEVELS:
        raise UnreadableDocument("nested too deeply")
    if isinstance(value, dict):
        value = _plain(value)
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        parts = (f"{_quoted(name)}:{_json(part, level + 1)}" for name, part in value.items())
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_json(part, level + 1) for part in value) + "]"
    return str(value) if value.__class__ is int else _quoted(value)


def _quoted(value: Any) -> str:
    return orjson.dumps(value).decode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableDocument("an object has a key twice")
    return found


def _constant(word: str) -> None:
    raise UnreadableDocument(f"not JSON: {word}")


_DECODER = json.JSONDecoder(parse_float=_Number, parse_constant=_constant, object_pairs_hook=_object)


def _plain(value: dict[str, Any]) -> Any:
    """The value that an object of MongoDB's extended JSON stands for; any other object as it is."""
    tag = next(iter(value), "")
    if tag[:1] != "$" or tag not in _EXTENDED:
        return value
    if value.keys() - {tag} - {"$type"}:
        return value
    return _EXTENDED[tag](value)


def _number(value: dict[str, Any]) -> Any:
    (written,) = value.values()
    return _Number(written) if isinstance(written, str) and "." in written and _is_number(written) else written


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _first(value: dict[str, Any]) -> Any:
    return next(iter(value.values()))


def _date(value: dict[str, Any]) -> Any:
    """An instant as ISO 8601, from a text or from milliseconds since 1970."""
    when = value["$date"]
    if isinstance(when, dict):
        when = when.get("$numberLong")
    try:
        milliseconds = int(when)
    except (TypeError, ValueError):
        return when
    return _instant(milliseconds)


def _timestamp(value: dict[str, Any]) -> Any:
    parts = value["$timestamp"]
    seconds = parts.get("t") if isinstance(parts, dict) else None
    return _instant(seconds * 1000) if isinstance(seconds, int) else value


def _instant(milliseconds: int) -> str:
    """An instant as ISO 8601; only the number if no calendar has it."""
    try:
        return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError:
        return str(milliseconds)


def _binary(value: dict[str, Any]) -> Any:
    content: Any = value["$binary"]
    subtype = value.get("$type")
    if isinstance(content, dict):
        content, subtype = content.get("base64"), content.get("subType")
    try:
        stored = base64.b64decode(content, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return content
    return str(uuid.UUID(bytes=stored)) if str(subtype) in _UUIDS and len(stored) == 16 else content


def _nothing(_: dict[str, Any]) -> None:
    return None


_EXTENDED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "$numberDecimal": _number,
    "$numberDouble": _number,
    "$numberInt": _number,
    "$numberLong": _number,
    "$oid": _first,
    "$uuid": _first,
    "$symbol": _first,
    "$date": _date,
    "$timestamp": _timestamp,
    "$binary": _binary,
    "$undefined": _nothing,
}
"""How the tagged values of canonical, relaxed and older extended JSON are read."""
