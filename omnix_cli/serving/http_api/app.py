"""The application: every endpoint on one customer side."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from omnix_cli import __version__
from omnix_cli.errors import OmnixError
from omnix_cli.services.customers.customer_side import CustomerSide
from omnix_cli.serving.http_api.answers import failed
from omnix_cli.serving.http_api.bounds import Rates
from omnix_cli.serving.http_api.callers import Tokens
from omnix_cli.serving.http_api.every_request import EveryRequest, Figures
from omnix_cli.serving.http_api.openapi import describe
from omnix_cli.serving.http_api.requests import Door
from omnix_cli.serving.http_api.routes import customer_routes, health_routes, list_routes, page_routes
from omnix_cli.settings import ApiSettings

_GZIP_BYTES, _GZIP_LEVEL = 1_000, 5  # level 9, the default, takes 2.6 times as long for 7 % fewer bytes
_EXPOSED = ("ETag", "X-Request-Id", "Retry-After")


def application(
    side: CustomerSide, settings: ApiSettings, *, rates: Rates | None = None, local_only: bool = False
) -> EveryRequest:
    """The ASGI application; `local_only` without a key: see `Door.caller`. Raises `ConfigError` for settings that trust
    too much."""
    figures = Figures()
    app = FastAPI(
        title="omnix",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    app.state.door = Door(side, settings, Tokens.of(settings), rates or Rates(), figures, local_only)
    for kind in (OmnixError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, failed)
    for routes in (customer_routes, list_routes, health_routes, page_routes):
        app.include_router(routes.router)
        app.state.routes = [*getattr(app.state, "routes", ()), *routes.router.routes]
    describe(app)
    app.add_middleware(GZipMiddleware, minimum_size=_GZIP_BYTES, compresslevel=_GZIP_LEVEL)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PATCH"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "X-Request-Id"],
            expose_headers=list(_EXPOSED),
        )
    return EveryRequest(app, figures)
