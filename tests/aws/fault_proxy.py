"""A DynamoDB that misbehaves: a proxy in front of an emulator that spoils requests by chance, from a seed."""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

FAULTS = (
    *("throttled", "unprocessed", "server_error", "dropped_before", "dropped_after", "cut", "corrupted", "delayed"),
    "strange",
)
"""Refused for the load; a part of a batch left over; 5xx; the connection closed before or after the request was carried
out; half an answer; a wrong checksum; late; an answer that DynamoDB never gives."""
STRANGE: tuple[tuple[int, bytes], ...] = (
    *((200, body) for body in (b"", b" ", b"[]", b"null", b'"yes"', b"17", b"<html><body>Welcome</body></html>")),
    *((200, body) for body in (b"{}", b'{"Items":{},"Count":0}', b'{"Responses":[],"UnprocessedKeys":null}')),
    *((status, b"") for status in (408, 424, 429, 502)),
    *((status, b"[]") for status in (408, 503)),
    (400, b'{"__type":"com.amazonaws.dynamodb.v20120810#ReplicatedWriteConflictException","message":"not now"}'),
    (400, b'{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","Message":"not now"}'),
)
"""What proxies and load balancers answer in the place of DynamoDB, and its own rarer refusals for a while."""
_ALWAYS_SAYS = {
    *("BatchGetItem", "BatchWriteItem", "DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive"),
    *("Query", "Scan"),
}
"""Operations whose answers always have a certain part; to others, any object is an answer."""
DELAY_SECONDS = 0.02
_LISTS: dict[str, tuple[str, Callable[[Any], list[Any]], Callable[[Any, list[Any]], Any]]] = {
    "BatchWriteItem": ("UnprocessedItems", lambda part: part, lambda part, some: some),
    "BatchGetItem": ("UnprocessedKeys", lambda part: part["Keys"], lambda part, some: {**part, "Keys": some}),
}


class FaultProxy:
    """Listens on `url` while it is entered; `counts` tells how often it did what, `requests` included."""

    def __init__(
        self,
        upstream: str,
        *,
        share: float = 0.3,
        faults: Sequence[str] = FAULTS,
        seed: int = 0,
        strange: Sequence[tuple[int, bytes]] = STRANGE,
    ) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.counts: Counter[str] = Counter()
        self._share, self._faults, self._strange = share, faults, strange
        self._random, self._lock = random.Random(seed), threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self._server.daemon_threads = False  # closing waits for what is being answered
        self.connections: set[socket.socket] = set()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FaultProxy:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        with self._lock:
            for connection in list(self.connections):
                with suppress(OSError):  # closed by the client already
                    connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def fault(self, operation: str, body: bytes) -> str | None:
        """What befalls this request."""
        with self._lock:
            self.counts["requests"] += 1
            chosen = self._random.choice(self._faults) if self._random.random() < self._share else None
            if chosen == "unprocessed" and operation not in _LISTS:
                return None
            self.counts.update([chosen] if chosen else [])
            return chosen

    def strange_answer(self, operation: str) -> tuple[int, bytes]:
        """An answer that means nothing for this operation."""
        some = [one for one in self._strange if one[0] != 200 or operation in _ALWAYS_SAYS or one[1][:1] != b"{"]
        with self._lock:
            return self._random.choice(some or [(502, b"")])

    def chance(self) -> float:
        """A number from 0 to 1."""
        with self._lock:
            return self._random.random()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: ClassVar[FaultProxy]

    def setup(self) -> None:
        super().setup()
        self.proxy.connections.add(self.connection)
        self.upstream = http.client.HTTPConnection(self.proxy.upstream, timeout=60)

    def finish(self) -> None:
        self.proxy.connections.discard(self.connection)
        self.upstream.close()
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        fault = self.proxy.fault(operation, body)
        if fault == "throttled":
            codes = ("ProvisionedThroughputExceededException", "ThrottlingException")
            self._refuse(400, codes[self.proxy.chance() < 0.5])
        elif fault == "server_error":
            self._refuse(500, "InternalServerError") if self.proxy.chance() < 0.5 else self._refuse(503, "Unavailable")
        elif fault == "dropped_before":
            self.close_connection = True
        elif fault == "strange":
            self._answer(*self.proxy.strange_answer(operation), None)
        else:
            self._pass_on(operation, body, fault)

    def _pass_on(self, operation: str, body: bytes, fault: str | None) -> None:
        if fault == "delayed":
            threading.Event().wait(DELAY_SECONDS)
        left: dict[str, Any] = {}
        if fault == "unprocessed":
            body, left = self._halved(operation, body)
        status, answer = self._forward(body)
        if left:
            answer = json.dumps({**json.loads(answer), _LISTS[operation][0]: left}).encode()
        if fault == "dropped_after":
            self.close_connection = True
        else:
            self._answer(status, answer, fault)

    def _halved(self, operation: str, body: bytes) -> tuple[bytes, dict[str, Any]]:
        """A batch less some of its requests (never all), and those."""
        request = json.loads(body)
        _, requests_of, with_requests = _LISTS[operation]
        done, left = {}, {}
        for table, part in request["RequestItems"].items():
            requests = requests_of(part)
            cut = 1 + int(self.proxy.chance() * (len(requests) - 1))
            done[table] = with_requests(part, requests[:cut])
            if requests[cut:]:
                left[table] = with_requests(part, requests[cut:])
        return json.dumps({**request, "RequestItems": done}).encode(), left

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        headers = {name: self.headers[name] for name in ("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date")}
        self.upstream.request("POST", "/", body, headers)
        answer = self.upstream.getresponse()
        return answer.status, answer.read()

    def _refuse(self, status: int, code: str) -> None:
        content = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "not now"}
        self._answer(status, json.dumps(content).encode(), None)

    def _answer(self, status: int, content: bytes, fault: str | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-amz-crc32", str(zlib.crc32(content) ^ (fault == "corrupted")))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if fault == "cut" else content)
        self.close_connection = self.close_connection or fault == "cut"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""
