"""The boto3 client of Bedrock: credentials, region and endpoint are found as every AWS tool finds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omnix_cli.errors import ConfigError
from omnix_cli.predictors.bedrock.asking.errors import translated
from omnix_cli.predictors.bedrock.asking.regions import check_region
from omnix_cli.settings import BedrockSettings

_CONNECT_SECONDS = 10


def connect(settings: BedrockSettings, service: str = "bedrock-runtime") -> Any:
    """A client for `bedrock-runtime` (questions) or `bedrock` (batch jobs) that does not retry by itself.

    Raises `ConfigError` when there is no region or profile, or when the data would leave their region."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        retries={"total_max_attempts": 1},  # our own retries keep the budget and the pace
        read_timeout=settings.read_timeout_seconds,
        connect_timeout=_CONNECT_SECONDS,
        max_pool_connections=settings.connections,
        tcp_keepalive=True,
        parameter_validation=False,  # the service validates too
    )
    try:
        session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
        client = session.client(service, endpoint_url=settings.endpoint_url, config=config)
    except (BotoCoreError, ValueError) as error:
        hint = "Set bedrock.region and bedrock.profile, or the AWS_* variables."
        raise ConfigError(f"cannot connect to Bedrock: {error}", hint=hint) from error
    check_region(
        settings.model,
        region=client.meta.region_name,
        data_region=settings.data_region,
        allowed=settings.allow_other_region,
    )
    return client


def call(client: Any, operation: str, request: Mapping[str, Any], about: str) -> dict[str, Any]:
    """The answer of Bedrock. Raises `RequestFailed`, or an error of omnix that names the model or job `about`."""
    try:
        answer: dict[str, Any] = getattr(client, operation)(**request)
        return answer
    except Exception as error:
        ours = translated(error, about)
        if ours is None:
            raise
        raise ours from error
