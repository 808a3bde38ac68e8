"""The HTTP API behind API Gateway and a function URL."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.serving.lambda_handlers import gateway
from tests.integration.lambda_handlers.recorded_events import Context, request

SECRET = "a secret of the issuer, long enough for a hash"
URL = "abc.lambda-url.us-east-1.on.aws"


@pytest.fixture
def keyed(store: TableStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SECRET": SECRET, "ISSUER": "shop", "AUDIENCE": "omnix"}.items():
        monkeypatch.setenv(f"OMNIX_API__{name}", value)


def token(subject: str, scope: str) -> str:
    claims = {"iss": "shop", "aud": "omnix", "sub": subject, "scope": scope, "exp": int(time.time()) + 60}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def answer(*arguments: Any, **options: Any) -> tuple[int, Any]:
    answered = gateway.handler(request(*arguments, **options), Context())
    return answered["statusCode"], json.loads(answered["body"])


@pytest.mark.parametrize("host", ["api.example.com", URL])
def test_customers_register_and_see_themselves_only(keyed: None, host: str) -> None:
    service, zoe = token("nightly", "omnix:service"), token("zoé", "omnix:customer")
    code, profile = answer("POST", "/v1/customers/register", token=service, body={"customerId": "zoé"}, host=host)
    assert (code, profile["customerId"]) == (201, "zoé")
    assert answer("GET", "/v1/customers/zo%C3%A9/profile", token=zoe, host=host)[0] == 200
    assert answer("GET", "/v1/customers/max/profile", token=zoe, host=host)[0] == 403
    assert answer("GET", "/v1/customers/zo%C3%A9/profile", host=host)[0] == 401
    code, page = answer("GET", "/v1/customers/zo%C3%A9/purchases", token=zoe, query="limit=501", host=host)
    assert (code, page["details"][0]["field"]) == (422, "limit")
    assert answer("GET", "/healthz", host=host)[0] == 200


def test_without_a_key_nobody_is_answered(store: TableStore) -> None:
    with pytest.raises(ConfigError, match="without a key"):
        gateway.handler(request("GET", "/healthz"), Context())
