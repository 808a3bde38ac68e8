"""Every error of botocore and of DynamoDB means something to the user."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter

import pytest
from botocore import exceptions
from botocore.parsers import ResponseParserError

from omnix_cli.aws_errors import NO_ACCESS
from omnix_cli.errors import ConfigError, NoTable, OmnixError, UnavailableError
from omnix_cli.stores.dynamodb.client.errors import (
    PASSING,
    THROTTLING,
    ServiceError,
    explained,
    from_botocore,
    no_credentials,
    not_connected,
)

MAY_PASS = {
    *("ChecksumError", "ConnectTimeoutError", "ConnectionClosedError", "ConnectionError", "EndpointConnectionError"),
    *("FlexibleChecksumError", "HTTPClientError", "IncompleteReadError", "ProxyConnectionError", "ReadTimeoutError"),
    *("ResponseStreamingError", "SSLError"),
}
"""Of the errors of botocore, those after which the same request may succeed."""


def botocore_errors() -> Iterator[exceptions.BotoCoreError]:
    for kind in vars(exceptions).values():
        if isinstance(kind, type) and issubclass(kind, exceptions.BotoCoreError):
            fields = {name for _, name, _, _ in Formatter().parse(kind.fmt) if name}
            more = {"last_response"} if kind is exceptions.WaiterError else {"error", "endpoint_url"}
            yield kind(**dict.fromkeys(fields | more, "x"))


@pytest.mark.parametrize("error", list(botocore_errors()), ids=lambda error: type(error).__name__)
def test_every_error_of_botocore_is_translated(error: exceptions.BotoCoreError) -> None:
    translation = from_botocore(error)
    assert isinstance(translation, ServiceError)
    assert translation.may_pass == (type(error).__name__ in MAY_PASS)
    meaning = explained(translation, "omnix-ai-products-dev")
    assert type(meaning) is (UnavailableError if translation.may_pass else ConfigError)
    assert meaning.hint


def test_half_an_answer_may_pass_and_a_bug_is_left_alone() -> None:
    answer = from_botocore(ResponseParserError("half"))
    assert answer is not None
    assert answer.may_pass
    assert from_botocore(KeyError("ours")) is None


def test_a_refusal_keeps_its_code() -> None:
    response = {"Error": {"Code": "ValidationException", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    error = from_botocore(exceptions.ClientError(response, "PutItem"))
    assert error is not None
    assert (error.code, error.message, error.status, error.may_pass) == ("ValidationException", "no", 400, False)


@pytest.mark.parametrize(
    ("code", "status", "meaning", "words"),
    [
        ("ResourceNotFoundException", 400, NoTable, "does not exist"),
        ("InternalServerError", 500, UnavailableError, "does not answer"),
        ("ConnectionError", 0, UnavailableError, "does not answer"),
        ("ValidationException", 400, ConfigError, "refuses the request"),
        *((code, 400, UnavailableError, "does not answer") for code in sorted(THROTTLING | PASSING)),
        *(("UnknownError", status, UnavailableError, "does not answer") for status in (408, 424, 429, 502)),
        ("TableNotFoundException", 400, NoTable, "does not exist"),
        *((code, 400, ConfigError, "no access") for code in sorted(NO_ACCESS)),
    ],
)
def test_every_code_is_put_into_the_users_terms(code: str, status: int, meaning: type[OmnixError], words: str) -> None:
    error = explained(ServiceError(code, "as the service says", status), "omnix-ai-products-dev")
    assert type(error) is meaning
    assert "omnix-ai-products-dev" in error.message
    assert words in error.message


def test_missing_credentials_say_how_to_log_in() -> None:
    for error in (no_credentials(), no_credentials(exceptions.BotoCoreError()), not_connected(KeyError("region"))):
        assert isinstance(error, ConfigError)
        assert "AWS_*" in str(error.hint)


def test_a_wrong_clock_is_not_taken_for_wrong_credentials() -> None:
    refusal = ServiceError("InvalidSignatureException", "Signature expired: 2026 is now earlier than 2027", 400)
    error = explained(refusal, "omnix-ai-products-dev")
    assert isinstance(error, ConfigError)
    assert "Set the clock" in str(error.hint)
