"""How a request reaches DynamoDB."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.client.signing import Credentials, Signer
from omnix_cli.stores.dynamodb.client.transports import (
    CONTENT_TYPE,
    Answer,
    BotoTransport,
    Endpoint,
    SignedTransport,
    receive,
)
from tests.aws.accounts import transport_to
from tests.aws.emulators import free_port


def test_the_host_is_named_with_an_unusual_port() -> None:
    assert Endpoint("https://dynamodb.eu-west-1.amazonaws.com").host == "dynamodb.eu-west-1.amazonaws.com"
    assert Endpoint("http://localhost:8000").host == "localhost:8000"


@pytest.mark.parametrize(("kind", "transport"), [("signed", SignedTransport), ("boto3", BotoTransport)])
def test_a_service_that_is_not_there_may_answer_later(kind: str, transport: type, aws_environment: None) -> None:
    opened = transport_to(f"http://127.0.0.1:{free_port()}", "boto3" if kind == "boto3" else "signed")
    assert isinstance(opened, transport)
    with pytest.raises(ServiceError) as caught:
        opened("ListTables", {})
    assert caught.value.may_pass
    opened.close()


def test_closing_twice_is_closing_once() -> None:
    signer = Signer("dynamodb", "eu-west-1", "localhost", lambda: Credentials("a", "s", None), CONTENT_TYPE)
    transport = SignedTransport(Endpoint("http://localhost"), signer, lambda: pytest.fail("sent"))
    transport.close()
    transport.close()


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
