"""Answers of DynamoDB, read from a connection."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from omnix_cli.stores.dynamodb.client.responses import Answer, receive


def received(*pieces: bytes) -> Answer:
    """What is read from a connection over which these bytes come."""
    ours, theirs = socket.socketpair()
    with closing(ours):
        with closing(theirs):
            for piece in pieces:
                theirs.sendall(piece)
        return receive(ours)


def test_an_answer_in_pieces_is_put_together() -> None:
    answer = received(b"HTTP/1.1 200 OK\r\nContent-Le", b'ngth: 11\r\nX-A: b\r\n\r\n{"a"', b": true}")
    assert answer == Answer(200, {b"content-length": b"11", b"x-a": b"b"}, b'{"a": true}')


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", ConnectionError, "closed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", ConnectionError, "closed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\ntoo long", ValueError, "longer"),
        (b"HTTP/1.1 200 OK\r\n\r\n", ValueError, "without a length"),
        (b"SSH-2.0\r\ncontent-length: 0\r\n\r\n", ValueError, "without a length"),
    ],
)
def test_a_broken_answer_is_refused(content: bytes, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        received(content)
