"""How a request reaches DynamoDB: over kept-alive connections signed by hand, or through boto3's client.

Both take a request as the JSON of DynamoDB's protocol, and return the answer as such. The first one is several times as
fast, because it does not check every attribute against the service model; the second one is the reference.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import orjson

from omnix_cli.stores.dynamodb.client.answers import check, parsed
from omnix_cli.stores.dynamodb.client.errors import ServiceError, from_botocore
from omnix_cli.stores.dynamodb.client.signing import Signer

CONTENT_TYPE = "application/x-amz-json-1.0"
TARGET = "DynamoDB_20120810"
TIMEOUT_SECONDS = 30.0
_RECEIVED_AT_ONCE = 1 << 18
_LONGEST_HEAD = 1 << 16
_CONTENT = "OmnixContent"
_UNCONDITIONAL = ("BatchWriteItem", "UpdateItem")

Request = Mapping[str, Any] | bytes
"""A request as DynamoDB's JSON: as values, or already encoded."""


class Transport(Protocol):
    """Sends one request, once. Raises `ServiceError`."""

    def __call__(self, operation: str, request: Request) -> dict[str, Any]: ...
    def raw(self, operation: str, request: Request) -> bytes:
        """The answer as JSON that was not parsed yet."""

    def close(self) -> None: ...


class Answer(NamedTuple):
    """An answer over a connection; the names of the headers are in lower case."""

    status: int
    headers: dict[bytes, bytes]
    content: bytes


@dataclass(frozen=True)
class Endpoint:
    """Where the service is."""

    url: str
    ca_bundle: str | bool | None = None
    """The certificates to trust instead of those of the system; False trusts any."""

    @property
    def host(self) -> str:
        """The host, with its port if it is not the usual one."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def connect(self) -> socket.socket:
        """A new connection."""
        parts = urlsplit(self.url)
        address = (parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443))
        connection = socket.create_connection(address, TIMEOUT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if parts.scheme == "http":
            return connection
        context = ssl.create_default_context(cafile=self.ca_bundle if isinstance(self.ca_bundle, str) else None)
        if self.ca_bundle is False:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(connection, server_hostname=address[0])


@dataclass
class SignedTransport:
    """Reuses connections and signs requests by hand. Implements `Transport`."""

    endpoint: Endpoint
    signer: Signer
    now: Callable[[], datetime]
    _idle: list[socket.socket] = field(default_factory=list)

    def __call__(self, operation: str, request: Request) -> dict[str, Any]:
        answer = parsed(self.raw(operation, request))
        check(operation, answer)
        return answer

    def raw(self, operation: str, request: Request) -> bytes:
        body = request if isinstance(request, bytes) else orjson.dumps(request)
        headers = self.signer.headers(f"{TARGET}.{operation}", body, self.now())
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n"
        try:
            answer = self._exchange(head.encode() + body)
        except (OSError, ValueError) as error:
            self.close()  # the idle connections were probably closed, too
            reason = f"{self.endpoint.url}: {error or type(error).__name__}"
            raise ServiceError("ConnectionError", reason, 0) from error
        _check(answer.content, answer.headers.get(b"x-amz-crc32"))
        if answer.status != 200:
            raise _refusal(answer)
        return answer.content

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, message: bytes) -> Answer:
        """Sends a request and reads the answer; keeps the connection if that succeeded."""
        try:
            connection = self._idle.pop()
        except IndexError:  # other threads use all of them
            connection = self.endpoint.connect()
        kept = False
        try:
            connection.sendall(message)
            answer = receive(connection)
            kept = answer.headers.get(b"connection") != b"close"
        finally:
            if kept:
                self._idle.append(connection)
            else:
                connection.close()
        return answer


@dataclass
class GuardedTransport:
    """Calls `check` as late as can be before each request that writes without a condition of its own."""

    transport: Transport
    check: Callable[[], None] = lambda: None

    def __call__(self, operation: str, request: Request) -> dict[str, Any]:
        if operation in _UNCONDITIONAL:
            self.check()
        return self.transport(operation, request)

    def raw(self, operation: str, request: Request) -> bytes:
        return self.transport.raw(operation, request)

    def close(self) -> None:
        self.transport.close()


class BotoTransport:
    """Uses boto3's client, which must not retry by itself. Implements `Transport`.

    boto3 signs and sends; the answer is taken as it came, before boto3 reads it: it turns half an answer, or none, into
    an empty one."""

    def __init__(self, client: Any) -> None:
        self._client = client
        client.meta.events.register("before-parse.dynamodb", _take_answer)

    def __call__(self, operation: str, request: Request) -> dict[str, Any]:
        answer = parsed(self.raw(operation, request))
        check(operation, answer)
        return answer

    def raw(self, operation: str, request: Request) -> bytes:
        values = orjson.loads(request) if isinstance(request, bytes) else request
        method = getattr(self._client, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower())
        try:
            return bytes(method(**_with_bytes(values))[_CONTENT])
        except Exception as error:
            if (translation := from_botocore(error)) is None:
                raise
            raise translation from error

    def close(self) -> None:
        self._client.close()


def receive(connection: socket.socket) -> Answer:
    """Reads one answer: a status line, headers, and a body whose length is in a header. Raises OSError when the
    connection ends too early, ValueError for any other answer.

    `http.client` reads any kind of answer and takes ten times as long, a third of all the work of writing a batch."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        if len(received) > _LONGEST_HEAD:
            raise ValueError("the head of the answer does not end")
        received += _more(connection)
    status_line, *lines = received[:end].split(b"\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip()
    if not status_line.startswith(b"HTTP/1.") or b"content-length" not in headers:
        raise ValueError(f"an answer without a length: {status_line[:40]!r}")
    pieces = [received[end + 4 :]]
    missing = int(headers[b"content-length"]) - len(pieces[0])
    while missing > 0:
        pieces.append(_more(connection))
        missing -= len(pieces[-1])
    if missing < 0:
        raise ValueError("the answer is longer than it says")
    return Answer(int(status_line[9:12]), headers, b"".join(pieces))


def _more(connection: socket.socket) -> bytes:
    if not (received := connection.recv(_RECEIVED_AT_ONCE)):
        raise ConnectionError("the connection was closed")
    return received


def _check(content: bytes, checksum: str | bytes | None) -> None:
    text = checksum.decode("latin-1") if isinstance(checksum, bytes) else checksum
    if text is not None and text.strip() != str(zlib.crc32(content)):
        raise ServiceError("CRC32CheckFailed", "the answer differs from its checksum", 0)


def _take_answer(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **more: Any) -> None:
    """Keeps an answer from boto3, which gets an empty one; boto3 reads refusals only."""
    content = response_dict["body"]
    _check(content, response_dict["headers"].get("x-amz-crc32"))
    if response_dict["status_code"] < 300:
        customized_response_dict[_CONTENT], response_dict["body"] = content, b"{}"
    else:
        parsed(content or b"{}", response_dict["status_code"])


def _refusal(answer: Answer) -> ServiceError:
    """The error that an answer is, with its code from the body or the header; without a code, if another server than
    DynamoDB answered."""
    try:
        refusal = parsed(answer.content or b"{}", answer.status)
    except ServiceError as error:
        return error
    named = refusal.get("__type") or answer.headers.get(b"x-amzn-errortype", b"").decode("latin-1").partition(":")[0]
    code = str(named or "UnknownError").rpartition("#")[2]
    return ServiceError(code, str(refusal.get("message", refusal.get("Message", ""))), answer.status)


def _with_bytes(value: Any) -> Any:
    """The values with base64 texts as bytes: boto3 encodes them itself."""
    if isinstance(value, Mapping):
        if len(value) == 1:
            ((tag, content),) = value.items()
            if tag == "B" and isinstance(content, str):
                return {"B": base64.b64decode(content)}
            if tag == "BS" and isinstance(content, list):
                return {"BS": [base64.b64decode(part) for part in content]}
        return {name: _with_bytes(part) for name, part in value.items()}
    return [_with_bytes(part) for part in value] if isinstance(value, list) else value
