"""Pages of a query: how many items one may have, and the cursor at which the next one begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence

import orjson

from omnix_cli.errors import BadPage

MAX_LIMIT = 500
"""The most items of one page of a query."""


def check_limit(limit: int) -> None:
    """Raises `BadPage` unless a page can have that many items."""
    if not 1 <= limit <= MAX_LIMIT:
        raise BadPage(f"the limit must be 1 to {MAX_LIMIT}, not {limit}", hint="Ask for the next page instead.")


def cursor_at(position: Sequence[str], *, query: Sequence[str]) -> str:
    """The cursor of a position: the texts that items are sorted by. It is one of this `query` only: of an index, a hash
    value and an order."""
    return base64.urlsafe_b64encode(orjson.dumps([_mark(query), *position])).decode()


def position_of(cursor: str, length: int, *, query: Sequence[str]) -> list[str]:
    """The position of a cursor. Raises `BadPage` unless it is one of the query, and has so many texts."""
    try:
        position = orjson.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        position = None
    is_position = isinstance(position, list) and len(position) == length + 1
    if not is_position or not all(isinstance(part, str) for part in position) or position[0] != _mark(query):
        raise BadPage(f"{cursor!r} is not a cursor of this query", hint="Use the cursor of the last page.")
    return list(position[1:])


def _mark(query: Sequence[str]) -> str:
    return hashlib.sha256(repr(tuple(query)).encode()).hexdigest()[:12]
