"""What a customer will need, from the lists that the last run published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from omnix_cli import list_ids
from omnix_cli.errors import NotFound
from omnix_cli.protocols.tables import TableStore
from omnix_cli.services.customers.published_entries import day, entries, number, text
from omnix_cli.services.customers.published_lists import TABLE

_LISTS = ("replenishment", "usual", "homepage")
"""Where the predictions of a customer are, the fullest first: a pair has the same prediction in each of them, but only
the list of what is due has the interval and the category."""
ALERTS = {"urgent": (1, Decimal("0.7")), "upcoming": (7, Decimal("0.6"))}
"""Within how many days a purchase of each alert is expected, and above which confidence."""


def consumption_predictions(store: TableStore, customer: str, *, now: datetime) -> list[dict[str, Any]]:
    """One pattern for each product of the customer's lists that has a prediction, likeliest first; empty for an unknown
    customer."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in _predicted(store, customer, now):
        found.setdefault(entry["productId"], entry)
    patterns = map(_pattern, found.values())
    return sorted(patterns, key=lambda pattern: (-pattern["confidence"], pattern["productId"]))


def replenishment_alerts(
    store: TableStore, customer: str, *, now: datetime, today: date
) -> dict[str, list[dict[str, Any]]]:
    """The patterns that are `urgent` and those that are `upcoming` (see `ALERTS`), each in the first alert that fits.
    `today` is the day of the shop; what was expected before it is still expected."""
    alerts: dict[str, list[dict[str, Any]]] = {alert: [] for alert in ALERTS}
    for pattern in consumption_predictions(store, customer, now=now):
        days = ((day(pattern["predictedNextPurchaseDate"]) or today) - today).days
        fitting = [name for name, (most, above) in ALERTS.items() if days <= most and pattern["confidence"] > above]
        if fitting:
            alerts[fitting[0]].append(pattern)
    return alerts


def purchase_prediction(store: TableStore, customer: str, product: str, *, now: datetime) -> dict[str, Any]:
    """When a customer will need one product. Raises `NotFound` where the last run published no prediction of it."""
    for entry in _predicted(store, customer, now):
        if entry["productId"] == product:
            pattern = _pattern(entry)
            return {
                "predictedDate": pattern["predictedNextPurchaseDate"],
                "confidence": pattern["confidence"],
                "averageDaysBetween": pattern["averageDaysBetweenPurchases"],
                "interval": pattern["interval"],
                "urgency": pattern["urgency"],
            }
    message = f"there is no prediction of product {product!r} for customer {customer!r}"
    raise NotFound(message, hint="Predictions of what is due, usual or on the homepage are published.")


def _predicted(store: TableStore, customer: str, now: datetime) -> Iterator[Mapping[str, Any]]:
    for context in _LISTS:
        item = store.get(TABLE, list_ids.personal(customer, context), now=now)
        for entry in entries(item) if item else ():
            if day(entry.get("predictedPurchaseDate")) and number(entry.get("confidence")) is not None:
                yield entry


def _pattern(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of a list as a pattern. Overdue products are expected on another day than they were due."""
    return {
        "productId": entry["productId"],
        "productName": text(entry.get("productName")),
        "category": text(entry.get("category")),
        "averageDaysBetweenPurchases": number(entry.get("intervalDays")),
        "predictedNextPurchaseDate": text(entry.get("nextExpectedDate")) or entry["predictedPurchaseDate"],
        "dueDate": entry["predictedPurchaseDate"],
        "confidence": entry["confidence"],
        "interval": _interval(entry),
        "urgency": text(entry.get("urgency")),
        "reason": text(entry.get("reason")),
    }


def _interval(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """The days between which 80 % of such purchases happen."""
    first, last = text(entry.get("intervalFrom")), text(entry.get("intervalTo"))
    return {"from": first, "to": last} if first and last else None
