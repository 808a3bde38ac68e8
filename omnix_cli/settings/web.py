"""Settings of the HTTP API: where it listens, whose tokens it accepts, and how much a caller may ask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from omnix_cli.settings.section import Section, Texts, Url

LEAST_SECRET = 32
"""Characters of a shared secret: a shorter one can be guessed from one token."""


def _hard_to_guess(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and len(secret.get_secret_value()) < LEAST_SECRET:
        raise ValueError(f"must have at least {LEAST_SECRET} characters")
    return secret


class ApiSettings(Section):
    """The HTTP API (`omnix serve`)."""

    host: str = "127.0.0.1"
    """The address to listen on. Without a key it must be a loopback address."""
    port: int = Field(8080, ge=0, le=65_535)
    """The port. 0: any free one, which is printed."""
    key_file: Path | None = None
    """A file with the public key of the issuer of tokens (PEM), or with its keys (JWKS)."""
    jwks_url: Url | None = None
    """The address of the issuer's keys (JWKS), in place of a file."""
    secret: Annotated[SecretStr | None, AfterValidator(_hard_to_guess)] = None
    """A secret that tokens are signed with (HS256), in place of public keys. Set it in the environment."""
    issuer: str | None = None
    """The issuer (`iss`) that tokens must name. Needed with a key."""
    audience: str | None = None
    """The audience (`aud`) that tokens must name. Needed with a key."""
    algorithms: tuple[Literal["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"], ...] = ("RS256", "ES256")
    """The algorithms of tokens that are signed with a public key."""
    clock_skew_seconds: float = Field(30, ge=0, le=300)
    """How far the clocks of issuer and server may differ."""
    customer_scope: str = Field("omnix:customer", min_length=1)
    """The scope of a token for one customer: its subject (`sub`) is the customer's id."""
    service_scope: str = Field("omnix:service", min_length=1)
    """The scope of a token for a service, which may see all customers."""
    customer_requests: float = Field(20, gt=0)
    """Requests a second that a customer may make on average; twice as many at once."""
    service_requests: float = Field(2_000, gt=0)
    """Requests a second that a service may make on average; twice as many at once."""
    max_body_bytes: int = Field(1_048_576, ge=1_024)
    """The largest body of a request."""
    receive_seconds: float = Field(10, gt=0)
    """How long a client may take to send the headers, then the body, and to go on reading the answer."""
    shutdown_seconds: int = Field(30, ge=1)
    """How long requests may go on after SIGTERM."""
    cors_origins: Texts = ()
    """Web origins whose pages may call the API, such as `https://shop.example.com`."""

    @property
    def has_key(self) -> bool:
        """Whether tokens can be checked."""
        return bool(self.key_file or self.jwks_url or self.secret)
