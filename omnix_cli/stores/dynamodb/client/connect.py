"""From settings to a transport. Credentials, region, profile and endpoint are found as by every AWS tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from omnix_cli.stores.dynamodb.client.errors import no_credentials, not_connected
from omnix_cli.stores.dynamodb.client.signing import Credentials, Signer
from omnix_cli.stores.dynamodb.client.transports import (
    CONTENT_TYPE,
    BotoTransport,
    Endpoint,
    SignedTransport,
    Transport,
)

THREADS = 16
"""The most connections that boto3's client keeps."""


@dataclass(frozen=True)
class Account:
    """Which account, region and endpoint to use; None means as the environment and the AWS configuration files say."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    transport: Literal["signed", "boto3"] = "signed"


def connect(account: Account, *, now: Callable[[], datetime]) -> Transport:
    """A transport to DynamoDB. Raises `ConfigError` when there is no region, profile or credentials."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(profile_name=account.profile, region_name=account.region)
        config = Config(
            parameter_validation=False,
            max_pool_connections=THREADS,
            tcp_keepalive=True,
            retries={"total_max_attempts": 1},  # we retry ourselves: only we know what is left of a batch
        )
        client = session.client("dynamodb", endpoint_url=account.endpoint_url, config=config)
        if account.transport == "boto3":
            return BotoTransport(client)
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise not_connected(error) from error
    if credentials is None:
        raise no_credentials()

    def current() -> Credentials:
        try:
            frozen = credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise no_credentials(error) from error
        return Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token)

    endpoint = Endpoint(client.meta.endpoint_url, session._session.get_config_variable("ca_bundle"))
    signer = Signer("dynamodb", client.meta.region_name, endpoint.host, current, CONTENT_TYPE)
    return SignedTransport(endpoint, signer, now)
