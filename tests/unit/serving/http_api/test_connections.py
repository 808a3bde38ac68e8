from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from omnix_cli.serving.http_api.connections import deadlines


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.ended = b"", ""

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def is_closing(self) -> bool:
        return bool(self.ended)

    def pause_reading(self) -> None:
        """Nothing is read here."""


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    """Answers nothing."""


def after(use: Callable[[Any], None], *, seconds: float = 0.05) -> Transport:
    """The transport of a connection a little later than the deadline."""

    async def connection() -> Transport:
        config = uvicorn.Config(nobody, lifespan="off", log_config=None)
        config.load()
        protocol = deadlines(seconds)(config=config, server_state=ServerState(), app_state={})
        transport = Transport()
        protocol.connection_made(transport)
        use(protocol)
        await asyncio.sleep(0.1)
        ended = transport.ended
        protocol.connection_lost(None)
        transport.ended = ended
        return transport

    return asyncio.run(connection())


def test_who_sends_no_headers_is_told_and_let_go() -> None:
    for sent in (b"", b"GET / HT"):
        late = after(lambda protocol, sent=sent: protocol.data_received(sent) if sent else None)
        assert (late.written.split(b"\r\n")[0], late.ended) == (b"HTTP/1.1 408 Request Timeout", "closed")


def test_who_is_in_time_is_not() -> None:
    assert after(lambda protocol: None, seconds=10).ended == ""


def test_who_does_not_read_is_let_go() -> None:
    def stall(protocol: Any) -> None:
        protocol._stop_waiting()
        protocol.pause_writing()
        protocol.pause_writing()

    assert after(stall).ended == "aborted"

    def go_on(protocol: Any) -> None:
        stall(protocol)
        protocol.resume_writing()

    assert after(go_on).ended == ""


def test_who_closes_the_own_side_has_asked_nothing_or_gets_an_answer() -> None:
    asked = []

    def close(protocol: Any) -> None:
        asked.append(protocol.eof_received())
        protocol.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        asked.append(protocol.eof_received())
        asked.append(protocol.cycle.keep_alive)

    after(close, seconds=10)
    assert asked == [False, True, False]
