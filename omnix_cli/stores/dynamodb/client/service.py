"""DynamoDB as the rest of this package uses it: with retries, and with errors in the user's terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from omnix_cli.stores.dynamodb.client.errors import ServiceError, explained
from omnix_cli.stores.dynamodb.client.retries import Retries
from omnix_cli.stores.dynamodb.client.transports import Request, Transport


@dataclass(frozen=True)
class Service:
    """A transport whose requests are retried as long as that may help."""

    transport: Transport
    retries: Retries = field(default_factory=Retries)

    def call(
        self, operation: str, request: Request, failed: Callable[[ServiceError], None] = lambda error: None
    ) -> dict[str, Any]:
        """The answer; `failed` is called with every error that may pass. Raises `ServiceError`."""
        return self.retries.call(lambda: self.transport(operation, request), failed)

    def answer(self, operation: str, request: Request, table: str) -> dict[str, Any]:
        """The answer to a request about a table (its full name). Raises what `explained` makes of an error."""
        try:
            return self.call(operation, request)
        except ServiceError as error:
            raise explained(error, table) from error

    def description(self, table: str) -> dict[str, Any] | None:
        """The answer to DescribeTable; None if the table does not exist."""
        try:
            description: dict[str, Any] = self.call("DescribeTable", {"TableName": table})["Table"]
        except ServiceError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise explained(error, table) from error
        return description
