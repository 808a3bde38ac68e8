"""Published recommendations, looked up one list at a time; reading writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from omnix_cli.errors import ConfigError
from omnix_cli.protocols.tables import TableStore
from omnix_cli.schemas import SEASONS
from omnix_cli.services.publishing.leases import TABLE
from omnix_cli.steps.lists.seasons import season_on

CUSTOMER_CONTEXTS = ("homepage", "replenishment")
POPULAR = "popular#all"
TRENDING = "trending#all"


@dataclass(frozen=True)
class PublishedList:
    """A list as it stands in the store, best item first. `items` are the item's `recommendations`; `fallback` says
    that nothing was published for the one who asked, and this is what all customers buy."""

    list_id: str
    algorithm: str
    confidence: float
    reason: str
    generated_at: str
    expires_at: str
    status: str
    items: tuple[Mapping[str, Any], ...]
    fallback: bool = False


def for_customer(
    store: TableStore, customer_id: str, *, context: str = "homepage", limit: int = 10, now: datetime
) -> PublishedList | None:
    """The customer's list for that context. On the homepage an unknown customer gets the popular products, labelled
    as a fallback; elsewhere, and before anything was published, None. Raises `ConfigError` for an unknown context."""
    if context not in CUSTOMER_CONTEXTS:
        raise ConfigError(f"there is no context {context!r}", hint=f"Choose one of: {', '.join(CUSTOMER_CONTEXTS)}.")
    own = _list(store, f"{customer_id}#{context}", "Chosen for this customer.", limit=limit, now=now)
    if own is None and context == "homepage":
        reason = "Popular with other customers; nothing is published for this one."
        return _list(store, POPULAR, reason, limit=limit, now=now, fallback=True)
    return own


def similar(store: TableStore, product_id: str, *, limit: int = 5, now: datetime) -> PublishedList | None:
    """The nearest products of a product, or None when none are published."""
    return _list(store, f"similar#{product_id}", "Similar to this product.", limit=limit, now=now)


def trending(store: TableStore, *, limit: int = 10, now: datetime) -> PublishedList | None:
    """What sells better lately than it did before."""
    return _list(store, TRENDING, "Trending now.", limit=limit, now=now)


def seasonal(
    store: TableStore,
    season: str = "current",
    *,
    limit: int = 10,
    today: date,
    hemisphere: Literal["northern", "southern"],
    now: datetime,
) -> PublishedList | None:
    """What sells better in that season than in others. Raises `ConfigError` for a season that is none."""
    chosen = season_on(today, hemisphere) if season == "current" else season
    if chosen not in SEASONS:
        raise ConfigError(f"there is no season {season!r}", hint=f"Choose one of: current, {', '.join(SEASONS)}.")
    return _list(store, f"seasonal#{chosen}", f"In season: {chosen}.", limit=limit, now=now)


def _list(
    store: TableStore, list_id: str, reason: str, *, limit: int, now: datetime, fallback: bool = False
) -> PublishedList | None:
    item = store.get(TABLE, list_id, now=now)
    if item is None:
        return None
    return PublishedList(
        list_id=list_id,
        algorithm=item["algorithmType"],
        confidence=float(item["confidence"]),
        reason=reason,
        generated_at=item["generatedAt"],
        expires_at=item["expiresAt"],
        status=item["status"],
        items=tuple(item["recommendations"][:limit]),
        fallback=fallback,
    )
