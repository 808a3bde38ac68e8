"""Answers of DynamoDB, read from a connection.

`http.client` reads any kind of answer and takes ten times as long, a third of all the work of writing a batch. DynamoDB
always sends one status line, a few headers and a body whose length is in a header.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

_RECEIVED_AT_ONCE = 1 << 18
_LONGEST_HEAD = 1 << 16


class Answer(NamedTuple):
    """An answer; the names of the headers are in lower case."""

    status: int
    headers: dict[bytes, bytes]
    content: bytes


def receive(connection: socket.socket) -> Answer:
    """Reads one answer. Raises OSError when the connection ends too early, ValueError when the answer is not HTTP/1.1
    with a length."""
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
    received = connection.recv(_RECEIVED_AT_ONCE)
    if not received:
        raise ConnectionError("the connection was closed")
    return received
