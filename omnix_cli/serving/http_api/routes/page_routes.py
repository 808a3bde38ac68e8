"""The page for people: a customer's lists and what is due, a product's neighbours. It needs no script, and it asks for
the same token as the endpoints whose answers it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from omnix_cli import __version__
from omnix_cli.errors import NotFound
from omnix_cli.safe_text.printing import printable
from omnix_cli.services.customers.customer_side import CustomerSide
from omnix_cli.services.customers.published_lists import ListedProducts
from omnix_cli.serving.http_api.requests import CallerOf, Side
from omnix_cli.serving.http_api.timeline import timeline

router = APIRouter(include_in_schema=False)
_FOLDER = Path(__file__).resolve().parents[1] / "templates"
_MOST = 20
_MOST_NAMED = 50
_MAX_ID = 256
_TITLES = {"homepage": "Homepage", "replenishment": "Replenishment", "usual": "Usually bought"}
_FALLBACKS = ("none", "popular")
Asked = Annotated[str, Query()]


@dataclass(frozen=True)
class Section:
    """A list under a heading; without entries, the caption says so."""

    title: str
    caption: str
    entries: list[dict[str, Any]]


def _visible(value: Any) -> Any:
    """A text without what could turn around or hide the text beside it."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, finalize=_visible, trim_blocks=True
)
_PAGE = _TEMPLATES.get_template("page.html")
_STYLE, _ICON = ((_FOLDER / name).read_bytes() for name in ("style.css", "icon.svg"))
_KEPT = {"Cache-Control": "public, max-age=3600"}


@router.get("/")
def page(caller: CallerOf, side: Side, customer: Asked = "", product: Asked = "") -> Response:
    """The page of a customer, or of a product by its id or words of its name; without either, what is trending and in
    season."""
    customer, product = customer.strip(), product.strip()
    if customer:
        caller.check(customer)
        shown = _customer(side, customer)
    elif product:
        shown = _product(side, product)
    else:
        shown = {"title": "What the last run published", "sections": list(_shared(side))}
    content = _PAGE.render({"customer": customer, "product": product, "version": __version__, **shown})
    return Response(content, media_type="text/html; charset=utf-8")


@router.get("/style.css")
async def style() -> Response:
    """The style of the page; it tells nothing."""
    return Response(_STYLE, media_type="text/css; charset=utf-8", headers=_KEPT)


@router.get("/icon.svg")
async def icon() -> Response:
    """What a browser shows beside the title."""
    return Response(_ICON, media_type="image/svg+xml", headers=_KEPT)


def _customer(side: CustomerSide, customer: str) -> dict[str, Any]:
    title = {"title": f"Customer {customer}"}
    if len(customer) > _MAX_ID:
        return {**title, "known": False, "has_lists": False, "facts": [], "patterns": [], "sections": []}
    lists = {context: side.recommendations(customer, context=context, limit=_MOST) for context in _TITLES}
    profile = _profile(side, customer)
    has_lists = any(one.algorithm not in _FALLBACKS for one in lists.values())
    patterns = side.consumption_predictions(customer)
    today = side.now().astimezone(ZoneInfo(side.settings.imports.timezone)).date()
    return {
        **title,
        "known": has_lists or profile is not None or bool(side.purchases(customer, limit=1).items),
        "has_lists": has_lists,
        "facts": list(_facts(profile or {})),
        "patterns": patterns,
        "line": timeline(patterns, today),
        "sections": [
            _section(_title(context, one), one) for context, one in lists.items() if has_lists or one.recommendations
        ],
    }


def _product(side: CustomerSide, product: str) -> dict[str, Any]:
    title: dict[str, Any] = {"title": f"Product {product}", "name": None, "named": [], "more": 0, "reading": False}
    try:
        similar = side.similar(product, limit=_MOST) if len(product) <= _MAX_ID else None
    except NotFound:
        similar = None
    if similar is None:
        named = side.names.find(product, now=side.now()) if len(product) <= _MAX_ID else []
        if named is None:
            return {**title, "reading": True, "known": True, "sections": []}
        shown = {"named": named[:_MOST_NAMED], "more": len(named[_MOST_NAMED:])}
        return {**title, **shown, "known": bool(named), "sections": []}
    return {
        **title,
        "name": side.product_name(product),
        "known": True,
        "sections": [_section("Similar products", similar)],
    }


def _shared(side: CustomerSide) -> Iterator[Section]:
    for title, entries in (("Trending", side.trending(limit=_MOST)), ("In season", side.seasonal(limit=_MOST))):
        caption = f"{len(entries)} products" if entries else "The last run published no such list."
        yield Section(title, caption, entries)


def _title(context: str, listed: ListedProducts) -> str:
    return "Popular products" if listed.algorithm == "popular" else _TITLES[context]


def _section(title: str, listed: ListedProducts) -> Section:
    made = f", made on {listed.generated_at[:10]}" if listed.generated_at else ""
    return Section(title, f"{listed.reason[:1].upper()}{listed.reason[1:]}{made}", listed.recommendations)


def _profile(side: CustomerSide, customer: str) -> Mapping[str, Any] | None:
    try:
        return side.profile(customer)
    except NotFound:
        return None


def _facts(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What decides on lists, and is not as it is for everybody. Older services wrote what they liked."""
    if segment := profile.get("segment"):
        yield "Segment", str(segment)
    wishes, consent = _block(profile, "preferences"), _block(profile, "consent")
    for label, name in (
        ("Diets", "dietaryRestrictions"),
        ("Favourite categories", "favoriteCategories"),
        ("Brands", "brandPreferences"),
    ):
        if values := wishes.get(name):
            yield label, ", ".join(map(str, values)) if isinstance(values, list) else str(values)
    budget = _block(wishes, "budgetRange")
    if budget.get("min") or budget.get("max") is not None:
        most = f" to {budget['max']}" if budget.get("max") is not None else " or more"
        yield "Budget", f"{budget.get('min', 0)}{most}"
    for label, name in (("Personalisation", "personalisation"), ("Analysis by models", "aiAnalysis")):
        if name in consent:
            yield label, "agreed" if consent[name] is True else "not agreed"


def _block(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    block = values.get(name)
    return block if isinstance(block, Mapping) else {}
