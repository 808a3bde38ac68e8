"""Who calls: bearer tokens (JWT, RFC 7519), checked by PyJWT, and what each caller may see."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from omnix_cli.errors import ConfigError, OmnixError, UnavailableError, os_failure
from omnix_cli.settings import ApiSettings

_SECRET_ALGORITHMS = ("HS256",)
_REQUIRED = ("exp", "sub", "iss", "aud")
_JWKS_SECONDS = 300
FindKey = Callable[[str], Any]
"""The key that a token is signed with, by its header."""


class Unauthorized(OmnixError):
    """There is no token, or none that can be trusted."""


class Forbidden(OmnixError):
    """The caller is known, and may not see this."""


@dataclass(frozen=True)
class Caller:
    """A customer, or a service that may see all of them (`customer` is None)."""

    name: str
    customer: str | None = None

    def check(self, customer: str) -> None:
        """Raises `Forbidden` unless the caller may see this customer."""
        if self.customer not in (None, customer):
            raise Forbidden("this token is for another customer")

    def check_service(self) -> None:
        """Raises `Forbidden` unless the caller is a service."""
        if self.customer is not None:
            raise Forbidden("this needs the token of a service")


LOCAL = Caller("local")
"""Whoever calls an API without keys, which listens on this machine only."""


@dataclass(frozen=True)
class Tokens:
    """Checks tokens: signature, algorithm, issuer, audience, times and scope."""

    settings: ApiSettings
    find_key: FindKey
    algorithms: tuple[str, ...]

    @classmethod
    def of(cls, settings: ApiSettings) -> Tokens | None:
        """What the settings say; None without a key. Raises `ConfigError` for settings that trust too much."""
        if not settings.has_key:
            return None
        given = [name for name in ("key_file", "jwks_url", "secret") if getattr(settings, name)]
        if len(given) > 1:
            raise ConfigError(f"api.{' and api.'.join(given)} are both set", hint="Keep one of them.")
        for name in ("issuer", "audience"):
            if not getattr(settings, name):
                raise ConfigError(f"api.{name} is not set", hint="Tokens are checked against it.")
        if settings.secret:
            secret = settings.secret.get_secret_value()
            return cls(settings, lambda token: secret, _SECRET_ALGORITHMS)
        find = _published(str(settings.jwks_url)) if settings.jwks_url else _from_file(settings)
        return cls(settings, find, settings.algorithms)

    def caller(self, header: str | None) -> Caller:
        """The caller of a request by its header `Authorization`. Raises `Unauthorized`."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized("there is no bearer token")
        claims = self._claims(token.strip())
        scopes = claims.get("scope", "")
        granted = scopes.split() if isinstance(scopes, str) else scopes if isinstance(scopes, list) else []
        if self.settings.service_scope in granted:
            return Caller(f"service {claims['sub']}")
        if self.settings.customer_scope in granted:
            return Caller(f"customer {claims['sub']}", customer=claims["sub"])
        raise Unauthorized("the token has none of the scopes that count here")

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.find_key(token),
                algorithms=list(self.algorithms),
                issuer=self.settings.issuer,
                audience=self.settings.audience,
                leeway=self.settings.clock_skew_seconds,
                options={"require": list(_REQUIRED)},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise UnavailableError("the keys of the issuer cannot be fetched", hint="Try again later.") from error
        except jwt.ExpiredSignatureError as error:
            raise Unauthorized("the token has expired") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthorized("the token is not valid") from error
        if not claims["sub"]:
            raise Unauthorized("the token has no subject")
        return claims


def _published(url: str) -> FindKey:
    client = jwt.PyJWKClient(url, cache_jwk_set=True, lifespan=_JWKS_SECONDS)
    return lambda token: client.get_signing_key_from_jwt(token)


def _from_file(settings: ApiSettings) -> FindKey:
    path = settings.key_file
    try:
        content = path.read_text() if path else ""
    except OSError as error:
        raise os_failure(error, f"the key file {path} cannot be read") from error
    except UnicodeDecodeError as error:
        raise _no_key(settings) from error
    if not content.lstrip().startswith("{"):
        return _of_pem(content, settings)
    try:
        keys = jwt.PyJWKSet.from_dict(json.loads(content))
    except (jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
        raise _no_key(settings) from error

    def find(token: str) -> Any:
        name = jwt.get_unverified_header(token).get("kid")
        if name is None and len(keys.keys) == 1:
            return keys.keys[0]
        found = next((key for key in keys.keys if key.key_id == name), None)
        if name is None or found is None:
            raise jwt.InvalidKeyError("there is no such key")
        return found

    return find


def _of_pem(content: str, settings: ApiSettings) -> FindKey:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(content.encode())
    except ValueError as error:
        raise _no_key(settings) from error
    return lambda token: key


def _no_key(settings: ApiSettings) -> ConfigError:
    return ConfigError(f"{settings.key_file} holds no public key", hint="Give a PEM or JWKS file (api.key_file).")
