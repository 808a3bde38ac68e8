"""The customer side as every door sees it: documents in, documents out. A door adds who may call what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from omnix_cli.json_records.customer_records import (
    Consent,
    Feedback,
    NewInteraction,
    PreferencesChange,
    Registration,
    parsed,
)
from omnix_cli.protocols.tables import Page, TableStore
from omnix_cli.services.customers import profiles, published_predictions
from omnix_cli.services.customers.interactions import interactions, record_interaction
from omnix_cli.services.customers.order_lines import Added, add_purchases, purchases
from omnix_cli.services.customers.order_states import Applied, OrderEvent, apply_orders
from omnix_cli.services.customers.product_names import ProductNames
from omnix_cli.services.customers.published_lists import PRODUCTS, ListedProducts, PublishedLists
from omnix_cli.settings import Settings
from omnix_cli.stores.tables import specs
from omnix_cli.stores.tables.store_tombstones import StoreTombstones

TABLES = tuple(name for name in specs.TABLES if name != PRODUCTS)
"""The tables of the customer side; the catalogue belongs to another service."""

Document = Mapping[str, Any]
Item = dict[str, Any]


@dataclass(frozen=True)
class CustomerSide:
    """A store with the settings that apply. Documents are validated by the records of `customer_records`, whose errors
    every method may raise; `now` is the clock."""

    store: TableStore
    lists: PublishedLists
    settings: Settings
    now: Callable[[], datetime]

    @classmethod
    def of(cls, store: TableStore, settings: Settings, *, now: Callable[[], datetime]) -> CustomerSide:
        """On a store; one that nobody administers gets its tables."""
        if not store.traits.is_administered:
            store.create_tables(TABLES)
        has_catalogue = PRODUCTS not in store.missing_tables((PRODUCTS,))
        return cls(store, PublishedLists(store, settings.recommend.hemisphere, has_catalogue), settings, now)

    @cached_property
    def names(self) -> ProductNames:
        """The names of products, to search by."""
        return ProductNames(self.store, self.lists.has_catalogue)

    def product_name(self, product: str) -> str | None:
        """What the catalogue calls a product, or without one the published lists."""
        return self.lists.name(product) if self.lists.has_catalogue else self.names.name(product, now=self.now())

    @cached_property
    def tombstones(self) -> StoreTombstones:
        """Who was forgotten: whatever is written about a customer is compared with them."""
        return StoreTombstones(self.store)

    def register(self, registration: Document) -> profiles.Registered:
        """See `profiles.register`. A customer who was forgotten comes back: what happens from now on is stored."""
        record, now = parsed(Registration, registration), self.now()
        self.tombstones.take_back(record.customer_id, now=now)
        return profiles.register(self.store, record, now=now)

    def profile(self, customer: str) -> Item:
        """See `profiles.profile`."""
        return profiles.profile(self.store, customer, now=self.now())

    def change_preferences(self, customer: str, change: Document, *, version: int | None = None) -> Item:
        """See `profiles.change_preferences`."""
        record = parsed(PreferencesChange, change)
        return profiles.change_preferences(self.store, customer, record, now=self.now(), version=version)

    def set_consent(self, customer: str, consent: Document, *, version: int | None = None) -> Item:
        """See `profiles.set_consent`."""
        return profiles.set_consent(self.store, customer, parsed(Consent, consent), now=self.now(), version=version)

    def purchases(self, customer: str, *, limit: int = 50, cursor: str | None = None) -> Page:
        """See `purchases.purchases`."""
        return purchases(self.store, customer, now=self.now(), limit=limit, cursor=cursor)

    def add_purchases(self, customer: str, rows: Sequence[Any]) -> tuple[Added, ...]:
        """See `purchases.add_purchases`."""
        profiles.check_id(customer)
        timezone = self.settings.imports.timezone
        return add_purchases(self.store, customer, rows, now=self.now(), timezone=timezone, tombstones=self.tombstones)

    def apply_orders(self, events: Sequence[OrderEvent]) -> tuple[Applied, ...]:
        """See `order_states.apply_orders`."""
        timezone = self.settings.imports.timezone
        days = self.settings.retention.order_days
        return tuple(
            apply_orders(
                self.store,
                events,
                now=self.now(),
                timezone=timezone,
                lifetime_days=days,
                tombstones=self.tombstones,
            )
        )

    def interactions(self, customer: str, *, limit: int = 50, cursor: str | None = None) -> Page:
        """See `interactions.interactions`."""
        return interactions(self.store, customer, now=self.now(), limit=limit, cursor=cursor)

    def record_interaction(self, customer: str, interaction: Document) -> tuple[Item, bool]:
        """See `interactions.record_interaction`."""
        profiles.check_id(customer)
        record = parsed(NewInteraction, interaction)
        days = self.settings.retention.interaction_days
        return record_interaction(
            self.store, customer, record, now=self.now(), lifetime_days=days, tombstones=self.tombstones
        )

    def recommendations(self, customer: str, *, context: str = "homepage", limit: int = 10) -> ListedProducts:
        """See `PublishedLists.customer`."""
        return self.lists.customer(customer, now=self.now(), context=context, limit=limit)

    def similar(self, product: str, *, limit: int = 5) -> ListedProducts:
        """See `PublishedLists.similar`."""
        return self.lists.similar(product, now=self.now(), limit=limit)

    def trending(self, *, limit: int = 10) -> list[Item]:
        """See `PublishedLists.trending`."""
        return self.lists.trending(now=self.now(), limit=limit)

    def seasonal(self, season: str = "current", *, limit: int = 10) -> list[Item]:
        """See `PublishedLists.seasonal`."""
        return self.lists.seasonal(season, now=self.now(), today=self._today(), limit=limit)

    def give_feedback(self, feedback: Document) -> Item:
        """See `PublishedLists.feedback`."""
        return self.lists.feedback(parsed(Feedback, feedback), now=self.now())

    def consumption_predictions(self, customer: str) -> list[Item]:
        """See `published_predictions.consumption_predictions`."""
        return published_predictions.consumption_predictions(self.store, customer, now=self.now())

    def replenishment_alerts(self, customer: str) -> dict[str, list[Item]]:
        """See `published_predictions.replenishment_alerts`."""
        return published_predictions.replenishment_alerts(self.store, customer, now=self.now(), today=self._today())

    def purchase_prediction(self, customer: str, product: str) -> Item:
        """See `published_predictions.purchase_prediction`."""
        return published_predictions.purchase_prediction(self.store, customer, product, now=self.now())

    def _today(self) -> date:
        """The day of the shop."""
        return self.now().astimezone(ZoneInfo(self.settings.imports.timezone)).date()
