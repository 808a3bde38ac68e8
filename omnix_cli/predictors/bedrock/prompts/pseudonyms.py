"""Pseudonyms: the names of customers in prompts."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable

from pydantic import SecretStr

from omnix_cli.errors import ConfigError

PSEUDONYM_LENGTH = 10
"""Characters of base32, 50 bits: among a million customers, the chance that any two are alike is 1 in 2,000."""


def pseudonym(secret: SecretStr | None) -> Callable[[str], str]:
    """The name of a customer in prompts: an HMAC-SHA256 keyed with the secret, cut to `PSEUDONYM_LENGTH` characters.

    It stays the same as long as the secret does. Raises `ConfigError` when there is no secret."""
    key = secret.get_secret_value().encode() if secret else b""
    if len(key) < 16:
        raise ConfigError(
            f"bedrock.pseudonym_secret is {'shorter than 16 characters' if key else 'missing'}",
            hint="Set it once with `export OMNIX_BEDROCK__PSEUDONYM_SECRET=$(openssl rand -hex 32)` and keep it safe.",
        )

    def name(customer_id: str) -> str:
        digest = hmac.digest(key, customer_id.encode(), "sha256")
        return base64.b32encode(digest).decode()[:PSEUDONYM_LENGTH].lower()

    return name
