"""Pages of a query: how many items one may have, and the cursor at which the next one begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

import orjson

from omnix_cli.errors import ConfigError

MAX_LIMIT = 500
"""The most items of one page of a query."""


def check_limit(limit: int) -> None:
    """Raises `ConfigError` unless a page can have that many items."""
    if not 1 <= limit <= MAX_LIMIT:
        raise ConfigError(f"the limit must be 1 to {MAX_LIMIT}, not {limit}", hint="Ask for the next page instead.")


def cursor_at(position: Any) -> str:
    """The cursor of a position, which is anything that JSON can express."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode()


def position_of(cursor: str, fits: Callable[[Any], bool]) -> Any:
    """The position of a cursor. Raises `ConfigError` for any other text, and for a position that does not fit the
    query."""
    try:
        position = orjson.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        position = None
    if not fits(position):
        raise ConfigError(f"{cursor!r} is not a cursor of this query", hint="Use the cursor of the last page.")
    return position
