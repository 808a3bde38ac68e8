"""JSON objects that show damage: the field `sha256` is the checksum of all other fields.

The checksum is that of the content, so a file may be indented in another way. Objects of omnix 0.1 have none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

SEAL = "sha256"

_Record = TypeVar("_Record")


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The object with its checksum."""
    return {**content, SEAL: _checksum(content)}


def as_sealed_json(content: Mapping[str, Any]) -> bytes:
    """The content of a file with this object."""
    return json.dumps(sealed(content), indent=1, ensure_ascii=False).encode() + b"\n"


def from_sealed_json(content: bytes, validate: Callable[[dict[str, Any]], _Record]) -> _Record:
    """What `validate` makes of the object in a file. Raises ValueError when the file is damaged."""
    return unsealed(parsed(content), validate)


def unsealed(content: Any, validate: Callable[[dict[str, Any]], _Record]) -> _Record:
    """What `validate` makes of an object without its checksum. Raises ValueError when it is another object than the one
    that was sealed; `validate` comes first, since it knows the objects of a newer release."""
    if not isinstance(content, dict):
        raise ValueError(f"it should be an object, not {str(content)[:40]}")
    fields = {name: value for name, value in content.items() if name != SEAL}
    record = validate(fields)
    if content.get(SEAL, _checksum(fields)) != _checksum(fields):
        raise ValueError("it differs from its checksum")
    return record


def parsed(content: bytes) -> Any:
    """Any JSON. Raises ValueError, also for JSON that is nested too deeply."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def reason(error: ValueError) -> str:
    """Why an object cannot be read, in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg'].removeprefix('Value error, ')}" if where else first["msg"]


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps({name: value for name, value in content.items() if name != SEAL}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
