"""What goes wrong with a request to DynamoDB: first as one error of this client, then as an error of omnix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from omnix_cli.aws_errors import NO_ACCESS, NO_ANSWER, is_about_an_answer
from omnix_cli.errors import ConfigError, OmnixError, UnavailableError

THROTTLING = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "TransactionInProgressException",
    }
)
_PASSING = frozenset({"ReplicatedWriteConflictException", "RequestTimeoutException", "RequestTimeout"})
_PASSING_STATUS = frozenset({0, 408, 424, 425, 429})
"""No answer, and what a proxy says of one that it did not get."""
NO_CREDENTIALS = 401
"""The status of a request that could not be sent because of the credentials or the settings of this machine."""
_LOG_IN = "Log in (`aws sso login`), choose a profile, or set the AWS_* variables."


class ServiceError(Exception):
    """DynamoDB refused a request, or its answer did not arrive (status 0)."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    @property
    def is_throttling(self) -> bool:
        return self.code in THROTTLING

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later."""
        return self.is_throttling or self.code in _PASSING or self.status >= 500 or self.status in _PASSING_STATUS


def no_answer(what: str) -> ServiceError:
    """The service gave an answer that is none of its own: something between may have given it."""
    return ServiceError("BadAnswer", f"{what} is not an answer of DynamoDB", 0)


@contextmanager
def understood(table: str) -> Iterator[None]:
    """Turns what odd fields of an answer about a table (its full name) raise into an error of omnix."""
    try:
        yield
    except NO_ANSWER as error:
        raise explained(no_answer("a field"), table) from error


def from_botocore(error: Exception) -> ServiceError | None:
    """What an error of botocore means; None for any other error."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    if isinstance(error, exceptions.ClientError):
        answer = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return ServiceError(answer.get("Code", ""), answer.get("Message", ""), status)
    lost = (
        exceptions.HTTPClientError,
        exceptions.ConnectionError,
        exceptions.IncompleteReadError,
        exceptions.ChecksumError,
        exceptions.FlexibleChecksumError,
        ResponseParserError,
    )
    if isinstance(error, lost):
        return ServiceError(type(error).__name__, str(error), 0)
    if isinstance(error, exceptions.BotoCoreError):
        return ServiceError(type(error).__name__, str(error), NO_CREDENTIALS)
    return no_answer("what was received") if is_about_an_answer(error) else None


def explained(error: ServiceError, table: str) -> OmnixError:
    """What happened, in the user's terms; `table` is the full name of the table."""
    if error.code == "ResourceNotFoundException":
        hint = "`omnix tables create` creates it (the catalogue only with store.tables.own_products = true)."
        return ConfigError(f"the table {table} does not exist", hint=hint)
    if error.may_pass:
        return UnavailableError(f"{table} does not answer: {error}", hint="Try again later.")
    if error.status == NO_CREDENTIALS:
        return ConfigError(f"no access to {table}: {error}", hint=_LOG_IN)
    if error.code in NO_ACCESS:
        return ConfigError(f"no access to {table}: {error}", hint="Check the credentials and their IAM policy.")
    return ConfigError(f"{table} refuses the request: {error}")


def not_connected(error: Exception) -> ConfigError:
    """There is no client, because the region, the profile or something else is missing."""
    return ConfigError(f"cannot connect to DynamoDB: {error}", hint="Set the region and profile, or AWS_* variables.")


def no_credentials(error: Exception | None = None) -> ConfigError:
    """There are no credentials, or they expired and could not be renewed (`error` says why)."""
    message = f"the AWS credentials cannot be renewed: {error}" if error else "no AWS credentials were found"
    return ConfigError(message, hint=_LOG_IN)
