"""DynamoDB for the rest of this package: connected, requests retried and paced, errors in the user's terms."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from omnix_cli.backoff import full_jitter
from omnix_cli.settings import StoreSettings
from omnix_cli.stores.dynamodb.client.errors import ServiceError, explained, no_credentials, not_connected
from omnix_cli.stores.dynamodb.client.signing import Credentials, Signer
from omnix_cli.stores.dynamodb.client.transports import (
    CONTENT_TYPE,
    BotoTransport,
    Endpoint,
    Request,
    SignedTransport,
    Transport,
)

THREADS = 16
"""The most connections that boto3's client keeps."""
_SLOWEST = 25.0
"""Write units a second, about a batch of small items: a lower rate only makes a throttled table slower."""

_Answer = TypeVar("_Answer")
Failed = Callable[[ServiceError], None]
"""Called with every error that may pass."""


@dataclass(frozen=True)
class Retries:
    """How often to send a request (`attempts` in all), and how many seconds to wait between."""

    attempts: int = 10
    base: float = 0.025
    throttled_base: float = 0.1
    longest: float = 20.0
    random: random.Random = field(default_factory=lambda: random.Random(0))
    sleep: Callable[[float], None] = time.sleep

    def wait(self, attempt: int, *, throttled: bool) -> None:
        """Waits after a failed attempt, counted from 0."""
        base = self.throttled_base if throttled else self.base
        self.sleep(full_jitter(attempt, base=base, cap=self.longest, random=self.random))

    def call(self, send: Callable[[], _Answer], failed: Failed = lambda error: None) -> _Answer:
        """Sends until it succeeds; `failed` gets every error that may pass. Raises the last `ServiceError`."""
        for attempt in range(self.attempts):
            try:
                return send()
            except ServiceError as error:
                if not error.may_pass:
                    raise
                failed(error)
                if attempt + 1 == self.attempts:
                    raise
                self.wait(attempt, throttled=error.is_throttling)
        raise AssertionError("there is at least one attempt")


@dataclass(frozen=True)
class Service:
    """A transport whose requests are retried as long as that may help."""

    transport: Transport
    retries: Retries = field(default_factory=Retries)

    def call(self, operation: str, request: Request, failed: Failed = lambda error: None) -> dict[str, Any]:
        """The answer; `failed` is called with every error that may pass. Raises `ServiceError`."""
        return self.retries.call(lambda: self.transport(operation, request), failed)

    def answer(self, operation: str, request: Request, table: str) -> dict[str, Any]:
        """The answer to a request about a table (its full name). Raises what `explained` makes of an error."""
        try:
            return self.call(operation, request)
        except ServiceError as error:
            raise explained(error, table) from error

    def find(self, operation: str, table: str, *, unless: str) -> dict[str, Any] | None:
        """The answer to a request that has no more than the table; None if the error has the code `unless`."""
        try:
            return self.call(operation, {"TableName": table})
        except ServiceError as error:
            if error.code == unless:
                return None
            raise explained(error, table) from error

    def description(self, table: str) -> dict[str, Any] | None:
        """The answer to DescribeTable; None if the table does not exist."""
        answer = self.find("DescribeTable", table, unless="ResourceNotFoundException")
        return None if answer is None else dict(answer["Table"])


@dataclass
class Pace:
    """A budget of capacity units a second, shared by threads, that adapts to what the table allows.

    The rate starts at `start` (None: no limit). When the service throttles, it falls to `fall` of what it was, at most
    once a second, because requests sent together are throttled together. Every second it rises by `rise` of the
    highest rate so far (additive increase, multiplicative decrease), never above `limit`. `clock` gives seconds."""

    limit: float | None = None
    start: float | None = None
    rise: float = 0.1
    fall: float = 0.85
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.rate = self.start if self.start is not None else self.limit
        self._highest = self.rate or 0.0
        self._due = self._changed = self.clock()
        self._fell = self._changed if self.rate is None else self._changed - 1.0

    def take(self, units: float) -> None:
        """Waits until that many units may be used."""
        with self._lock:
            now = self.clock()
            self._due = max(self._due, now - 1.0)  # at most one second's budget is saved up
            self._rise(now)
            wait = self._due - now
            if self.rate is not None:
                self._due += units / self.rate
        if wait > 0:
            self.sleep(wait)

    def correct(self, units: float) -> None:
        """Adds units that were used beyond those taken (or returns some)."""
        with self._lock:
            if self.rate is not None:
                self._due += units / self.rate

    def throttled(self, used_per_second: float) -> None:
        """Slows down because the service throttled; without a rate so far, starts from what was used a second."""
        with self._lock:
            now = self.clock()
            if now - self._fell < 1.0:
                return
            self._rise(now)
            self._highest = max(self._highest, used_per_second if self.rate is None else self.rate)
            fallen = self.fall * (self.rate if self.rate is not None else used_per_second)
            self.rate = max(fallen, min(_SLOWEST, self.limit or _SLOWEST))
            self._fell = self._changed = now

    def _rise(self, now: float) -> None:
        if self.rate is not None:
            risen = self.rate + self.rise * max(self._highest, self.rate) * (now - self._changed)
            self.rate = risen if self.limit is None else min(self.limit, risen)
        self._changed = now


def connect(settings: StoreSettings, *, now: Callable[[], datetime]) -> Transport:
    """A transport to DynamoDB, with the credentials, region, profile and endpoint that every AWS tool would use. Raises
    `ConfigError` when one of them is missing."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
        config = Config(
            parameter_validation=False,
            max_pool_connections=THREADS,
            tcp_keepalive=True,
            retries={"total_max_attempts": 1},  # we retry ourselves: only we know what is left of a batch
        )
        client = session.client("dynamodb", endpoint_url=settings.endpoint_url, config=config)
        if settings.transport == "boto3":
            return BotoTransport(client)
        credentials = session.get_credentials()
    except (BotoCoreError, ValueError) as error:  # the latter for an endpoint that is no URL
        raise not_connected(error) from error
    if credentials is None:
        raise no_credentials()

    def current() -> Credentials:
        try:
            frozen = credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise no_credentials(error) from error
        return Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token)

    endpoint = Endpoint(client.meta.endpoint_url, session._session.get_config_variable("ca_bundle"))
    signer = Signer("dynamodb", client.meta.region_name, endpoint.host, current, CONTENT_TYPE)
    return SignedTransport(endpoint, signer, now)
