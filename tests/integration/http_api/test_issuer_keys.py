"""The issuer's keys by address: rotation, an issuer that is down or confused, and tokens of many shapes."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from omnix_cli.errors import UnavailableError
from omnix_cli.serving.http_api import issuer_keys
from omnix_cli.serving.http_api.issuer_keys import PublishedKeys
from omnix_cli.settings import ApiSettings
from tests.aws.local_server import LocalServer
from tests.integration.http_api.doors import AUDIENCE, ISSUER, SECRET, Door, bearer, keyed, token

KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
PATH = "/v1/customers/zoe/purchases"


def jwks(*numbers: int) -> bytes:
    algorithm = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256)
    public = [algorithm.to_jwk(KEYS[n].public_key(), as_dict=True) | {"kid": f"k{n}", "use": "sig"} for n in numbers]
    return json.dumps({"keys": public}).encode()


@dataclass
class Issuer:
    """What it answers, and how often it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = field(default_factory=lambda: jwks(0))
    asked: int = 0


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            self.send_response(issuer.status)
            if issuer.status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(issuer.body)))
            self.end_headers()
            self.wfile.write(issuer.body)

        def log_message(self, *arguments: Any) -> None:
            """Says nothing."""

    with LocalServer(Handler) as server:
        issuer.url = f"{server.url}/keys"
        yield issuer


def signed(number: int = 0, **claims: Any) -> dict[str, str]:
    return bearer("zoe", key=KEYS[number], algorithm="ES256", headers={"kid": f"k{number}"}, **claims)


def door_of(folder: Path, url: str) -> Door:
    return Door(folder, ApiSettings(jwks_url=url, issuer=ISSUER, audience=AUDIENCE))


def test_keys_are_fetched_once_for_many(tmp_path: Path, issuer: Issuer) -> None:
    door = door_of(tmp_path, issuer.url)
    assert [door.call("GET", PATH, headers=signed()).status_code for _ in range(3)] == [200] * 3
    assert door.call("GET", PATH, headers=signed(sub="max")).status_code == 403
    assert issuer.asked == 1


def test_a_new_key_is_found_and_an_old_one_forgotten(issuer: Issuer) -> None:
    keys = PublishedKeys(issuer.url, wait_seconds=0)
    old, new = (signed(number)["Authorization"].split()[1] for number in (0, 1))
    assert keys(old).key_id == "k0"
    issuer.body = jwks(0, 1)
    assert (keys(new).key_id, keys(old).key_id, issuer.asked) == ("k1", "k0", 2)
    issuer.body = jwks(1)
    with pytest.raises(jwt.InvalidKeyError):
        keys(token(key=KEYS[0], algorithm="ES256", headers={"kid": "k9"}))  # asks again
    with pytest.raises(jwt.InvalidKeyError):
        keys(old)


def test_invented_keys_do_not_make_it_ask_again_and_again(tmp_path: Path, issuer: Issuer) -> None:
    door = door_of(tmp_path, issuer.url)
    for number in range(5):
        invented = bearer("zoe", key=KEYS[1], algorithm="ES256", headers={"kid": f"invented {number}"})
        assert door.call("GET", PATH, headers=invented).status_code == 401
    assert issuer.asked == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (404, b"{}"),
        (302, b""),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"keys": []}'),
        (200, b'{"keys": [{"kty": "new"}]}'),
        (200, b'{"keys": [7]}'),
        (200, b'{"keys": 7}'),
        (200, b"\xff\xfe"),
    ],
)
def test_without_keys_nobody_can_be_known(tmp_path: Path, issuer: Issuer, status: int, body: bytes) -> None:
    door = door_of(tmp_path, issuer.url)
    issuer.status, issuer.body = status, body
    for _ in range(3):
        answer = door.call("GET", PATH, headers=signed())
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "5"
        assert issuer.url not in answer.text
    assert issuer.asked == 1, "it waits before it asks again"
    assert door.call("GET", "/healthz").status_code == 200


def test_an_issuer_that_is_back_is_asked_again() -> None:
    with LocalServer(BaseHTTPRequestHandler) as server:
        url = f"{server.url}/keys"
    clock = [0.0]
    keys = PublishedKeys(url, now=lambda: clock[0])
    name = signed()["Authorization"].split()[1]
    for _ in range(2):
        with pytest.raises(UnavailableError):
            keys(name)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(jwks(0))

        def log_message(self, *arguments: Any) -> None:
            """Says nothing."""

    with LocalServer(Handler) as server:
        keys._client.uri = f"{server.url}/keys"
        with pytest.raises(UnavailableError):
            keys(name)
        clock[0] += 6
        assert keys(name).key_id == "k0"


def test_who_is_known_is_so_while_the_issuer_is_down(tmp_path: Path, issuer: Issuer) -> None:
    """Whoever invents a key then cannot keep the others out."""
    clock = [0.0]
    keys = PublishedKeys(issuer.url, now=lambda: clock[0])
    known, invented = (signed(number)["Authorization"].split()[1] for number in (0, 1))
    assert keys(known).key_id == "k0"
    issuer.status = 500
    clock[0] += 6
    with pytest.raises(UnavailableError):
        keys(invented)
    assert keys(known).key_id == "k0"
    clock[0] += 300
    with pytest.raises(UnavailableError):
        keys(known)


def test_nobody_whose_key_is_known_waits_for_a_fetch(issuer: Issuer) -> None:
    keys = PublishedKeys(issuer.url)
    known, invented = (signed(number)["Authorization"].split()[1] for number in (0, 1))
    keys(known)
    with keys._fetching:  # another thread asks an issuer that does not answer
        assert keys(known).key_id == "k0"
        with pytest.raises(UnavailableError):
            keys(invented)


def test_nobody_waits_for_ever_for_the_first_keys(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer_keys, "_WAIT_SECONDS", 0.05)
    keys = PublishedKeys(issuer.url)
    with keys._fetching, pytest.raises(UnavailableError):  # another thread asks an issuer that never ends its answer
        keys(signed()["Authorization"].split()[1])


@pytest.mark.parametrize("name", [None, 7, ["k0"], {}, "", "k0\x00", "../k0"])
def test_a_key_must_have_a_name(tmp_path: Path, issuer: Issuer, name: Any) -> None:
    header = {"alg": "ES256", "kid": name}
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, {}))
    door = door_of(tmp_path, issuer.url)
    assert door.call("GET", PATH, headers={"Authorization": f"Bearer {head}.{body}.AAAA"}).status_code == 401


def _made(header: dict[str, Any], claims: dict[str, Any] | bytes = b"", key: str = SECRET) -> str:
    """A token with a true signature (HS256), whatever it says."""
    import hashlib
    import hmac

    now = int(time.time())
    standard = {"sub": "zoe", "iss": ISSUER, "aud": AUDIENCE, "exp": now + 600, "scope": "omnix:customer"}
    body = claims if isinstance(claims, bytes) and claims else json.dumps({**standard, **dict(claims or {})}).encode()
    parts = [base64.urlsafe_b64encode(one).rstrip(b"=") for one in (json.dumps(header).encode(), body)]
    mac = hmac.new(key.encode(), b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


PLAIN = {"alg": "HS256", "typ": "JWT"}
SHAPES = {
    "as it should be": (_made(PLAIN), 200),
    "an audience in a list": (_made(PLAIN, {"aud": ["shop", AUDIENCE]}), 200),
    "scopes in a list": (_made(PLAIN, {"scope": ["mail", "omnix:customer"]}), 200),
    "several scopes": (_made(PLAIN, {"scope": "mail omnix:customer"}), 200),
    "algorithm none": (_made({"alg": "none"}), 401),
    "algorithm NoNe": (_made({"alg": "NoNe"}), 401),
    "no algorithm": (_made({"typ": "JWT"}), 401),
    "an algorithm that is no text": (_made({"alg": ["HS256"]}), 401),
    "a critical extension": (_made({**PLAIN, "crit": ["exp2"], "exp2": 1}), 401),
    "an unencoded payload": (_made({**PLAIN, "b64": False, "crit": ["b64"]}), 401),
    "an end that is text": (_made(PLAIN, {"exp": "tomorrow"}), 401),
    "an end that is a list": (_made(PLAIN, {"exp": [1]}), 401),
    "an end at infinity": (_made(PLAIN, {"exp": float("inf")}), 401),
    "an end that is no number": (_made(PLAIN, {"exp": float("nan")}), 401),
    "an end that is null": (_made(PLAIN, {"exp": None}), 401),
    "issued in the future": (_made(PLAIN, {"iat": 4_000_000_000}), 401),
    "no audience": (_made(PLAIN, {"aud": []}), 401),
    "an audience that is a number": (_made(PLAIN, {"aud": 7}), 401),
    "an issuer in a list": (_made(PLAIN, {"iss": [ISSUER]}), 401),
    "a subject that is a number": (_made(PLAIN, {"sub": 7}), 401),
    "a subject that is a list": (_made(PLAIN, {"sub": ["zoe"]}), 401),
    "scopes in an object": (_made(PLAIN, {"scope": {"omnix:customer": True}}), 401),
    "lists as scopes": (_made(PLAIN, {"scope": [["omnix:customer"]]}), 401),
    "a scope as part of another": (_made(PLAIN, {"scope": "omnix:customers,omnix:service"}), 401),
    "claims that are a list": (_made(PLAIN, b"[]"), 401),
    "claims that are no JSON": (_made(PLAIN, b"\xff"), 401),
    "claims that are deep": (_made(PLAIN, b"[" * 5_000 + b"]" * 5_000), 401),
    "five parts": (_made(PLAIN) + ".a.b", 401),
    "empty parts": ("..", 401),
    "one part": ("a", 401),
    "padding": (_made(PLAIN) + "==", 401),
    "twice": (f"{_made(PLAIN)} {_made(PLAIN)}", 401),
    "with a comma": (f"{_made(PLAIN)},{_made(PLAIN)}", 401),
    "long": (_made(PLAIN, {"note": "x" * 30_000}, key="another secret of thirty-two signs!"), 401),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_tokens_of_many_shapes(tmp_path: Path, shape: str) -> None:
    sent, status = SHAPES[shape]
    answer = Door(tmp_path, keyed()).call("GET", PATH, headers={"Authorization": f"Bearer {sent}"})
    assert answer.status_code == status
    if status == 401:
        assert answer.json().keys() == {"error", "message", "details", "requestId"}
        assert answer.headers["www-authenticate"].startswith("Bearer")
