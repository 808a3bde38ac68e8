"""A service of AWS whose every answer is an error with a message of the test's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from xml.sax.saxutils import escape

from tests.aws.local_server import LocalServer


@contextmanager
def hostile_service(code: str, message: str, status: int = 400) -> Iterator[str]:
    """The address. Speaks JSON to DynamoDB's and Bedrock's clients, XML to those of S3."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            speaks_json = "x-amz-target" in self.headers or "/model" in self.path
            xml = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
            body = (json.dumps({"__type": code, "message": message}) if speaks_json else xml).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            if speaks_json:
                self.send_header("x-amzn-errortype", code)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    with LocalServer(Handler) as server:
        yield server.url
