"""The published lists, as whoever shows them gets them: read from the store, never computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from omnix_cli import list_ids
from omnix_cli.days.seasons import SEASONS, Hemisphere, season_on
from omnix_cli.days.utc_texts import iso
from omnix_cli.errors import NoTable, NotFound
from omnix_cli.json_records.customer_records import Feedback, wrong
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers.published_entries import entries, number, text, texts
from omnix_cli.stores.tables.purchase_items import PURCHASE_TABLE

TABLE = "recommendations"
PRODUCTS = "products"
MAX_ITEMS = 100
"""The most products of a list that are asked for at once."""
CONTEXTS = {
    **dict.fromkeys(("homepage", "product_page", "checkout", "email"), "homepage"),
    "replenishment": "replenishment",
    "usual": "usual",
}
"""Where a list is shown, and the context of the published list that is shown there."""
_BY_PRODUCT = "productId-purchaseDate-index"
_DETAILS = ("rank", "shelf", "predictedPurchaseDate", "nextExpectedDate", "confidence", "urgency")
_CATALOGUE = ("category", "brand", "price", "unit")


@dataclass(frozen=True)
class ListedProducts:
    """A list with what it is: the products as they are shown, where the list comes from in a sentence (`reason`), the
    `algorithm` that made it, the mean `confidence`, and when it was made (None for a list that does not exist)."""

    recommendations: list[dict[str, Any]]
    reason: str
    algorithm: str
    confidence: Any
    generated_at: str | None

    def values(self) -> dict[str, Any]:
        """Under the names that readers of the tables know."""
        return {
            "recommendations": self.recommendations,
            "reason": self.reason,
            "algorithm": self.algorithm,
            "confidence": self.confidence,
            "generatedAt": self.generated_at,
        }


@dataclass(frozen=True)
class PublishedLists:
    """Reads what the nightly run published, and nothing that is not there. `has_catalogue`: the store may have the
    table of products, from which a list is shown with category, brand and price; it belongs to another service."""

    store: TableStore
    hemisphere: Hemisphere = "northern"
    has_catalogue: bool = False

    def customer(self, customer: str, *, now: datetime, context: str = "homepage", limit: int = 10) -> ListedProducts:
        """A customer's list. Who has none for a page of the shop gets the popular products, labelled so; without a list
        `replenishment` and `usual` are empty. Raises `InvalidRecord` for an unknown context or an impossible limit."""
        _check_limit(limit)
        shown = _published(context)
        item = self.store.get(TABLE, list_ids.personal(customer, shown), now=now)
        if item is not None:
            return self._listed(item, limit, f"made for this customer ({shown})")
        popular = self.store.get(TABLE, list_ids.popular(), now=now) if shown == "homepage" else None
        if popular is not None:
            return self._listed(popular, limit, "popular products: there is no list for this customer")
        return ListedProducts([], "there is no list for this customer", "none", 0, None)

    def similar(self, product: str, *, now: datetime, limit: int = 5) -> ListedProducts:
        """The products most like a product. Raises `NotFound` for one that neither a list, nor the catalogue, nor a
        purchase of the store knows."""
        _check_limit(limit)
        item = self.store.get(TABLE, list_ids.shared("similar", product), now=now)
        if item is not None:
            return self._listed(item, limit, f"similar to {product}")
        if not self._is_known(product, now):
            raise NotFound(f"there is no product {product!r}", hint="Check the id.")
        return ListedProducts([], f"nothing is similar enough to {product}", "none", 0, None)

    def trending(self, *, now: datetime, limit: int = 10) -> list[dict[str, Any]]:
        """What sells better than it used to, by rank."""
        return self._shared(list_ids.trending(), limit, now)

    def seasonal(self, season: str = "current", *, now: datetime, today: date, limit: int = 10) -> list[dict[str, Any]]:
        """What sells better in a season, by rank; `current` is that of `today`. Raises `InvalidRecord` for an unknown
        season."""
        if season != "current" and season not in SEASONS:
            raise wrong("season", f"must be one of current, {', '.join(SEASONS)}")
        chosen = season_on(today, self.hemisphere) if season == "current" else season
        return self._shared(list_ids.seasonal(chosen), limit, now)

    def feedback(self, feedback: Feedback, *, now: datetime) -> dict[str, Any]:
        """Sets the `status` of a customer's list; the next list of that context is active again. Returns the id of the
        list, the status and the time. Raises `NotFound` if there is no such list."""
        list_id = list_ids.personal(feedback.customer_id, _published(feedback.context))
        change = {"id": list_id, "status": feedback.status, "statusAt": iso(now)}
        if self.store.get(TABLE, list_id, now=now) is None or self.store.update_many(TABLE, [change]):
            raise NotFound(f"there is no list {list_id!r}", hint="The nightly run publishes the lists.")
        return change

    def name(self, product: str) -> str | None:
        """What the catalogue calls a product."""
        return text(self._catalogue([product]).get(product, {}).get("name"))

    def _shared(self, list_id: str, limit: int, now: datetime) -> list[dict[str, Any]]:
        _check_limit(limit)
        item = self.store.get(TABLE, list_id, now=now)
        return [] if item is None else self._listed(item, limit, "").recommendations

    def _listed(self, item: Mapping[str, Any], limit: int, reason: str) -> ListedProducts:
        listed = entries(item)[:limit]
        catalogue = self._catalogue([entry["productId"] for entry in listed])
        return ListedProducts(
            [_shown(entry, catalogue.get(entry["productId"], {})) for entry in listed],
            reason,
            text(item.get("algorithmType")) or "unknown",
            number(item.get("confidence")) or 0,
            text(item.get("generatedAt")),
        )

    def _catalogue(self, products: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        if not products or not self.has_catalogue:
            return {}
        try:
            return {item["id"]: item for item in self.store.get_many(PRODUCTS, list(dict.fromkeys(products)))}
        except NoTable:  # it belongs to another service, and this shop has none
            return {}

    def _is_known(self, product: str, now: datetime) -> bool:
        try:
            if self.has_catalogue and self.store.get(PRODUCTS, product, now=now):
                return True
        except NoTable:
            pass
        return bool(self.store.query(PURCHASE_TABLE, _BY_PRODUCT, product, now=now, limit=1).items)


def _published(context: str) -> str:
    """The context of the published list that is shown in a context."""
    if context not in CONTEXTS:
        raise wrong("context", f"must be one of {', '.join(CONTEXTS)}")
    return CONTEXTS[context]


def _shown(entry: Mapping[str, Any], product: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: product[name] for name in _CATALOGUE if name in product}
    return {
        "product": {
            "id": entry["productId"],
            "name": text(entry.get("productName")) or text(product.get("name")),
            **known,
        },
        "score": number(entry.get("score")) or 0,
        "reason": text(entry.get("reason")) or "",
        "tags": texts(entry.get("tags")),
        **{name: entry[name] for name in _DETAILS if name in entry},
    }


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_ITEMS:
        raise wrong("limit", f"must be 1 to {MAX_ITEMS}")
