"""What happens around every request: its id and path, the headers of every answer, HEAD, one log line, and the figures
of /metrics."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from omnix_cli.serving.http_api.answers import Problem, answered, failed

_log = logging.getLogger(__name__)
_GIVEN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        b"frame-ancestors 'none'",
    ),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NOT_KEPT = (b"cache-control", b"no-store")
MOST_AT_ONCE = 1_000
"""Requests that are answered at the same time; more are refused at once, rather than all of them late."""
_METHODS = {"GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}
"""Those with figures of their own: a caller may invent any number of others."""
_KEPT_ENCODED = re.compile("%(2f|25)", re.IGNORECASE)
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


def new_id() -> str:
    """The id of a request that brought none."""
    return uuid4().hex


class Figures:
    """What /metrics shows: requests and seconds by endpoint. An endpoint is a pattern, so no id of a customer is in
    it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "endpoint")
        self.requests = Counter(
            "omnix_requests", "Requests that were answered.", (*labels, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "omnix_request_seconds", "Seconds to the answer.", labels, buckets=_BUCKETS, registry=self.registry
        )
        self.dropped_lines = Counter(
            "omnix_log_lines_dropped", "Log lines that nobody read in time.", registry=self.registry
        )
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    def note(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Counts a request. The figures of its labels are looked up once."""
        labels = (method, endpoint, status)
        found = self._children.get(labels)
        if found is None:
            found = self._children[labels] = (self.requests.labels(*labels), self.seconds.labels(method, endpoint))
        found[0].inc()
        found[1].observe(seconds)


class EveryRequest:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, figures: Figures, clock: Callable[[], float] = time.perf_counter) -> None:
        self.app, self.figures, self._clock = app, figures, clock
        self._busy = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = dict(scope["headers"])
        given = sent.get(b"x-request-id", b"").decode("latin-1")
        is_head = scope["method"] == "HEAD"  # answered as GET, without the body (RFC 9110, 9.3.2)
        scope = {
            **scope,
            "request_id": given if _GIVEN_ID.fullmatch(given) else new_id(),
            "method": "GET" if is_head else scope["method"],
            "path": _path(scope),
        }
        started, status, begun = self._clock(), 500, False

        async def answer(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                headers: list[tuple[bytes, bytes]] = list(message["headers"])
                headers += ((b"x-request-id", scope["request_id"].encode()), *SAFE_HEADERS)
                if all(name.lower() != _NOT_KEPT[0] for name, _ in headers):
                    headers.append(_NOT_KEPT)
                message = {**message, "headers": headers}
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        self._busy += 1
        try:
            await (_refusal(scope, sent, self._busy) or self.app)(scope, receive, answer)
        except Exception as error:
            if not begun:
                await failed(Request(scope), error)(scope, receive, answer)
            # What was answered already is in the log; the server would write it there again, with data of customers.
        finally:
            self._busy -= 1
            self._note(scope, status, self._clock() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        endpoint, method = _endpoint(scope), scope["method"] if scope["method"] in _METHODS else "other"
        self.figures.note(method, endpoint, status, seconds)
        _log.info(
            "%s %s %s in %.1f ms", method, endpoint, status, seconds * 1000, extra={"request_id": scope["request_id"]}
        )


def _refusal(scope: Scope, sent: Mapping[bytes, bytes], busy: int) -> ASGIApp | None:
    """The answer to a request that is not looked at."""
    if busy > MOST_AT_ONCE:
        full = Problem(503, "unavailable")
        return answered(Request(scope), full, "too many requests at once", headers={"Retry-After": "1"})
    if b"transfer-encoding" in sent and b"content-length" in sent:
        # A proxy may have gone by the other one, and what follows may be no request of its own (RFC 9112, 6.1).
        twofold = Problem(400, "malformed")
        return answered(Request(scope), twofold, "the body has two lengths", headers={"Connection": "close"})
    return None


def _path(scope: Scope) -> str:
    """The path with a slash inside a part still encoded, so that an id may have one: `/customers/a%2Fb` has two parts.
    Every other character is decoded, but the percent sign, which would be mistaken; `decoded` undoes both."""
    raw: bytes | None = scope.get("raw_path")
    if raw is None:
        return str(scope.get("path", ""))
    kept = _KEPT_ENCODED.sub(lambda found: f"%25{found[1].upper()}", raw.decode("latin-1"))
    try:
        return unquote(kept, errors="strict")
    except UnicodeDecodeError:
        return kept  # bytes that are no text are in no id either: `decoded` says so


def decoded(part: str) -> str:
    """A part of a path as the text that it stands for. Raises ValueError for bytes that are no text."""
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError as error:
        raise ValueError("must be UTF-8") from error


def _endpoint(scope: Scope) -> str:
    route: Any = scope.get("route")
    return str(getattr(route, "path", "unknown"))
