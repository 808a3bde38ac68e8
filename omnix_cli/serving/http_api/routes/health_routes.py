"""Whether the API is alive and ready, and its figures."""

from __future__ import annotations

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from omnix_cli.serving.http_api.answers import ExactJson
from omnix_cli.serving.http_api.openapi import Item, answers
from omnix_cli.serving.http_api.requests import Side

router = APIRouter(tags=["health"])
NOBODY = "readyz#nobody"
"""The id of a list that nobody has: looking for it shows that the store answers."""


@router.get("/healthz", **answers(Item, 200, open_to_all=True))
async def alive() -> Response:
    """Whether the process answers."""
    return ExactJson({"status": "ok"})


@router.get("/readyz", **answers(Item, 200, open_to_all=True))
def ready(side: Side) -> Response:
    """Whether the store answers."""
    side.store.get("recommendations", NOBODY, now=side.now())
    return ExactJson({"status": "ok"})


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Requests and their seconds by endpoint, in the format of Prometheus."""
    return Response(generate_latest(request.app.state.door.figures.registry), media_type=CONTENT_TYPE_LATEST)
