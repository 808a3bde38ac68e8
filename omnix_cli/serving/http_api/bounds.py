"""What a caller may use up: the rate of requests, the size of a body, and the time to send it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

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
            raise TooMany("this caller asks too often", seconds=(1 - left) / per_second)


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
        raise HTTPException(408, "the body did not come in time") from error
    return bytes(content)


def parse_body(content: bytes, content_type: str) -> Any:
    """The JSON of a body. Raises 415 for another type, 400 for what is not JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HTTPException(415, "the body must be application/json")
    try:
        return exact_json.loads(content)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"the body is not JSON: {error}") from error
