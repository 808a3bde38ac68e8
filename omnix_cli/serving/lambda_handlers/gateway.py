"""The HTTP API behind API Gateway (HTTP APIs, payload format 2.0) or a function URL, which sends the same format.

Without a key the API would answer anybody, since a gateway is no loopback address: so it does not start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from aws_lambda_powertools.utilities.typing import LambdaContext

from omnix_cli.errors import ConfigError
from omnix_cli.serving.lambda_handlers.container import before_snapshot, customer_side, settings

_URL_DOMAIN = re.compile(r"\.lambda-url\.[a-z0-9-]+\.on\.aws$")
_PARAMETER = re.compile(r"\{[^}]*\}")


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers a request."""
    return dict(_application()(dict(event), context))


def sent_path(event: Mapping[str, Any], patterns: Iterable[str]) -> str:
    """The path as the client wrote it, percent-encoded.

    A function URL hands it over like that. An HTTP API decodes it first, so a slash of an id looks like one between
    parts: the `patterns` of the paths that there are (`/customers/{id}/profile`) tell where the ids are; if several do,
    the first."""
    path = str(event["rawPath"])
    if _URL_DOMAIN.search(str(event["requestContext"]["domainName"])):
        return path
    for any_sign in ("([^/]+)", "(.+)"):
        for pattern in patterns:
            fixed = _PARAMETER.split(pattern)
            found = re.fullmatch(any_sign.join(map(re.escape, fixed)), path, re.DOTALL)
            if found is not None:
                parts = (*(quote(part, safe="") for part in found.groups()), "")
                return "".join(map("".join, zip(fixed, parts, strict=True)))
    return quote(path)


@cache
def _application() -> Any:
    from mangum import Mangum
    from mangum.handlers import HTTPGateway

    from omnix_cli.serving.http_api.app import application

    api = settings().api
    if not api.has_key:
        raise ConfigError(
            "without a key, the API answers nobody outside its machine",
            hint="Set OMNIX_API__KEY_FILE, OMNIX_API__JWKS_URL or OMNIX_API__SECRET, with an issuer and an audience.",
        )
    inner = application(customer_side(), api)
    routes: Any = inner.app
    paths = {route.path for route in routes.state.routes}
    patterns = sorted(paths, key=lambda path: len(_PARAMETER.sub("", path)), reverse=True)  # the plainest first

    class Gateway(HTTPGateway):
        """The request with its path as it was sent; mangum decodes what an HTTP API has decoded already."""

        @property
        def scope(self) -> Any:
            return {**super().scope, "raw_path": sent_path(self.event, patterns).encode()}

    return Mangum(inner, lifespan="off", custom_handlers=[Gateway])


before_snapshot(_application)
