"""Credentials, region and endpoint as every AWS tool finds them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from omnix_cli.errors import ConfigError
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.client.service import connect
from omnix_cli.stores.dynamodb.client.transports import SignedTransport

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class _Echo(BaseHTTPRequestHandler):
    """Answers every request with nothing, and keeps its headers."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[dict[str, str]]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a service that accepts everything, and the headers it got."""
    handler = type("Handler", (_Echo,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler.seen
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", ["signed", "boto3"])
def test_a_request_after_the_keys_were_rotated_is_signed_with_the_new_ones(
    kind: str,
    endpoint: tuple[str, list[dict[str, str]]],
    aws_environment: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, seen = endpoint
    keys = tmp_path / "keys.json"
    config = tmp_path / "config"
    config.write_text(f"[profile temporary]\nregion = eu-west-1\ncredential_process = cat {keys}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    soon = datetime.now(UTC) + timedelta(seconds=30)  # botocore renews what expires within minutes

    def rotate(name: str) -> None:
        content = {"Version": 1, "AccessKeyId": name, "SecretAccessKey": "s", "SessionToken": f"token of {name}"}
        keys.write_text(json.dumps({**content, "Expiration": soon.isoformat()}))

    rotate("FIRST")
    account = StoreSettings(profile="temporary", endpoint_url=url, transport="boto3" if kind == "boto3" else "signed")
    with closing(connect(account, now=lambda: NOW)) as transport:
        transport("ListTables", {})
        rotate("SECOND")
        transport("ListTables", {})
    for request, name in zip(seen, ("FIRST", "SECOND"), strict=True):
        assert f"Credential={name}/" in request["authorization"]
        assert "/eu-west-1/dynamodb/aws4_request" in request["authorization"]
        assert request["x-amz-security-token"] == f"token of {name}"


def test_the_region_names_the_endpoint(aws_environment: None) -> None:
    with closing(connect(StoreSettings(region="eu-central-1"), now=lambda: NOW)) as transport:
        assert isinstance(transport, SignedTransport)
        assert transport.endpoint.url == "https://dynamodb.eu-central-1.amazonaws.com"


@pytest.mark.parametrize("left_out", ["AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"])
def test_without_a_region_or_credentials_it_says_what_is_missing(
    left_out: str, aws_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(left_out)
    with pytest.raises(ConfigError) as caught:
        connect(StoreSettings(), now=lambda: NOW)
    assert caught.value.hint


def test_a_profile_that_is_not_there_is_a_configuration_error(aws_environment: None) -> None:
    with pytest.raises(ConfigError, match="nobody"):
        connect(StoreSettings(profile="nobody"), now=lambda: NOW)
