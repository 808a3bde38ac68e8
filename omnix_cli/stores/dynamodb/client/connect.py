"""From settings to a transport. Credentials, region, profile and endpoint are found as by every AWS tool."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from omnix_cli.settings import StoreSettings
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


def connect(settings: StoreSettings, *, now: Callable[[], datetime]) -> Transport:
    """A transport to DynamoDB. Raises `ConfigError` when there is no region, profile or credentials."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
        config = Config(
            parameter_validation=False,
            max_pool_connections=THREADS,
            tcp_keepalive=True,
            retries={"total_max_attempts": 1},  # we retry ourselves: only we know what is left of a batch
        )
        client = session.client("dynamodb", endpoint_url=settings.endpoint_url, config=config)
        if settings.transport == "boto3":
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
