"""Connections of HTTP/1.1 whose clients cannot hold them for ever, and whose answers reach who says goodbye early."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.h11_impl import H11Protocol

from omnix_cli.json_records import exact_json
from omnix_cli.serving.http_api.answers import Problem, error_document
from omnix_cli.serving.http_api.every_request import SAFE_HEADERS, new_id

_TOO_LATE = Problem(408, "too_slow"), "the headers did not come in time"
_NO_REQUEST = Problem(400, "malformed"), "this is not a request of HTTP/1.1"


def deadlines(seconds: float) -> type[H11Protocol]:
    """The protocol for uvicorn with so many seconds for the headers of a request, and for going on to read an answer;
    uvicorn alone waits for ever."""
    return type("Deadlines", (_Deadlines,), {"seconds": seconds})


class _Deadlines(H11Protocol):
    seconds = 0.0
    _waiting: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waiting = self.loop.call_later(self.seconds, self._give_up)

    def data_received(self, data: bytes) -> None:
        if self._waiting is None and (self.cycle is None or self.cycle.response_complete):
            self._waiting = self.loop.call_later(self.seconds, self._give_up)  # the next request of the connection
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._stop_waiting()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keeps the connection for the answer, where the client has sent all it will send (half-closed)."""
        if self.cycle is None or self.cycle.more_body or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return True

    def send_400_response(self, msg: str) -> None:
        """Answers what is no request; where an answer is under way already, the connection just ends."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_answer(*_NO_REQUEST))
        self.transport.close()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read."""
        self._stop_unread()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        self._stop_unread()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.write(_answer(*_TOO_LATE))
            self.transport.close()


def _answer(problem: Problem, message: str) -> bytes:
    """The bytes of an error that no application has seen, with the headers that all answers have."""
    request_id = new_id()
    body = exact_json.dumps(error_document(problem, message, request_id))
    headers = (
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request_id.encode()),
        *SAFE_HEADERS,
    )
    lines = [b"HTTP/1.1 %d %s" % (problem.status, HTTPStatus(problem.status).phrase.encode())]
    return b"\r\n".join([*lines, *(b"%s: %s" % header for header in headers), b"", body])
