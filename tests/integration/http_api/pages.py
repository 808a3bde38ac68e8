"""A small shop to look at on the page; the names of its products would like to be more than names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from omnix_cli.protocols.tables import TableStore
from tests.contracts.test_customer_side import published

HOSTILE = (
    "<script>window.pwned = 1</script>",
    "'\"><img src=x onerror=window.pwned=1>",
    "\u202egnp.exe\u2066 milk",
    "{{ 7 * 191 }}</bdi></title></table>",
    "javascript:window.pwned=1//?&#x3c;",
)
LONG = "Extraordinarily long name of a product of the farm " * 4


def fill(store: TableStore, *, now: datetime) -> None:
    """Lists of zoe, of a product and of the shop. They never expire."""
    for_ever = {"ttl": 4_000_000_000}
    due = published("zoe#replenishment", ["milk", "tea", "oats", *HOSTILE], customerId="zoe", **for_ever)
    for number, entry in enumerate(due["recommendations"]):
        day = (now.date() + timedelta(days=3 * number)).isoformat()
        interval = {"from": day, "to": (now.date() + timedelta(days=3 * number + 4)).isoformat()}
        entry |= {"predictedPurchaseDate": day, "confidence": Decimal("0.8"), "interval": interval}
        entry["urgency"] = ("urgent", "upcoming", "later")[min(number, 2)]
    home = published("zoe#homepage", ["milk", LONG, *HOSTILE], customerId="zoe", **for_ever)
    for entry in home["recommendations"][2:]:
        entry |= {"productName": entry["productId"], "reason": entry["productId"], "tags": [entry["productId"]]}
    shared: list[dict[str, Any]] = [
        published("similar#milk", ["tea", *HOSTILE], **for_ever),
        published("popular#all", ["bread"], algorithmType="popular", **for_ever),
        published("trending#all", ["jam", *HOSTILE], **for_ever),
    ]
    store.put_many("recommendations", [due, home, *shared])


NOW = datetime.now(UTC)
