"""An S3 that answers what a test tells it to, one answer after the other, and then as it should."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.aws.local_server import LocalServer

CONTENT = b"what the object holds"
CUT = "cut"


@dataclass
class Script:
    """The answers still to be given, each an error code of S3 with its status, or CUT: half an object, and goodbye."""

    answers: list[tuple[str, int]]
    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def scripted_s3(answers: Sequence[tuple[str, int]]) -> Iterator[Script]:
    """Serves one object under every key, once the answers of the script are used up."""
    script = Script(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script.asked.append(self.path)
            code, status = script.answers.pop(0) if script.answers else ("", 200)
            body = f"<Error><Code>{code}</Code><Message>so it is written</Message></Error>".encode()
            self.send_response(status)
            if status == 200:
                body = CONTENT
                self.send_header("ETag", '"tag"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if code == CUT else body)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    with LocalServer(Handler) as server:
        script.url = server.url
        yield script
