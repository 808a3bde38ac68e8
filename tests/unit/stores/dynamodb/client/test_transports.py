"""How a request reaches DynamoDB."""

from __future__ import annotations

import pytest

from omnix_cli.stores.dynamodb.client.errors import ServiceError
from omnix_cli.stores.dynamodb.client.signing import Credentials, Signer
from omnix_cli.stores.dynamodb.client.transports import CONTENT_TYPE, BotoTransport, Endpoint, SignedTransport
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
