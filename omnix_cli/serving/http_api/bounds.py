"""What a caller may use up: the rate of requests, the size of a body, and the time to send it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from omnix_cli.json_records import exact_json
from omnix_cli.serving.http_api.answers import TooMany

_MOST_CALLERS = 10_000
"""Callers whose use is remembered; of more, those who have been silent the longest are forgotten."""
_AT_ONCE = 2.0
"""Seconds of requests that may come at once."""


@dataclass
class Rates:
    """Token buckets, one for each caller: `per_second` requests on average, twice as many at once. Several threads may
    use it."""

    now: Callable[[], float] = time.monotonic
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, caller: str, per_second: float) -> None:
        """Counts a request. Raises `TooMany`."""
        now, most = self.now(), max(per_second * _AT_ONCE, 1.0)
        with self._lock:
            left, since = self._left.pop(caller, (most, now))
            left = min(most, left + (now - since) * per_second)
            self._left[caller] = (left - 1 if left >= 1 else left, now)
            if len(self._left) > _MOST_CALLERS:
                self._left.popitem(last=False)
        if left < 1:
            raise TooMany("this caller sends too many requests", seconds=(1 - left) / per_second)


async def read_body(request: Request, *, most_bytes: int, seconds: float) -> bytes:
    """The body of a request. Raises 413 as soon as it is too large, 408 if it takes too long."""
    stated = request.headers.get("content-length", "0")
    if stated.isdigit() and int(stated) > most_bytes:
        raise HTTPException(413, f"the body may have at most {most_bytes:,} bytes")
    content = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                content += chunk
                if len(content) > most_bytes:
                    raise HTTPException(413, f"the body may have at most {most_bytes:,} bytes")
    except TimeoutError as error:
        raise HTTPException(408, "the body did not arrive in time") from error
    except ClientDisconnect as error:  # nobody reads this; the log and the figures say so
        raise HTTPException(400, "the body ended too early") from error
    return bytes(content)


def check_kind(headers: Mapping[str, str]) -> None:
    """Raises 415 for a body that is something else than plain JSON in UTF-8. A packed one is not unpacked: a few
    kilobytes may be gigabytes."""
    kind, _, parameters = headers.get("content-type", "").lower().partition(";")
    kind = kind.strip()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HTTPException(415, "the body must be application/json")
    charset = Message()
    charset["content-type"] = f"text/plain;{parameters}"
    if charset.get_content_charset("utf-8") not in ("utf-8", "utf8", "us-ascii"):
        raise HTTPException(415, "the body must be in UTF-8")
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise HTTPException(415, "the body must not be packed", {"Accept-Encoding": "identity"})


def parse_body(content: bytes) -> Any:
    """The JSON of a body. Raises 400 for what is not JSON."""
    try:
        return exact_json.loads(content)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the body is not JSON: {error}") from error
