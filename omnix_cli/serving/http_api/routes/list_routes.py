"""The published lists, and what became of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from omnix_cli.days.seasons import SEASONS
from omnix_cli.json_records.customer_records import Feedback
from omnix_cli.services.customers.published_lists import CONTEXTS
from omnix_cli.serving.http_api.answers import ExactJson, tagged
from omnix_cli.serving.http_api.openapi import Item, Listed, ListedProduct, answers, takes
from omnix_cli.serving.http_api.requests import Body, CallerOf, CustomerId, ListLimit, ProductId, Side

router = APIRouter(prefix="/recommendations", tags=["recommendations"])
Context = Annotated[str, Query(description="Where the list is shown.", json_schema_extra={"enum": list(CONTEXTS)})]
Season = Annotated[str, Query(description="The season.", json_schema_extra={"enum": ["current", *SEASONS]})]


@router.get("/customers/{customer}", **answers(Listed, 200, 304))
def customer_list(
    request: Request,
    caller: CallerOf,
    side: Side,
    customer: CustomerId,
    context: Context = "homepage",
    limit: ListLimit = 10,
) -> Response:
    """A customer's list. Who has none gets the popular products, and `algorithm` and `reason` say so."""
    caller.check(customer)
    return tagged(request, side.recommendations(customer, context=context, limit=limit).values())


@router.get("/products/{product}/similar", **answers(Listed, 200, 304, 404))
def similar_products(
    request: Request, caller: CallerOf, side: Side, product: ProductId, limit: ListLimit = 5
) -> Response:
    """The products most like a product."""
    return tagged(request, side.similar(product, limit=limit).values())


@router.get("/trending", **answers(list[ListedProduct], 200))
def trending_products(caller: CallerOf, side: Side, limit: ListLimit = 10) -> Response:
    """What sells better than it used to."""
    return ExactJson(side.trending(limit=limit))


@router.get("/seasonal", **answers(list[ListedProduct], 200))
def seasonal_products(caller: CallerOf, side: Side, season: Season = "current", limit: ListLimit = 10) -> Response:
    """What sells better in a season."""
    return ExactJson(side.seasonal(season, limit=limit))


@router.post(
    "/feedback", openapi_extra=takes(Feedback, {"customerId": "1142", "status": "clicked"}), **answers(Item, 200, 404)
)
def give_feedback(caller: CallerOf, side: Side, body: Body) -> Response:
    """Record what became of a customer's list."""
    caller.check_document(body)
    return ExactJson(side.give_feedback(body))
