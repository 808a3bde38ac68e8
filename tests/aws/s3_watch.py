"""A proxy in front of an S3 that notes which right each request needs, whoever sends it: botocore or polars."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from tests.aws.local_server import LocalServer

ARN = "arn:aws:s3:::"
Right = tuple[str, str]
"""An action and the key it is done to, with its bucket; the bucket alone for what is done to all of it."""


def rights(method: str, address: str, body: bytes) -> Iterator[Right]:
    """What a request asks of IAM. Source: service authorization reference, "Actions defined by Amazon S3"."""
    place, _, query = address.partition("?")
    bucket, _, key = unquote(place).lstrip("/").partition("/")
    asked = parse_qs(query, keep_blank_values=True)
    if key:
        action = {"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}.get(method, "PutObject")
        if method == "DELETE" and "uploadId" in asked:
            action = "AbortMultipartUpload"
        yield f"s3:{action}", f"{ARN}{bucket}/{key}"
    elif method == "POST" and "delete" in asked:
        for name in re.findall(rb"<Key>(.*?)</Key>", body):
            yield "s3:DeleteObject", f"{ARN}{bucket}/{name.decode()}"
    elif method == "HEAD" or asked.get("list-type") == ["2"]:
        yield "s3:ListBucket", f"{ARN}{bucket}"
    elif method == "GET" and "uploads" in asked:
        yield "s3:ListBucketMultipartUploads", f"{ARN}{bucket}"
    else:
        raise AssertionError(f"nobody knows what right {method} {address} needs")


class S3Watch:
    """Its `url`, and the rights that were `used` by what came there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.used: set[Right] = set()


@contextmanager
def watched(upstream: str) -> Iterator[S3Watch]:
    """Passes everything on to the S3 at that address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self._body()
            watch.used.update(rights(self.command, self.path, body))
            connection = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=60)
            kept = {n: v for n, v in self.headers.items() if n.lower() not in ("expect", "connection")}
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            size = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(content))
            self.send_header("Content-Length", size)
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") == "chunked":
                raise AssertionError("a body without a length")
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with LocalServer(Handler) as server:
        watch = S3Watch(server.url)
        yield watch
