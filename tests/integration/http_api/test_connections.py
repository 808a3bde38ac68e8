"""Connections that are idle, half closed, pipelined, or full of headers; and names that lead here from elsewhere."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from omnix_cli.cli.store_commands import serve
from omnix_cli.settings import ApiSettings
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.integration.http_api.doors import Door, Process, serving

GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /v1/customers/register HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with serving(tmp_path_factory.mktemp("connections")) as server:
        yield server


ONE_SHAPE = {"error", "message", "details", "requestId"}


def connect(server: Process) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def answer(server: Process, sent: bytes, *, half_close: bool = False) -> bytes:
    """All that comes back until the server closes or says nothing for half a second."""
    with connect(server) as client:
        client.sendall(sent)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        client.settimeout(0.5)
        received = b""
        try:
            while more := client.recv(65_536):
                received += more
        except (TimeoutError, ConnectionResetError):
            pass
        return received


def is_well(server: Process) -> bool:
    return b" 200 OK" in answer(server, GET + b"Connection: close\r\n\r\n")


def is_in_the_one_shape(received: bytes, status: int, error: str) -> bool:
    """Whether an answer of the server itself is like those of the application."""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    document = json.loads(body)
    return (
        int(first.split()[1]) == status
        and document.keys() == ONE_SHAPE
        and (document["error"], document["requestId"]) == (error, headers["x-request-id"])
        and (headers["content-type"], headers["connection"]) == ("application/json", "close")
        and (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    )


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nno number\r\n",
    ],
)
def test_what_is_no_request_is_refused_in_the_one_shape(server: Process, sent: bytes) -> None:
    assert is_in_the_one_shape(answer(server, sent), 400, "malformed")
    assert is_well(server)


def test_who_is_too_slow_is_told_so_in_the_one_shape(tmp_path: Path) -> None:
    with serving(tmp_path, API__RECEIVE_SECONDS="0.2") as server:
        assert is_in_the_one_shape(answer(server, b"GET /hea"), 408, "too_slow")


def test_a_client_that_leaves_in_the_middle_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    body, door = (
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}],
        Door(tmp_path),
    )
    headers = [(b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/customers/register",
        "query_string": b"",
        "headers": headers,
    }

    async def receive() -> Any:
        return body.pop(0)

    async def send(message: Any) -> None:
        assert message.get("status", 400) == 400

    with caplog.at_level("INFO"):
        asyncio.run(door.app(scope, receive, send))
    assert [record.levelname for record in caplog.records if record.name.startswith("omnix_cli")] == ["INFO"]


def test_a_body_that_will_be_too_large_is_refused_before_it_comes(server: Process) -> None:
    received = answer(server, POST + b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n")
    assert received.split()[1] == b"413" and b'"error":"too_large"' in received


def test_a_request_in_progress_is_answered_after_sigterm(tmp_path: Path) -> None:
    body = b'{"customerId": "last"}'
    with serving(tmp_path) as server, connect(server) as client:
        client.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body[:5])
        assert is_well(server), "and our request is being read"
        server.process.send_signal(signal.SIGTERM)
        with suppress(OSError):
            while is_well(server):
                time.sleep(0.05)
        time.sleep(0.5)
        client.sendall(body[5:])
        assert client.recv(4_096).startswith(b"HTTP/1.1 201 Created")
        assert server.process.wait(timeout=30) in (0, 130)


def test_requests_one_after_the_other_without_waiting(server: Process) -> None:
    first = b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    head = b"HEAD /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    received = answer(server, first + head + (GET + b"\r\n") * 20)
    assert re.findall(rb"HTTP/1\.1 (\d+)", received) == [b"404", b"200"] + [b"200"] * 20


def test_a_client_that_has_said_all_is_answered(server: Process) -> None:
    assert b" 200 OK" in answer(server, GET + b"\r\n", half_close=True)
    body = b'{"customerId": "half"}'
    head = b"POST /v1/customers/register HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    sent = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert b" 201 Created" in answer(server, sent, half_close=True)
    assert answer(server, b"GET /hea", half_close=True) in (b"", b"HTTP/1.1 400 Bad Request")
    assert is_well(server)


def test_who_does_not_read_the_answer_is_let_go(tmp_path: Path) -> None:
    """Otherwise such a client would hold what was written for it, for ever."""
    lines = [{"productId": f"p{n}", "unitPrice": 1, "review": "x" * 5_000} for n in range(400)]
    with closing(SqliteStore(tmp_path / "workspace" / "store.sqlite")) as store:
        Door(tmp_path, opened=store).side.add_purchases("zoe", lines)
    with serving(tmp_path, API__RECEIVE_SECONDS="1") as server, connect(server) as client:
        asked = 20
        request = b"GET /v1/customers/zoe/purchases?limit=500 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        client.sendall(request * asked)
        time.sleep(4)
        received = 0
        with suppress(ConnectionResetError):
            while more := client.recv(1_000_000):
                received += len(more)
        assert 1_000_000 < received < asked * 2_000_000
        assert is_well(server)


def test_a_thousand_idle_connections_keep_nobody_out(server: Process) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(2_048, hard)), hard))
    try:
        with ExitStack() as idle:
            for _ in range(1_000):
                idle.enter_context(connect(server))
            for _ in range(3):
                started = time.monotonic()
                assert is_well(server)
                assert time.monotonic() - started < 5
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert is_well(server)


@pytest.mark.parametrize(
    "sent",
    [
        GET + b"X: " + b"x" * 1_000_000 + b"\r\n\r\n",
        GET + b"".join(b"X-%d: x\r\n" % number for number in range(50_000)) + b"\r\n",
        GET.replace(b"/healthz", b"/" + b"a" * 1_000_000) + b"\r\n",
        GET + b"X: x\r\n" * 3_000 + b" folded\r\n" * 20_000 + b"\r\n",
    ],
    ids=["a long one", "many", "a long path", "folded"],
)
def test_a_flood_of_headers_is_cut_off(server: Process, sent: bytes) -> None:
    with connect(server) as client:
        received = b""
        try:
            client.sendall(sent)
            received = client.recv(4_096)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it hung up while we were still talking
        assert received == b"" or received.split()[1] in (b"400", b"431")
    assert is_well(server)


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: +5\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Host: elsewhere\r\n",
    ],
)
def test_a_length_that_two_servers_would_read_differently_is_refused(server: Process, headers: bytes) -> None:
    """What is smuggled past a proxy would be a second request."""
    smuggled = b"0\r\n\r\n" + GET + b"\r\n"
    request = b"POST /v1/customers/register HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    received = answer(server, request + headers + b"\r\n" + smuggled)
    assert received.startswith(b"HTTP/1.1 4") or b"501" in received[:20]
    assert b" 200 OK" not in received
    assert is_well(server)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8080", 200),
        ("[::1]:8080", 200),
        ("127.8.8.8", 200),
        ("evil.example.com", 403),
        ("evil.example.com:8080", 403),
        ("127.0.0.1.evil.example.com", 403),
        ("localhost.evil.example.com", 403),
        ("127.0.0.1@evil.example.com", 403),
        ("192.0.2.1", 403),
        ("omnix:8080", 200),
        ("", 200),
    ],
)
def test_without_a_key_a_name_from_elsewhere_does_not_lead_here(server: Process, host: str, status: int) -> None:
    request = f"GET /recommendations/trending HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    received = answer(server, request.encode())
    assert int(received.split()[1]) == status
    assert b"evil" not in received


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.example.com", 403),
        ("http://127.0.0.1:9", 403),
        ("null", 403),
        ("http://127.0.0.1:{port}", 404),
        ("https://shop.example.com", 404),
        (None, 404),
    ],
)
def test_without_a_key_pages_of_other_sites_do_nothing(tmp_path: Path, origin: str | None, status: int) -> None:
    """A browser sends what a page of another site tells it to, also to this machine."""
    door = Door(tmp_path, ApiSettings(cors_origins=("https://shop.example.com",)), local_only=True)
    headers = {"Host": "127.0.0.1:7"} | ({"Origin": origin.format(port=7)} if origin else {})
    for method, path in (("GET", "/v1/customers/zoe/profile"), ("PATCH", "/v1/customers/zoe/consent")):
        assert door.call(method, path, headers=headers, json={}).status_code == status


def test_what_fails_around_the_application_is_answered_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(tmp_path)

    async def broken(*arguments: Any) -> None:
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(door.app, "app", broken)
    answered = door.call("GET", "/healthz")
    assert (answered.status_code, answered.json()["error"], "1234" in answered.text) == (500, "internal", False)
    assert answered.headers["x-content-type-options"] == "nosniff"


def test_more_requests_than_it_can_answer_are_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door(tmp_path)
    monkeypatch.setattr(door.app, "_busy", 1_000)
    answered = door.call("GET", "/v1/customers/zoe/profile")
    assert (answered.status_code, answered.json()["error"], answered.headers["retry-after"]) == (
        503,
        "unavailable",
        "1",
    )
    monkeypatch.setattr(door.app, "_busy", 999)
    assert door.call("GET", "/v1/customers/zoe/profile").status_code == 404


def test_the_command_refuses_what_others_reach(tmp_path: Path) -> None:
    assert serve.app.registered_commands
    command = [sys.executable, "-m", "omnix_cli", "serve", "--host", "0.0.0.0", "--workspace", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "this machine only" in done.stderr) == (2, True)
