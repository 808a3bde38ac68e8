"""The HTTP API behind API Gateway and a function URL."""

from __future__ import annotations

import base64
import gzip
import json
import time
from typing import Any
from urllib.parse import quote

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


IDS = ("a/b", "a//b/", "/", "a%b", "a%2Fb", "%", "../..", "zoë ☕", "日本", "#&=;+", "a b", "a\\b", "x/profile")
"""Ids whose spelling in a path differs from their own. An HTTP API cuts a path at a question mark."""


@pytest.mark.parametrize("host", ["api.example.com", URL])
@pytest.mark.parametrize("customer", IDS)
def test_an_id_may_have_any_character(keyed: None, customer: str, host: str) -> None:
    path = f"/v1/customers/{quote(customer, safe='')}"
    own, service = token(customer, "omnix:customer"), token("shop", "omnix:service")
    code, profile = answer("POST", "/v1/customers/register", token=own, body={"customerId": customer}, host=host)
    assert code == 201
    assert answer("GET", f"{path}/profile", token=own, host=host) == (200, profile)
    line = {"productId": customer, "unitPrice": 1, "orderId": "R-1"}
    assert answer("POST", f"{path}/purchases", token=service, body=line, host=host)[0] == 201
    code, page = answer("GET", f"{path}/purchases", token=own, query="limit=1", host=host)
    assert [item["productId"] for item in page["items"]] == [customer]
    code, missing = answer("GET", f"{path}/purchase-prediction/{quote(customer, safe='')}", token=own, host=host)
    assert (code, repr(customer) in missing["message"]) == (404, True)
    assert answer("GET", f"{path}/profile", token=token(f"{customer}x", "omnix:customer"), host=host)[0] == 403


def test_a_function_url_hands_over_question_marks(keyed: None) -> None:
    mine = token("who?", "omnix:customer")
    assert answer("GET", "/v1/customers/who%3F/purchases", token=mine, host=URL)[0] == 200


@pytest.mark.parametrize("host", ["api.example.com", URL])
@pytest.mark.parametrize("path", ["/nowhere", "/v1/customers//profile", "/v1/customers/zoe/profile/", "//v1/customers"])
def test_another_path_is_none(keyed: None, path: str, host: str) -> None:
    code, problem = answer("GET", path, token=token("shop", "omnix:service"), host=host)
    assert (code, problem["error"]) == (404, "not_found")


def test_a_large_answer_is_packed(keyed: None) -> None:
    event = request("GET", "/openapi.json")
    event["headers"] |= {"accept-encoding": "gzip"}
    answered = gateway.handler(event, Context())
    assert (answered["isBase64Encoded"], answered["headers"]["content-encoding"]) == (True, "gzip")
    assert json.loads(gzip.decompress(base64.b64decode(answered["body"])))["info"]["title"] == "omnix"
