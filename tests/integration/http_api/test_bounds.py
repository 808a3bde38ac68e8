"""What a caller may use up: rates, bodies, time. And how the server starts and ends."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.serving.http_api.bounds import Rates
from omnix_cli.serving.http_api.server import check_address
from omnix_cli.settings import ApiSettings
from omnix_cli.stores.sqlite.store import SqliteStore
from tests.integration.http_api.doors import SERVICE, Door, Process, bearer, keyed, serving

REGISTER = "/v1/customers/register"


def client_of(server: Process) -> closing[http.client.HTTPConnection]:
    """A connection to the server."""
    return closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30))


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_caller_who_asks_too_often_waits(tmp_path: Path) -> None:
    clock = Seconds()
    door = Door(tmp_path, keyed(customer_requests=2), Rates(clock))
    ask = [door.call("GET", "/recommendations/trending", headers=bearer("zoe")).status_code for _ in range(5)]
    assert ask == [200] * 4 + [429]
    assert door.call("GET", "/recommendations/trending", headers=bearer("max")).status_code == 200
    assert door.call("GET", "/recommendations/trending", headers=bearer(*SERVICE)).status_code == 200
    refused = door.call("GET", "/recommendations/trending", headers=bearer("zoe"))
    assert (refused.json()["error"], refused.headers["retry-after"]) == ("too_many_requests", "1")
    clock.now += 0.5
    again = [door.call("GET", "/recommendations/trending", headers=bearer("zoe")).status_code for _ in range(2)]
    assert again == [200, 429]


def test_guessing_tokens_has_a_rate_of_its_own(tmp_path: Path) -> None:
    door = Door(tmp_path, keyed(customer_requests=2), Rates(Seconds()))
    wrong = {"Authorization": "Bearer guess"}
    answers = [door.call("GET", "/recommendations/trending", headers=wrong).status_code for _ in range(5)]
    assert answers == [401] * 4 + [429]
    assert door.call("GET", "/recommendations/trending", headers=bearer("zoe")).status_code == 200


def test_a_body_that_is_too_large_is_refused(tmp_path: Path) -> None:
    door = Door(tmp_path, ApiSettings(max_body_bytes=1_024))
    body = json.dumps({"customerId": "zoe", "demographics": {"location": "x" * 2_000}}).encode()
    kind = {"content-type": "application/json"}
    assert door.call("POST", REGISTER, content=body, headers=kind).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    assert door.call("POST", REGISTER, content=chunks(), headers=kind).status_code == 413
    assert door.store.expected_items("customer-profiles") == 0


@pytest.mark.parametrize(
    ("kind", "encoding", "status"),
    [
        ("application/json", None, 201),
        ("application/json; charset=UTF-8", "identity", 201),
        ('Application/Vnd.Shop+JSON; x=y; charset="utf-8"', None, 201),
        ("application/json; charset=latin-1", None, 415),
        ("application/json", "gzip", 415),
        ("application/json", "gzip, identity", 415),
        ("text/plain", None, 415),
        ("", None, 415),
    ],
)
def test_a_body_is_plain_json_in_utf_8(tmp_path: Path, kind: str, encoding: str | None, status: int) -> None:
    """A packed body is refused before it is read: 10 kB may be 10 MB."""
    headers = {"content-type": kind} | ({"content-encoding": encoding} if encoding else {})
    body = gzip.compress(b" " * 10_000_000) if encoding == "gzip" else b'{"customerId": "zoe"}'
    answer = Door(tmp_path).call("POST", REGISTER, content=body, headers=headers)
    assert (answer.status_code, answer.headers.get("accept-encoding")) == (
        status,
        "identity" if encoding and status == 415 else None,
    )
    assert status == 201 or answer.json()["error"] == "not_json"


@pytest.mark.parametrize(
    ("written", "status"),
    [("1", 200), ("500", 200), ("007", 200)]
    + [(one, 422) for one in ("0", "-1", "501", "abc", "", "9" * 5_000, "1.0", "1_0", "+5", "%201", "1e2", "%D9%A3")],
)
def test_a_limit_is_a_whole_number_within_its_bounds(tmp_path: Path, written: str, status: int) -> None:
    answer = Door(tmp_path).call("GET", f"/v1/customers/zoe/purchases?limit={written}")
    assert answer.status_code == status
    if status == 422:
        (detail,) = answer.json()["details"]
        assert detail["field"] == "limit" and not detail["reason"].startswith("Input")


@pytest.mark.parametrize(
    "body",
    ['{"age": 1e99999999999999999999}', '{"age": 1e400}', f'{{"age": {"9" * 5_000}}}', '{"location": "\\ud800"}'],
)
def test_numbers_and_texts_that_nothing_can_hold_are_refused(tmp_path: Path, body: str) -> None:
    content = f'{{"customerId": "zoe", "demographics": {body}}}'.encode()
    answer = Door(tmp_path).call("POST", REGISTER, content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json().keys() == {"error", "message", "details", "requestId"}


def test_deep_documents_are_refused(tmp_path: Path) -> None:
    door = Door(tmp_path)
    body = b'{"customerId": "zoe", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = door.call("POST", REGISTER, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "malformed")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "omnix.example.com"])
def test_without_a_key_it_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(ConfigError, match="this machine only"):
        check_address(ApiSettings(host=host))
    check_address(keyed(host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_it_says_that_no_key_is_set(host: str, caplog: pytest.LogCaptureFixture) -> None:
    check_address(ApiSettings(host=host))
    assert "no key is set" in caplog.text


def test_slow_clients_are_answered_and_let_go(tmp_path: Path) -> None:
    with serving(tmp_path, API__RECEIVE_SECONDS="0.5") as server:
        head = b"POST /v1/customers/register HTTP/1.1\r\nHost: a\r\n"
        body = b"Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        for sent in (b"", b"GET /hea", head, head + body):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
                client.sendall(sent)
                started = time.monotonic()
                assert b" 408 " in client.recv(4_096).split(b"\r\n")[0], sent
                assert time.monotonic() - started < 5
        with client_of(server) as calls:
            for _ in range(3):  # an idle connection that is kept alive is no slow one
                time.sleep(0.7)
                calls.request("GET", "/healthz")
                answered = calls.getresponse()
                assert (answered.status, answered.read()) == (200, b'{"status":"ok"}')


@pytest.mark.parametrize(
    "sent", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/x\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n"]
)
def test_what_is_no_request_is_answered(tmp_path: Path, sent: bytes) -> None:
    with serving(tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            client.sendall(sent)
            assert client.recv(4_096).startswith(b"HTTP/1.1 4")
        with client_of(server) as calls:
            calls.request("GET", "/healthz")
            assert calls.getresponse().status == 200


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_accepted_write_is_never_lost(tmp_path: Path, how: signal.Signals) -> None:
    """Several clients write until the server ends; whatever was answered with 201 is in the store."""
    accepted: list[str] = []
    with serving(tmp_path) as server:

        def write(number: int) -> None:
            gone = contextlib.suppress(OSError, http.client.HTTPException)
            with client_of(server) as client, gone:
                for count in range(10_000):
                    name = f"c{number}-{count}"
                    body = json.dumps({"customerId": name})
                    client.request("POST", REGISTER, body, {"Content-Type": "application/json"})
                    answer = client.getresponse()
                    answer.read()
                    if answer.status == 201:
                        accepted.append(name)

        writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for writer in writers:
            writer.start()
        while len(accepted) < 100:
            time.sleep(0.01)
        server.process.send_signal(how)
        code = server.process.wait(timeout=40)
        for writer in writers:
            writer.join()
    assert code in (0, 130, -signal.SIGKILL)
    with closing(SqliteStore(tmp_path / "workspace" / "store.sqlite")) as store:
        there = {item["customerId"] for item in store.scan("customer-profiles")}
    assert set(accepted) <= there
    assert len(there) <= len(accepted) + 4, "no more than one write of each client had no answer"
