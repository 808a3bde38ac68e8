"""A server that speaks the protocol of S3 but not all of it: it ignores some conditions of a put, or refuses them."""

from __future__ import annotations

import http.client
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.aws.local_server import LocalServer

_REFUSAL = b"<Error><Code>NotImplemented</Code><Message>A header implies what is not implemented.</Message></Error>"


@contextmanager
def other_s3(upstream: str, *, ignores: Collection[str] = (), refuses: Collection[str] = ()) -> Iterator[str]:
    """Passes everything on to the S3 at that address, a put without the headers that it `ignores`; answers 501 to a put
    with one that it `refuses`. Gives its own address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.command == "PUT" and any(name in self.headers for name in refuses):
                self._answer(501, [], _REFUSAL)
                return
            dropped = ("expect", "connection", *(name.lower() for name in ignores if self.command == "PUT"))
            kept = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
            connection = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=60)
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            content = answer.read()
            size = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(content))
            self._answer(answer.status, answer.getheaders(), content, size)
            connection.close()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

        def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, size: str | None = None) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            self.send_header("Content-Length", size or str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with LocalServer(Handler) as server:
        yield server.url
