"""What every endpoint needs of a request: the customer side, the caller, and the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from pydantic import BeforeValidator
from starlette.concurrency import run_in_threadpool

from omnix_cli.json_records.customer_records import ID_PATTERN
from omnix_cli.services.customers.customer_side import CustomerSide
from omnix_cli.services.customers.published_lists import MAX_ITEMS
from omnix_cli.serving.http_api.bounds import Rates, check_kind, parse_body, read_body
from omnix_cli.serving.http_api.callers import LOCAL, Caller, Forbidden, Tokens, Unauthorized, host_of, is_local
from omnix_cli.serving.http_api.every_request import Figures, decoded
from omnix_cli.settings import ApiSettings
from omnix_cli.stores.tables.paging import MAX_LIMIT


@dataclass(frozen=True)
class Door:
    """What the application has for all requests. Without `tokens` every caller is this machine."""

    side: CustomerSide
    settings: ApiSettings
    tokens: Tokens | None
    rates: Rates
    figures: Figures
    local_only: bool = False

    def caller(self, headers: Mapping[str, str], address: str) -> Caller:
        """Who calls, within the rate of that caller; attempts without a token that counts go by the address."""
        if self.tokens is None:
            if self.local_only:
                self._check_no_page_elsewhere(headers.get("host", ""), headers.get("origin"))
            return LOCAL
        authorization = headers.get("authorization")
        try:
            caller = self.tokens.caller(authorization)
        except Unauthorized:
            self.rates.take(f"address {address}", self.settings.customer_requests)
            raise
        most = self.settings.service_requests if caller.customer is None else self.settings.customer_requests
        self.rates.take(caller.name, most)
        return caller

    def _check_no_page_elsewhere(self, host: str, origin: str | None) -> None:
        """Without a key, nothing but the browser's rules keeps a page of another site from calling this machine. So a
        request must be for a host that is this machine, or has no dot: a name that was made to lead here (DNS
        rebinding) has a domain. And it must come from no page, from one of this API, or from one of the settings."""
        name = host_of(host)
        if "." in name and not is_local(name):
            raise Forbidden("without a key, this API is called by an address of this machine, such as 127.0.0.1")
        if origin is not None and origin != f"http://{host}" and origin not in self.settings.cors_origins:
            raise Forbidden("without a key, this API is not called by pages of other sites (api.cors_origins)")


def _door(request: Request) -> Door:
    door: Door = request.app.state.door
    return door


async def _caller(request: Request) -> Caller:
    """Whoever sends the request; only keys that must be fetched are worth a thread."""
    door, address = _door(request), request.client.host if request.client else "unknown"
    if door.settings.jwks_url:
        return await run_in_threadpool(door.caller, request.headers, address)
    return door.caller(request.headers, address)


async def _body(request: Request, caller: Annotated[Caller, Depends(_caller)]) -> Any:
    """The document of the body; only of a caller who is known."""
    settings = _door(request).settings
    check_kind(request.headers)
    return parse_body(await read_body(request, most_bytes=settings.max_body_bytes, seconds=settings.receive_seconds))


async def _side(request: Request) -> CustomerSide:
    return _door(request).side


def _whole(written: Any) -> Any:
    """Digits only: Python would also read 1_0, +5 and 1.0."""
    if isinstance(written, str) and not re.fullmatch("-?[0-9]+", written):
        raise ValueError("should be a whole number")
    return written


_MOST_CURSOR = 8_000
"""A cursor has the ids of an item, of up to 2,048 bytes in a store."""
CallerOf = Annotated[Caller, Depends(_caller)]
Body = Annotated[Any, Depends(_body)]
Side = Annotated[CustomerSide, Depends(_side)]
CustomerId = Annotated[
    str,
    BeforeValidator(decoded),
    Path(
        min_length=1,
        max_length=256,
        description="The customer's id.",
        examples=["1142"],
        json_schema_extra={"pattern": ID_PATTERN},
    ),
]
ProductId = Annotated[
    str,
    BeforeValidator(decoded),
    Path(min_length=1, max_length=256, description="The product's id.", examples=["1082185"]),
]
PageLimit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items of a page."), BeforeValidator(_whole)]
ListLimit = Annotated[int, Query(ge=1, le=MAX_ITEMS, description="Products of a list."), BeforeValidator(_whole)]
Cursor = Annotated[str | None, Query(max_length=_MOST_CURSOR, description="`nextCursor` of the page before.")]
