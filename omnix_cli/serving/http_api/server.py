"""The HTTP server: uvicorn, with a deadline for headers, no words about itself, and a graceful end."""

from __future__ import annotations

import gc
import logging
import resource
import socket
from collections.abc import Callable

import anyio.to_thread
import uvicorn

from omnix_cli.errors import ConfigError, os_failure
from omnix_cli.services.customers.customer_side import CustomerSide
from omnix_cli.serving.http_api.app import application
from omnix_cli.serving.http_api.callers import is_local
from omnix_cli.serving.http_api.connections import deadlines
from omnix_cli.serving.http_api.log_queue import LogQueue
from omnix_cli.settings import ApiSettings

_log = logging.getLogger(__name__)
_FILES = 8_192
_THREADS = 16
_IDLE_SECONDS = 30


def serve(side: CustomerSide, settings: ApiSettings, *, started: Callable[[str], None]) -> None:
    """Answers requests until SIGTERM or Ctrl-C; requests in progress are answered first. Calls `started` with the
    address. Raises `ConfigError` for an address that it may not or cannot listen on."""
    check_address(settings)
    app = application(side, settings, local_only=not settings.has_key)
    log = LogQueue(app.figures.dropped_lines.inc)
    listener = _listener(settings)
    _raise_file_limit()
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        app,
        http=deadlines(settings.receive_seconds),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    gc.collect()
    gc.freeze()  # what was imported stays: looking through it again takes 50 ms, and all requests would wait for it
    started(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    with listener, log:
        _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server with a few threads: a store has a connection with a cache for each, and Python runs one at a time."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        await super().startup(sockets)


def check_address(settings: ApiSettings) -> None:
    """Raises `ConfigError` for an address that other machines reach, unless tokens are checked."""
    if settings.has_key:
        return
    if not is_local(settings.host):
        raise ConfigError(
            f"without a key, the API listens on this machine only, not on {settings.host}",
            hint="Set api.key_file, api.jwks_url or OMNIX_API__SECRET, with api.issuer and api.audience.",
        )
    _log.warning("no key is set: anyone on this machine can see and change everything (api.key_file)")


def _raise_file_limit() -> None:
    """Lets the process have more connections than the usual 1,024 files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listener(settings: ApiSettings) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"{settings.host} is not an address of this machine", hint="Check api.host.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2_048)
    except OSError as error:
        listener.close()
        raise os_failure(error, f"cannot listen on {settings.host}:{settings.port}") from error
    return listener
