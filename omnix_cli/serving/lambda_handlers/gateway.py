"""The HTTP API behind API Gateway (HTTP APIs, payload format 2.0) or a function URL, which sends the same format.

Without a key the API would answer anybody, since a gateway is no loopback address: so it does not start."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from omnix_cli.errors import ConfigError
from omnix_cli.serving.lambda_handlers.container import customer_side, settings


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers a request."""
    return dict(_application()(dict(event), context))


@cache
def _application() -> Any:
    from mangum import Mangum

    from omnix_cli.serving.http_api.app import application

    api = settings().api
    if not api.has_key:
        raise ConfigError(
            "without a key, the API answers nobody outside its machine",
            hint="Set OMNIX_API__KEY_FILE, OMNIX_API__JWKS_URL or OMNIX_API__SECRET, with an issuer and an audience.",
        )
    return Mangum(application(customer_side(), api), lifespan="off")
