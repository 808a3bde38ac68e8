"""The public keys of the issuer of tokens: from a file, or from the address where it publishes them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import jwt

from omnix_cli.errors import ConfigError, UnavailableError, os_failure
from omnix_cli.settings import ApiSettings

FindKey = Callable[[str], Any]
"""The key that a token is signed with, by its header."""
_KEPT_SECONDS = 300
_WAIT_SECONDS = 5
"""How long a fetch may take, and how long after one nobody else asks: an issuer that is down or slow must not hold up
every request, and whoever sends tokens with invented keys must not make the API ask for each of them."""


class PublishedKeys:
    """The keys at an address (JWKS), fetched again after a while, and when a token names a key that is not there: the
    issuer may have a new one. Several threads may use it; those whose key is known never wait for a fetch."""

    def __init__(self, url: str, *, wait_seconds: float = _WAIT_SECONDS, now: Callable[[], float] = time.monotonic):
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=_WAIT_SECONDS)
        self._wait, self._now = wait_seconds, now
        self._keys: dict[str, Any] = {}
        self._fetched = self._tried = float("-inf")
        self._fetching = threading.Lock()

    def __call__(self, token: str) -> Any:
        """The key that the token names. Raises `UnavailableError` where that cannot be found out now."""
        name = jwt.get_unverified_header(token).get("kid")
        if not isinstance(name, str):
            raise jwt.InvalidKeyError("the token does not say which key it is signed with")
        if found := self._known().get(name):
            return found
        if not self._fetching.acquire(timeout=0 if self._known() else _WAIT_SECONDS):
            raise _no_keys()
        try:
            self._fetch_if_due()
        finally:
            self._fetching.release()
        if found := self._known().get(name):
            return found
        raise jwt.InvalidKeyError("there is no such key")

    def _known(self) -> dict[str, Any]:
        return self._keys if self._now() - self._fetched < _KEPT_SECONDS else {}

    def _fetch_if_due(self) -> None:
        if self._now() - self._tried < self._wait:
            if not self._known():
                raise _no_keys()
            return
        try:
            keys = self._client.get_signing_keys()
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _no_keys() from error
        finally:
            self._tried = self._now()
        self._keys, self._fetched = {str(key.key_id): key for key in keys}, self._now()


def _no_keys() -> UnavailableError:
    return UnavailableError("the keys of the issuer cannot be fetched", hint="Try again later (api.jwks_url).")


def keys_of_file(settings: ApiSettings) -> FindKey:
    """The keys of `key_file`, PEM or JWKS. Raises `ConfigError` for a file without any."""
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
