"""What may answer in place of a service of AWS: a captive portal, a proxy, a web server, something that is none.

A proxy in front of an emulator gives these answers from a certain request on, or to one request only.
"""

from __future__ import annotations

import gzip
import http.client
import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tests.aws.local_server import LocalServer

_PORTAL = b"<!DOCTYPE html><html><head><title>Welcome to the Wi-Fi</title></head><body>Log in</body></html>"
_KEY = {"id": {"S": "a"}}


@dataclass(frozen=True)
class Strange:
    """An answer that the service does not give: as status, headers and content, or as bytes on the connection."""

    name: str
    status: int = 200
    content: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes | None = None

    @property
    def is_plausible(self) -> bool:
        """Whether the service may have answered so: nobody can know that it did not."""
        return b'[{"id": {"S"' in self.content


def _json(name: str, value: Any, status: int = 200) -> Strange:
    return Strange(
        f"{status} {name}", status, json.dumps(value).encode(), (("Content-Type", "application/x-amz-json-1.0"),)
    )


def _pages() -> Sequence[Strange]:
    html = (("Content-Type", "text/html"),)
    statuses = (200, 204, 206, 300, 400, 401, 403, 404, 405, 407, 408, 409, 411, 413, 415, 418, 424, 429, 431, 451)
    later = (500, 501, 502, 503, 504, 511, 599)
    return (
        *(Strange(f"{status} page", status, b"" if status == 204 else _PORTAL, html) for status in (*statuses, *later)),
        *(Strange(f"{status} empty", status) for status in (*statuses, *later)),
        *(
            Strange(f"{status} to {to or 'nowhere'}", status, _PORTAL, (*html, ("Location", to)))
            for status in (301, 302, 303, 307, 308)
            for to in ("http://127.0.0.1:1/login", "/login", "")
        ),
    )


def _values() -> Sequence[Strange]:
    values: tuple[Any, ...] = (
        [],
        {},
        None,
        7,
        "text",
        True,
        [{}],
        {"message": None},
        {"Message": [1]},
        {"a": {"b": 1}},
    )
    codes: tuple[Any, ...] = (7, None, [], {}, "", "#", "Unknown#Odd", "ReplicatedWriteConflictException")
    return (
        *(_json(json.dumps(value), value, status) for value in values for status in (200, 400, 403, 500)),
        *(_json(f"__type {code!r}", {"__type": code, "message": code}, 400) for code in codes),
    )


def _tables() -> Sequence[Strange]:
    odd: tuple[Any, ...] = (None, [], {}, "x", 7, [7], [None], {"x": 7}, [{"id": 7}], [{"id": {"X": 1}}], [{"id": {}}])
    names = ("Table", "Items", "Item", "Responses", "UnprocessedItems", "UnprocessedKeys", "LastEvaluatedKey")
    more = ("ConsumedCapacity", "TableNames", "Count")
    return (
        *(_json(f"{name} {value!r}", {name: value}) for name in (*names, *more) for value in odd),
        *(
            _json(f"item and {name} {value!r}", {"Item": _KEY, "Items": [_KEY], name: value})
            for name in names
            for value in odd
        ),
        _json("odd table", {"Table": {"TableStatus": 7, "KeySchema": "x", "GlobalSecondaryIndexes": {"a": 1}}}),
    )


def _replies() -> Sequence[Strange]:
    odd: tuple[Any, ...] = (
        None,
        [],
        {},
        "x",
        7,
        [7],
        {"message": None},
        {"message": {"content": "x"}},
        {"message": []},
    )
    names = ("output", "usage", "stopReason", "metrics", "jobArn", "status", "invocationJobSummaries", "inputTokens")
    return tuple(_json(f"{name} {value!r}", {name: value}) for name in names for value in odd)


def _xml() -> Sequence[Strange]:
    names = ("ListBucketResult", "Error", "DeleteResult", "InitiateMultipartUploadResult", "html", "Contents")
    inside = (
        "",
        "<Contents/>",
        "<Contents><Key>a</Key><Size>many</Size></Contents>",
        "<Code/><Message/>",
        "<Code>X</Code>",
    )
    texts = (f"<{name}>{part}</{name}>".encode() for name in names for part in inside)
    xml = (("Content-Type", "application/xml"),)
    dates = (("Last-Modified", "yesterday"), ("ETag", ""), ("x-amz-checksum-sha256", "?"))
    return (
        *(Strange(f"xml {text[:40]!r}", status, text, xml) for text in texts for status in (200, 404, 500)),
        Strange("odd headers", 200, b"abc", dates),
        Strange("an object without a tag", 200, b"abc"),
    )


def _connections() -> Sequence[Strange]:
    ok = b"HTTP/1.1 200 OK\r\n"
    return (
        Strange("gzip", 200, gzip.compress(b"{}")),
        Strange("gzip that is none", 200, b"{}", (("Content-Encoding", "gzip"),)),
        Strange("bytes", 200, bytes(range(256))),
        Strange("half JSON", 200, b'{"Items": [{"id": {"S": "'),
        Strange("deep JSON", 200, b"[" * 50_000 + b"]" * 50_000),
        Strange("an odd checksum", 200, b"{}", (("x-amz-crc32", "abc"),)),
        *(
            Strange(f"raw {raw[:30]!r}", raw=raw)
            for raw in (
                *(b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"\x15\x03\x01\x00\x02\x02", b"HTTP/0.9 200\r\n\r\n", b"\r\n\r\n"),
                *(ok + b"Content-Length: abc\r\n\r\n{}", ok + b"Content-Length: -1\r\n\r\n{}", ok + b"\r\n{}"),
                *(ok + b"Content-Length: 99\r\n\r\n{}", ok + b"Content-Length: 1\r\n\r\n{}", ok + b"X" * 70_000),
                ok + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                *(b"HTTP/1.1 abc\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n"),
                *(b"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
                ok + b"no colon\r\nContent-Length: 2\r\n\r\n{}",
            )
        ),
    )


ANSWERS: dict[str, tuple[Strange, ...]] = {
    "dynamodb": (*_pages(), *_values(), *_tables(), *_connections()),
    "bedrock": (*_pages(), *_values(), *_replies(), *_connections()),
    "s3": (*_pages(), *_xml(), *_values()[:8], *_connections()),
}
"""By service."""


class StrangeProxy(LocalServer):
    """Listens on `url` while it is entered, and passes requests on unless `arm` says otherwise."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self._lock = threading.Lock()
        self._answer, self._first, self._only_once, self._count = Strange(""), -1, False, 0
        super().__init__(type("Handler", (_Handler,), {"proxy": self}))

    def arm(self, answer: Strange, first: int, *, only_once: bool) -> None:
        """Gives this answer to the request of that number (from 0), and unless `only_once` to all that follow."""
        with self._lock:
            self._answer, self._first, self._only_once, self._count = answer, first, only_once, 0

    def disarm(self) -> None:
        """Passes everything on."""
        self.arm(Strange(""), -1, only_once=True)

    def chosen(self) -> Strange | None:
        """What to answer to the next request; None to pass it on."""
        with self._lock:
            number, self._count = self._count, self._count + 1
            is_due = number == self._first if self._only_once else 0 <= self._first <= number
            return self._answer if is_due else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: ClassVar[StrangeProxy]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        strange = self.proxy.chosen()
        with suppress(OSError):  # the client may be gone
            if strange is None:
                self._pass_on(body)
            elif strange.raw is not None:
                self.wfile.write(strange.raw)
                self.close_connection = True
            else:
                self._answer(strange.status, strange.content, strange.headers)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST

    def _pass_on(self, body: bytes) -> None:
        upstream = http.client.HTTPConnection(self.proxy.upstream, timeout=60)
        try:
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            left_out = ("content-length", "transfer-encoding", "connection", "date", "server")
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in left_out]
            length = answer.headers.get("Content-Length") if self.command == "HEAD" else None
            self._answer(answer.status, answer.read(), headers, length)
        finally:
            upstream.close()

    def _answer(
        self, status: int, content: bytes, headers: Sequence[tuple[str, str]], length: str | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""
