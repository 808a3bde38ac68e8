"""Profiles, purchases, interactions and predictions of one customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from omnix_cli.json_records.customer_records import (
    Consent,
    NewInteraction,
    NewPurchase,
    PreferencesChange,
    Registration,
    wrong,
)
from omnix_cli.protocols.tables import Page
from omnix_cli.services.customers.customer_side import CustomerSide
from omnix_cli.serving.http_api.answers import Changed, ExactJson, entity_tag, tagged, tags_of
from omnix_cli.serving.http_api.openapi import (
    Alerts,
    ImportedPurchases,
    InteractionPage,
    Item,
    Patterns,
    Prediction,
    Profile,
    PurchasePage,
    Purchases,
    answers,
    takes,
)
from omnix_cli.serving.http_api.requests import Body, CallerOf, Cursor, CustomerId, PageLimit, ProductId, Side
from omnix_cli.stores.tables.store_tombstones import forgotten_error

router = APIRouter(prefix="/v1/customers", tags=["customers"])
IfMatch = Annotated[str | None, Header(description="Change the profile only if this is its entity tag.")]
_CUSTOMER: dict[str, Any] = {"customerId": "zoe", "demographics": {"age": 50}}
_LINE: dict[str, Any] = {"productId": "1082185", "unitPrice": 1.99, "purchaseDate": "2018-01-15T10:00:00Z"}


@router.post("/register", status_code=201, openapi_extra=takes(Registration, _CUSTOMER), **answers(Profile, 201, 409))
def register(caller: CallerOf, side: Side, body: Body) -> Response:
    """Register a customer. The same registration again changes nothing; another one is a conflict."""
    caller.check_document(body)
    profile = side.register(body).profile
    return ExactJson(profile, status_code=201, headers={"ETag": entity_tag(profile)})


@router.get("/{customer}/profile", **answers(Profile, 200, 304, 404))
def profile(request: Request, caller: CallerOf, side: Side, customer: CustomerId) -> Response:
    """The profile of a customer."""
    caller.check(customer)
    return tagged(request, side.profile(customer))


@router.patch(
    "/{customer}/preferences",
    openapi_extra=takes(PreferencesChange, {"favoriteCategories": ["Dairy"], "budgetRange": {"max": 15}}),
    **answers(Profile, 200, 404, 409, 412),
)
def change_preferences(
    caller: CallerOf, side: Side, customer: CustomerId, body: Body, if_match: IfMatch = None
) -> Response:
    """Replace the preferences that are given, each whole; the others stay."""
    caller.check(customer)
    return _changed(side, customer, if_match, lambda version: side.change_preferences(customer, body, version=version))


@router.patch(
    "/{customer}/consent", openapi_extra=takes(Consent, {"aiAnalysis": False}), **answers(Profile, 200, 404, 409, 412)
)
def set_consent(caller: CallerOf, side: Side, customer: CustomerId, body: Body, if_match: IfMatch = None) -> Response:
    """Set what a customer agrees to. Lists and questions to models follow with the next nightly run."""
    caller.check(customer)
    return _changed(side, customer, if_match, lambda version: side.set_consent(customer, body, version=version))


@router.get("/{customer}/purchases", **answers(PurchasePage, 200))
def purchases(
    caller: CallerOf, side: Side, customer: CustomerId, limit: PageLimit = 50, cursor: Cursor = None
) -> Response:
    """The customer's order lines, newest first; none for an unknown customer."""
    caller.check(customer)
    return _page(side.purchases(customer, limit=limit, cursor=cursor))


@router.post(
    "/{customer}/purchases",
    status_code=201,
    openapi_extra=takes(NewPurchase, _LINE),
    **answers(Item, 201, 409),
)
def add_purchase(caller: CallerOf, side: Side, customer: CustomerId, body: Body) -> Response:
    """Add one order line with its own date. The same line again is the same item."""
    caller.check_service()
    (added,) = side.add_purchases(customer, [body])
    if added.error:
        raise added.error
    if added.status == "forgotten":
        raise forgotten_error(customer)
    return ExactJson({"id": added.id, "status": added.status}, status_code=201)


@router.post(
    "/{customer}/purchases/import",
    openapi_extra=takes(Purchases, {"purchases": [_LINE]}),
    **answers(ImportedPurchases, 200),
)
def import_purchases(caller: CallerOf, side: Side, customer: CustomerId, body: Body) -> Response:
    """Add up to 1,000 order lines, each with its own date. A line that is wrong is refused alone."""
    caller.check_service()
    rows = body.get("purchases") if isinstance(body, dict) and body.keys() == {"purchases"} else None
    if not isinstance(rows, list):
        raise wrong("purchases", "must be a list, and the only field")
    added = side.add_purchases(customer, rows)
    results = [{name: value for name, value in one.values().items() if value is not None} for one in added]
    return ExactJson({"results": results, "refused": sum(one.status == "refused" for one in added)})


@router.get("/{customer}/interactions", **answers(InteractionPage, 200))
def interactions(
    caller: CallerOf, side: Side, customer: CustomerId, limit: PageLimit = 50, cursor: Cursor = None
) -> Response:
    """The customer's interactions, newest first; none for an unknown customer."""
    caller.check(customer)
    return _page(side.interactions(customer, limit=limit, cursor=cursor))


@router.post(
    "/{customer}/interactions",
    status_code=201,
    openapi_extra=takes(NewInteraction, {"productId": "1082185", "interactionType": "view"}),
    **answers(Item, 201, 409),
)
def record_interaction(caller: CallerOf, side: Side, customer: CustomerId, body: Body) -> Response:
    """Record what a customer did with a product. With an `id`, it is safe to repeat."""
    caller.check(customer)
    item, _ = side.record_interaction(customer, body)
    return ExactJson(item, status_code=201)


@router.get("/{customer}/consumption-predictions", **answers(Patterns, 200))
def consumption_predictions(caller: CallerOf, side: Side, customer: CustomerId) -> Response:
    """What the customer will need, as the last run published it, likeliest first."""
    caller.check(customer)
    return ExactJson({"patterns": side.consumption_predictions(customer)})


@router.get("/{customer}/replenishment-alerts", **answers(Alerts, 200))
def replenishment_alerts(caller: CallerOf, side: Side, customer: CustomerId) -> Response:
    """What is urgent (expected by tomorrow with a confidence above 0.7) and upcoming (within 7 days, above 0.6)."""
    caller.check(customer)
    return ExactJson(side.replenishment_alerts(customer))


@router.get("/{customer}/purchase-prediction/{product}", **answers(Prediction, 200, 404))
def purchase_prediction(caller: CallerOf, side: Side, customer: CustomerId, product: ProductId) -> Response:
    """When the customer will need one product, as the last run published it."""
    caller.check(customer)
    return ExactJson(side.purchase_prediction(customer, product))


def _page(page: Page) -> Response:
    return ExactJson({"items": page.items, "nextCursor": page.cursor})


def _changed(
    side: CustomerSide, customer: str, if_match: str | None, change: Callable[[int | None], Mapping[str, Any]]
) -> Response:
    """The profile after a change, which depends on its entity tag if one is given."""
    version = None
    if if_match is not None:
        stored = side.profile(customer)
        if not tags_of(if_match) & {entity_tag(stored), "*"}:
            raise Changed("the profile is no longer the one that If-Match names")
        version = stored.get("version")
    profile = change(version)
    return ExactJson(profile, headers={"ETag": entity_tag(profile)})
