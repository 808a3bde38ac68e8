"""Every endpoint with every kind of caller: who may do what, and that a refusal tells nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.routing import Route

from omnix_cli.errors import ConfigError
from omnix_cli.serving.http_api.callers import Tokens, Unauthorized
from omnix_cli.settings import ApiSettings
from tests.contracts.test_customer_side import published
from tests.integration.http_api.doors import AUDIENCE, ISSUER, SECRET, SERVICE, Door, bearer, keyed, token

LINE = {"productId": "milk", "unitPrice": 1}
OWN = {
    ("GET", "/v1/customers/zoe/profile"): None,
    ("PATCH", "/v1/customers/zoe/preferences"): {"brandPreferences": ["Alp"]},
    ("PATCH", "/v1/customers/zoe/consent"): {"aiAnalysis": True},
    ("GET", "/v1/customers/zoe/purchases"): None,
    ("GET", "/v1/customers/zoe/interactions"): None,
    ("POST", "/v1/customers/zoe/interactions"): {"productId": "milk", "interactionType": "view"},
    ("GET", "/v1/customers/zoe/consumption-predictions"): None,
    ("GET", "/v1/customers/zoe/replenishment-alerts"): None,
    ("GET", "/v1/customers/zoe/purchase-prediction/milk"): None,
    ("POST", "/v1/customers/register"): {"customerId": "zoe"},
    ("GET", "/recommendations/customers/zoe"): None,
    ("GET", "/?customer=zoe"): None,
    ("POST", "/recommendations/feedback"): {"customerId": "zoe", "status": "clicked"},
}
"""What a customer may do with the own data, and nobody else's."""
OF_SERVICES = {
    ("POST", "/v1/customers/zoe/purchases"): LINE,
    ("POST", "/v1/customers/zoe/purchases/import"): {"purchases": [LINE]},
}
"""What only services may do: a customer could invent purchases."""
SHARED = {
    ("GET", "/recommendations/products/milk/similar"): None,
    ("GET", "/recommendations/trending"): None,
    ("GET", "/recommendations/seasonal"): None,
    ("GET", "/"): None,
    ("GET", "/?product=milk"): None,
}
OPEN = {("GET", path): None for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/style.css", "/icon.svg")}
ALL: dict[tuple[str, str], Any] = {**OWN, **OF_SERVICES, **SHARED}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    door = Door(tmp_path, keyed())
    door.call("POST", "/v1/customers/register", json={"customerId": "zoe"}, headers=bearer(*SERVICE))
    due = published("zoe#replenishment", ["milk"], customerId="zoe")
    due["recommendations"][0] |= {"predictedPurchaseDate": "2018-01-16", "confidence": 1, "urgency": "urgent"}
    door.store.put_many(
        "recommendations", [published("zoe#homepage", ["milk"]), published("similar#milk", ["tea"]), due]
    )
    return door


def statuses(door: Door, headers: dict[str, str], endpoints: dict[tuple[str, str], Any]) -> set[int]:
    """What the endpoints answer a caller; a refusal has no word of the customer's."""
    found = set()
    for (method, path), body in endpoints.items():
        answer = door.call(method, path, json=body, headers=headers)
        if answer.status_code in (401, 403):
            assert answer.json().keys() == {"error", "message", "details", "requestId"}
            assert "zoe" not in answer.text and "milk" not in answer.text
        found.add(answer.status_code)
    return found


def test_every_endpoint_is_in_the_matrix(door: Door) -> None:
    """Those that the description leaves out as well: whatever the application has a route for."""
    routed = {
        (method, route.path)
        for route in (*door.inner.state.routes, *door.inner.routes)
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert len(routed) > 20
    names = {"zoe": "{customer}", "milk": "{product}"}
    paths = ((method, path.partition("?")[0].split("/")) for method, path in {**ALL, **OPEN})
    assert {(method, "/".join(names.get(part, part) for part in parts)) for method, parts in paths} == routed


def test_without_a_token_there_is_no_data(door: Door) -> None:
    assert statuses(door, {}, ALL) == {401}
    answer = door.call("GET", "/v1/customers/zoe/profile")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_what_tells_nothing_about_anybody_is_open(door: Door) -> None:
    assert statuses(door, {}, OPEN) == {200}


def _wrong_tokens() -> Iterator[tuple[str, str]]:
    other = rsa.generate_private_key(65537, 2048)
    yield "wrong key", token(key="another secret of thirty-two signs or more")
    yield "expired", token(exp=1_000_000_000)
    yield "not yet valid", token(nbf=4_000_000_000)
    yield "another issuer", token(iss="https://elsewhere.example.com")
    yield "another audience", token(aud="shop")
    yield "without an end", token(exp=None)
    yield "without a subject", token(sub=None)
    yield "an empty subject", token(sub="")
    yield "without a scope", token(scope=None)
    yield "another scope", token(scope="omnix:customers admin")
    yield "unsigned", jwt.encode({"sub": "zoe"}, "", algorithm="none")
    yield "another algorithm", token(algorithm="HS512", key=SECRET * 2)
    yield "a public key", token(key=other, algorithm="RS256")
    yield "no token", "abc"
    yield "cut off", token()[:-3]


WRONG = dict(_wrong_tokens())


@pytest.mark.parametrize("kind", WRONG)
def test_a_token_that_does_not_count_is_none(door: Door, kind: str) -> None:
    assert statuses(door, {"Authorization": f"Bearer {WRONG[kind]}"}, ALL) == {401}


@pytest.mark.parametrize("header", ["Basic em9lOmE=", "Bearer", "Bearer  ", token(), f"Token {token()}"])
def test_another_header_is_none_either(door: Door, header: str) -> None:
    assert door.call("GET", "/v1/customers/zoe/profile", headers={"Authorization": header}).status_code == 401


def test_a_customer_sees_the_own_data_and_what_is_shared(door: Door) -> None:
    assert statuses(door, bearer("zoe"), {**OWN, **SHARED}) <= {200, 201}
    assert statuses(door, bearer("zoe"), OF_SERVICES) == {403}


def test_another_customer_sees_nothing_of_it(door: Door) -> None:
    before = door.side.profile("zoe")
    assert statuses(door, bearer("max"), {**OWN, **OF_SERVICES}) == {403}
    assert door.side.profile("zoe") == before


def test_a_service_may_do_everything(door: Door) -> None:
    assert statuses(door, bearer(*SERVICE), ALL) <= {200, 201}


def test_nobody_learns_who_is_a_customer(door: Door) -> None:
    known, unknown = (
        door.call("GET", f"/v1/customers/{name}/profile", headers=bearer("max")) for name in ("zoe", "nobody")
    )
    assert known.status_code == unknown.status_code == 403
    assert known.json()["message"] == unknown.json()["message"]


def test_the_customer_of_a_body_counts_too(door: Door) -> None:
    bodies: tuple[Any, ...] = ({"customerId": "zoe"}, {"customerId": ["zoe"]}, {}, [], 7)
    for body in bodies:
        assert door.call("POST", "/v1/customers/register", json=body, headers=bearer("max")).status_code == 403


@pytest.mark.parametrize("path", ["/v1/customers/register", "/recommendations/feedback"])
@pytest.mark.parametrize("subject", ["None", "['zoe']"])
def test_a_customer_called_as_python_shows_nothing_is_nobody_else(door: Door, path: str, subject: str) -> None:
    for body in ({"customer_id": "ann", "status": "clicked"}, {"customerId": ["zoe"]}, {"customerId": None}):
        assert door.call("POST", path, json=body, headers=bearer(subject)).status_code == 403


def test_a_clock_may_be_a_little_off(door: Door) -> None:
    import time

    late = bearer("zoe", exp=int(time.time()) - 20)
    assert door.call("GET", "/v1/customers/zoe/profile", headers=late).status_code == 200


class TestPublicKeys:
    def _call(self, folder: Path, settings: ApiSettings, **claims: Any) -> int:
        door = Door(folder, settings)
        headers = bearer("zoe", **claims)
        return door.call("GET", "/v1/customers/zoe/purchases", headers=headers).status_code

    def test_a_pem_file(self, tmp_path: Path) -> None:
        key = rsa.generate_private_key(65537, 2048)
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / "key.pem").write_bytes(pem)
        settings = ApiSettings(key_file=tmp_path / "key.pem", issuer=ISSUER, audience=AUDIENCE)
        assert self._call(tmp_path, settings, key=key, algorithm="RS256") == 200
        assert self._call(tmp_path, settings, key=rsa.generate_private_key(65537, 2048), algorithm="RS256") == 401
        assert self._call(tmp_path, settings, key=key, algorithm="RS512") == 401

    def test_a_file_of_keys(self, tmp_path: Path) -> None:
        keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
        algorithm = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256)
        public = [algorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": f"k{n}"} for n, key in enumerate(keys)]
        (tmp_path / "keys.json").write_text(json.dumps({"keys": public}))
        tokens = Tokens.of(ApiSettings(key_file=tmp_path / "keys.json", issuer=ISSUER, audience=AUDIENCE))
        assert tokens is not None
        signed = token("zoe", key=keys[1], algorithm="ES256")
        with pytest.raises(Unauthorized, match="not valid"):
            tokens.caller(f"Bearer {signed}")  # it does not say which of the two keys it is signed with

    def test_the_public_key_is_no_secret(self, tmp_path: Path) -> None:
        """A token signed with the text of the public key, as if it were a secret, is refused."""
        key = rsa.generate_private_key(65537, 2048)
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / "key.pem").write_bytes(pem)
        settings = ApiSettings(key_file=tmp_path / "key.pem", issuer=ISSUER, audience=AUDIENCE)
        import base64
        import hashlib
        import hmac

        head, body, _ = token().split(".")
        mac = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
        forged = f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        door = Door(tmp_path, settings)
        answer = door.call("GET", "/v1/customers/zoe/purchases", headers={"Authorization": f"Bearer {forged}"})
        assert answer.status_code == 401

    @pytest.mark.parametrize("content", ["", "{}", '{"keys": []}', "-----BEGIN PUBLIC KEY-----", "{"])
    def test_a_file_without_a_key_is_named(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "keys").write_text(content)
        with pytest.raises(ConfigError, match="holds no public key"):
            Tokens.of(ApiSettings(key_file=tmp_path / "keys", issuer=ISSUER, audience=AUDIENCE))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"issuer": None}, "api.issuer is not set"),
        ({"audience": ""}, "api.audience is not set"),
        ({"jwks_url": "https://login.example.com/keys"}, "both set"),
    ],
)
def test_settings_that_trust_too_much_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Tokens.of(keyed().model_copy(update=settings))
