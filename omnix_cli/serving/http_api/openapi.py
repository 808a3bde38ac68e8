"""The description of the API (OpenAPI 3.1): what each endpoint takes and answers, with examples."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field

from omnix_cli.json_records.customer_records import Body, NewPurchase

_REFERENCES = "#/components/schemas/{model}"
_ERRORS = (400, 401, 403, 408, 413, 415, 422, 429, 500, 503)
"""What every endpoint may answer. Those with a body also 400, 408, 413 and 415."""


class Answer(BaseModel):
    """An answer; items of older services may have further fields."""

    model_config = ConfigDict(extra="allow")


class Item(Answer):
    """An item as it is stored."""


class Problem(Answer):
    """Every error."""

    error: str
    message: str
    details: list[dict[str, Any]]
    requestId: str


class Profile(Answer):
    """A profile."""

    customerId: str
    demographics: dict[str, Any]
    preferences: dict[str, Any]
    shoppingPatterns: dict[str, Any]
    consent: dict[str, Any]


class PurchasePage(Answer):
    """A page of order lines."""

    items: list[dict[str, Any]]
    nextCursor: str | None


class InteractionPage(Answer):
    """A page of interactions."""

    items: list[dict[str, Any]]
    nextCursor: str | None


class Purchases(Body):
    """Order lines to add."""

    purchases: Annotated[list[NewPurchase], Field(min_length=1, max_length=1_000)]


class ImportedPurchases(Answer):
    """What became of each line."""

    results: list[dict[str, Any]]
    refused: int


class ListedProduct(Answer):
    """A product of a list."""

    product: dict[str, Any]
    score: float
    reason: str
    tags: list[str]


class Listed(Answer):
    """A list."""

    recommendations: list[ListedProduct]
    reason: str
    algorithm: str
    confidence: float
    generatedAt: str | None


class Pattern(Answer):
    """When a product is needed again."""

    productId: str
    productName: str | None
    category: str | None
    averageDaysBetweenPurchases: float | None
    predictedNextPurchaseDate: str
    confidence: float
    interval: dict[str, Any] | None


class Patterns(Answer):
    """When products are needed again."""

    patterns: list[Pattern]


class Alerts(Answer):
    """What is due soon."""

    urgent: list[Pattern]
    upcoming: list[Pattern]


class Prediction(Answer):
    """When one product is needed again."""

    predictedDate: str
    confidence: float
    averageDaysBetween: float | None


def answers(model: Any, *statuses: int, open_to_all: bool = False) -> dict[str, Any]:
    """How a route describes its answers: `model` with the first status, an error in the one shape with the others."""
    first, *others = statuses
    errors = [status for status in _ERRORS if not open_to_all or status in (500, 503)]
    described: dict[int | str, Any] = {first: {"model": model, "description": HTTPStatus(first).phrase}}
    for status in sorted({*others, *errors}):
        described[status] = {"description": HTTPStatus(status).phrase}
        if status != HTTPStatus.NOT_MODIFIED:
            described[status]["model"] = Problem
    return {"responses": described, "response_model": None}


def takes(record: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """How a route describes the document that it takes."""
    schema = record.model_json_schema(by_alias=True, ref_template=_REFERENCES)
    _DEFINED.update(schema.pop("$defs", {}))
    _DEFINED[record.__name__] = schema
    reference = {"$ref": _REFERENCES.format(model=record.__name__)}
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference, "example": example}}}
    }


_DEFINED: dict[str, Any] = {}
"""The schemas of the documents that routes take, by name."""


def describe(app: FastAPI) -> None:
    """Gives the application its description: documents, and the bearer token that every endpoint but those of health
    needs."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, routes=app.routes)
            components = made.setdefault("components", {})
            components.setdefault("schemas", {}).update(_DEFINED)
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
            for path, operations in made["paths"].items():
                for operation in operations.values():
                    if not path.endswith("z"):
                        operation["security"] = [{"token": []}]
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]
