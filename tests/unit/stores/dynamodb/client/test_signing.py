"""Signatures as botocore makes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from omnix_cli.stores.dynamodb.client.signing import Credentials, Signer

NOW = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)
CONTENT_TYPE = "application/x-amz-json-1.0"


def signer(credentials: Credentials = KEYS, host: str = "dynamodb.eu-west-1.amazonaws.com") -> Signer:
    return Signer("dynamodb", "eu-west-1", host, lambda: credentials, CONTENT_TYPE)


def by_botocore(headers: dict[str, str], body: bytes, credentials: Credentials, host: str) -> str:
    """The signature that botocore gives a request with the same headers at the same time."""
    request = AWSRequest("POST", f"https://{host}/", data=body)
    for name in ("content-type", "x-amz-date", "x-amz-target", "x-amz-security-token"):
        if name in headers:
            request.headers[name] = headers[name]
    request.context["timestamp"] = headers["x-amz-date"]
    signing = SigV4Auth(BotoCredentials(*credentials), "dynamodb", "eu-west-1")
    text = signing.string_to_sign(request, signing.canonical_request(request))
    signature = signing.signature(text, request)
    signed = signing.signed_headers(signing.headers_to_sign(request))
    return f"AWS4-HMAC-SHA256 Credential={signing.scope(request)}, SignedHeaders={signed}, Signature={signature}"


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE//token=="])
@pytest.mark.parametrize("body", [b"", b"{}", '{"TableName":"größe"}'.encode(), b"\x00" * 70_000])
@pytest.mark.parametrize("host", ["dynamodb.eu-west-1.amazonaws.com", "127.0.0.1:4566"])
def test_the_signature_is_botocores(token: str | None, body: bytes, host: str) -> None:
    credentials = KEYS._replace(token=token)
    headers = signer(credentials, host).headers("DynamoDB_20120810.GetItem", body, NOW)
    assert headers["authorization"] == by_botocore(headers, body, credentials, host)
    assert headers.get("x-amz-security-token") == token


def test_the_key_of_the_day_changes_at_midnight() -> None:
    signing = signer()
    for now in (NOW, NOW + timedelta(seconds=1), NOW):
        headers = signing.headers("DynamoDB_20120810.Query", b"{}", now)
        assert headers["authorization"] == by_botocore(headers, b"{}", KEYS, signing.host)


def test_rotated_credentials_sign_from_the_next_request_on() -> None:
    current = [KEYS]
    signing = Signer("dynamodb", "eu-west-1", "dynamodb.eu-west-1.amazonaws.com", lambda: current[-1], CONTENT_TYPE)
    signing.headers("DynamoDB_20120810.Query", b"{}", NOW)
    current.append(Credentials("AKIDNEW", "another secret", "another token"))
    headers = signing.headers("DynamoDB_20120810.Query", b"{}", NOW)
    assert "Credential=AKIDNEW/" in headers["authorization"]
    assert headers["authorization"] == by_botocore(headers, b"{}", current[-1], signing.host)
