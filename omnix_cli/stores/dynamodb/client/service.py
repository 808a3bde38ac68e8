"""DynamoDB as the rest of this package asks it: with retries, and what it says put into the user's terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from omnix_cli.errors import ConfigError, OmnixError, UnavailableError
from omnix_cli.stores.dynamodb.client.retries import Retries
from omnix_cli.stores.dynamodb.client.transports import Request, ServiceError, Transport

_NO_ACCESS = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True)
class Service:
    """A transport that is tried again as long as that may help."""

    transport: Transport
    retries: Retries = field(default_factory=Retries)

    def call(
        self, operation: str, request: Request, failed: Callable[[ServiceError], None] = lambda error: None
    ) -> dict[str, Any]:
        """The answer; `failed` hears of every failure that may pass. Raises `ServiceError`."""
        return self.retries.call(lambda: self.transport(operation, request), failed)

    def answer(self, operation: str, request: Request, table: str) -> dict[str, Any]:
        """The answer to a request about a table (its full name). Raises what `explained` makes of a failure."""
        try:
            return self.call(operation, request)
        except ServiceError as error:
            raise explained(error, table) from error

    def description(self, table: str) -> dict[str, Any] | None:
        """What DynamoDB says of a table; None when there is none."""
        try:
            found: dict[str, Any] = self.call("DescribeTable", {"TableName": table})["Table"]
        except ServiceError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise explained(error, table) from error
        return found


def explained(error: ServiceError, table: str) -> OmnixError:
    """What happened, in the user's terms."""
    if error.code == "ResourceNotFoundException":
        hint = "`omnix tables create` makes it (the catalogue only if store.tables.own_products says that it is ours)."
        return ConfigError(f"the table {table} does not exist", hint=hint)
    if error.may_pass:
        return UnavailableError(f"{table} does not answer: {error}", hint="Try again later.")
    if error.code in _NO_ACCESS:
        return ConfigError(f"no access to {table}: {error}", hint="Check the credentials and their IAM policy.")
    return ConfigError(f"{table} refuses the request: {error}")
