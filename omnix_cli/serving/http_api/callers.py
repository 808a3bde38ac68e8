"""Who calls: bearer tokens (JWT, RFC 7519), checked by PyJWT, and what each caller may see."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt

from omnix_cli.errors import ConfigError, OmnixError
from omnix_cli.serving.http_api.issuer_keys import FindKey, PublishedKeys, keys_of_file
from omnix_cli.settings import ApiSettings

_SECRET_ALGORITHMS = ("HS256",)
_REQUIRED = ("exp", "sub", "iss", "aud")


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

    def check_document(self, document: Any) -> None:
        """Raises `Forbidden` unless the caller may see the customer that a document names."""
        customer = document.get("customerId") if isinstance(document, dict) else None
        self.check(customer if isinstance(customer, str) else "")

    def check_service(self) -> None:
        """Raises `Forbidden` unless the caller is a service."""
        if self.customer is not None:
            raise Forbidden("this needs the token of a service")


LOCAL = Caller("local")
"""Whoever calls an API without keys, which listens on this machine only."""


def is_local(host: str) -> bool:
    """Whether a name or an address is that of this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(header: str) -> str:
    """The name or address of a header `Host`, without the port; empty for one that is none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


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
        find = PublishedKeys(str(settings.jwks_url)) if settings.jwks_url else keys_of_file(settings)
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
        raise Unauthorized("the token has no scope that this API knows")

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
        except jwt.ExpiredSignatureError as error:
            raise Unauthorized("the token has expired") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthorized("the token is not valid") from error
        if not claims["sub"]:
            raise Unauthorized("the token has no subject")
        return claims
