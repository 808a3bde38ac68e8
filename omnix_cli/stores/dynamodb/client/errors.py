"""What goes wrong with a request to DynamoDB: first as one error of this client, then as an error of omnix."""

from __future__ import annotations

from omnix_cli.aws_errors import NO_ACCESS, is_about_an_answer, is_clock_wrong
from omnix_cli.errors import ConfigError, NoTable, OmnixError, UnavailableError

THROTTLING = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Source: botocore, `retries.standard`, which has the codes of all services."""
PASSING = frozenset(
    {
        "ReplicatedWriteConflictException",
        "RequestTimeout",
        "RequestTimeoutException",
        "TransactionConflictException",
    }
)
"""Another request is changing the item, here or in another region, or the request came too slowly. Source: API
reference, "Errors" of PutItem, UpdateItem and BatchWriteItem; SDK reference guide, "Retry behavior"."""
_PASSING_STATUS = frozenset({408, 424, 429})
"""What proxies and load balancers answer for a while, often without a code."""
NO_CREDENTIALS = 401
"""The status of a request that could not be sent because of the credentials or the settings of this machine."""
_NO_TABLE = ("ResourceNotFoundException", "TableNotFoundException")  # the latter about backups
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
        if self.is_throttling or self.code in PASSING:
            return True
        return self.status >= 500 or self.status == 0 or self.status in _PASSING_STATUS


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
    return ServiceError("BadAnswer", str(error), 0) if is_about_an_answer(error) else None


def explained(error: ServiceError, table: str) -> OmnixError:
    """What happened, in the user's terms; `table` is the full name of the table."""
    if error.code in _NO_TABLE:
        hint = (
            "Check store.prefix, store.stage and the region. `omnix tables create` creates it "
            "(the catalogue only with store.tables.own_products = true)."
        )
        return NoTable(f"the table {table} does not exist", hint=hint)
    if error.may_pass:
        return UnavailableError(f"{table} does not answer: {error}", hint="Try again later.")
    if is_clock_wrong(error.code, error.message):
        hint = "Set the clock of this machine: AWS accepts requests of the last 5 to 15 minutes only."
        return ConfigError(f"no access to {table}: {error}", hint=hint)
    if error.status == NO_CREDENTIALS:
        return ConfigError(f"no access to {table}: {error}", hint=_LOG_IN)
    if error.code in NO_ACCESS:
        return ConfigError(f"no access to {table}: {error}", hint="Check the credentials and their IAM policy.")
    return ConfigError(f"{table} refuses the request: {error}", hint="Check the settings under [store].")


def not_connected(error: Exception) -> ConfigError:
    """There is no client, because the region, the profile or something else is missing."""
    return ConfigError(f"cannot connect to DynamoDB: {error}", hint="Set the region and profile, or AWS_* variables.")


def no_credentials(error: Exception | None = None) -> ConfigError:
    """There are no credentials, or they expired and could not be renewed (`error` says why)."""
    message = f"the AWS credentials cannot be renewed: {error}" if error else "no AWS credentials were found"
    return ConfigError(message, hint=_LOG_IN)
