"""Stores in an emulator, each with tables of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.client.service import connect
from omnix_cli.stores.dynamodb.client.transports import Transport
from omnix_cli.stores.dynamodb.store import DynamoStore

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What tests see in place of the user's own account."""
LEFT_OUT = (
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_BEDROCK",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    "AWS_BEARER_TOKEN_BEDROCK",
)


def transport_to(url: str, kind: Literal["signed", "boto3"] = "signed") -> Transport:
    """A transport to the emulator at that address."""
    return connect(StoreSettings(endpoint_url=url, transport=kind), now=lambda: datetime.now(UTC))


def store_maker(
    url: str, kind: Literal["signed", "boto3"] = "signed", stage: str | None = None, **options: Any
) -> Callable[[], DynamoStore]:
    """Opens one and the same store, as often as it is called; its tables are nobody else's."""
    own = stage or new_stage()
    return lambda: DynamoStore(transport_to(url, kind), stage=own, **options)


def new_stage() -> str:
    """The name of a stage that nobody else has."""
    return f"t{uuid.uuid4().hex[:12]}"


def use_nobodys_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of nobody, and none of the user's."""
    for name in LEFT_OUT:
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
