"""Order documents of the shop system: an order with its items, as it is at one moment.

They belong to another service, so fields that omnix does not use (names, categories, sums) are left alone, as an import
leaves them alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from omnix_cli.json_records import exact_json
from omnix_cli.json_records.customer_records import Body, Id, Instant, Number, Text, parsed

MAX_ITEMS = 1_000
"""The most items of one order."""
CANCELLED, COMPLETED, OPEN = "cancelled", "completed", "open"
_WORDS = {"canceled": CANCELLED, "cancelled": CANCELLED, "completed": COMPLETED}


def _date(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("must be a date and time such as 2018-01-15T03:00:00Z") from error
    return value


class _Foreign(Body):
    model_config = ConfigDict(extra="ignore")


class OrderItem(_Foreign):
    """One line of an order. Of the two prices, one follows from the other."""

    product_id: Id
    quantity: Annotated[Number, Field(gt=0)] = Decimal(1)
    unit_price: Number | None = None
    total_price: Number | None = None
    was_on_sale: bool | None = None


class OrderDocument(_Foreign):
    """An order. `updated_at` is when it became what the document says."""

    id: Id
    customer_id: Id
    order_date: Annotated[str, Field(max_length=40), AfterValidator(_date)]
    """As written: without an offset, it is in the time zone of the shop, as in an import."""
    status: Annotated[str, Field(min_length=1, max_length=100)]
    items: Annotated[list[OrderItem], Field(max_length=MAX_ITEMS)] = []
    store_location: Text | None = None
    updated_at: Instant | None = None

    @property
    def state(self) -> str:
        """`completed`, `cancelled`, or `open` for every other status; upper and lower case are one."""
        return _WORDS.get(self.status.strip().lower(), OPEN)

    @property
    def content(self) -> str:
        """A hash of what the document says of the purchases."""
        said = {**self.values(), "status": self.state, "updatedAt": None}
        return hashlib.sha256(exact_json.canonical(said)).hexdigest()


def order_document(values: Any) -> OrderDocument:
    """The order of a document. Raises `InvalidRecord`, which names each field that is wrong."""
    if isinstance(values, Mapping) and values.get("items") is None:
        values = {name: value for name, value in values.items() if name != "items"}
    return parsed(OrderDocument, values)
