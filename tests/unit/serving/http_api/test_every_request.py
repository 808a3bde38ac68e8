from __future__ import annotations

import asyncio
from typing import Any

from omnix_cli.serving.http_api.every_request import EveryRequest, Figures


def test_other_protocols_pass_through() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    asyncio.run(EveryRequest(app, Figures())({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]


def test_a_request_that_fails_is_counted() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError

    figures = Figures()
    ticks = iter([1.0, 3.0])
    scope = {"type": "http", "method": "GET", "headers": []}
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(EveryRequest(app, figures, lambda: next(ticks))(scope, None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 500
    sample = {"method": "GET", "endpoint": "unknown"}
    assert figures.registry.get_sample_value("omnix_requests_total", sample | {"status": "500"}) == 1
    assert figures.registry.get_sample_value("omnix_request_seconds_sum", sample) == 2
