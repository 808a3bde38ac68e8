"""The stored frames of how customers shop: the orders of the shop, the patterns of each customer, the segments. Part of
`schemas`."""

from __future__ import annotations

from typing import Any

import dataframely as dy

SHOPPING_FREQUENCIES = ("daily", "weekly", "biweekly", "monthly", "occasional")
COMPARED = ("more", "usual", "less")
SEGMENT_MEANINGS = {
    "champions": "on time; order more often and spend more than most who came back",
    "loyal": "on time; order more often than half of those who came back",
    "promising": "on time; the others",
    "new": "first order in the last 30 days, and too few for a rhythm",
    "needs_attention": "late: longer without an order than two of their own gaps",
    "at_risk": "very late: halfway from late to lapsed",
    "lapsed": "longer without an order than eight of their own gaps, or a year",
    "one_time": "ordered on one day only, and late",
}
"""The segments, and what each means in a sentence; the rules are in `steps.customers.segments`."""
SEGMENTS = tuple(SEGMENT_MEANINGS)
_MONEY: dict[str, Any] = {"precision": 18, "scale": 2}


class ShopOrders(dy.Schema):
    """How many orders of known customers the shop had on a day in an hour of its own time zone; the hour is 24 for
    orders of which only the day is known."""

    order_day = dy.Date(primary_key=True)
    hour = dy.Int8(primary_key=True, min=0, max=24)
    orders = dy.Int32(min=1)


class ShoppingPatterns(dy.Schema):
    """How each customer with consent shops, from orders. `priced_orders` are those whose lines all have a price: money
    is about them, and null without any. The `recent` columns are about the last 365 days.

    `gap_days` is the mean number of days between two `occasions`, and `shopping_frequency` the rhythm that is nearest
    to it; null with fewer than three. Shopping days of one burst are one occasion. `preferred_times` are the parts of
    the week in which the customer orders more often than by chance; `timed_orders` those whose time is known. `seasons`
    is null with too little history."""

    customer_id = dy.String(primary_key=True)
    orders = dy.Int32(min=1)
    shopping_days = dy.Int32(min=1)
    first_day = dy.Date()
    last_day = dy.Date()
    priced_orders = dy.Int32(min=0)
    average_order_value = dy.Decimal(**_MONEY, nullable=True, min=0)
    recent_orders = dy.Int32(min=0)
    recent_priced_orders = dy.Int32(min=0)
    recent_spend = dy.Decimal(**_MONEY, nullable=True, min=0)
    occasions = dy.Int32(min=1)
    gap_days = dy.Float64(nullable=True, min=0)
    shopping_frequency = dy.Enum(SHOPPING_FREQUENCIES, nullable=True)
    timed_orders = dy.Int32(min=0)
    preferred_times = dy.List(dy.String())
    seasons = dy.List(
        dy.Struct(
            {
                "season": dy.String(),
                "orders": dy.Int32(),
                "share": dy.Float64(min=0, max=1),
                "shop_share": dy.Float64(min=0, max=1),
                "compared": dy.Enum(COMPARED),
            }
        ),
        nullable=True,
    )


class Segments(dy.Schema):
    """The segment of each customer with consent, the numbers behind it, and a sentence. After so many days without an
    order a customer is late (`late_after`), at risk, and lapsed. See `steps.customers.segments`."""

    customer_id = dy.String(primary_key=True)
    segment = dy.Enum(SEGMENTS)
    days_since_last = dy.Int32(min=1)
    orders = dy.Int32(min=1)
    shopping_days = dy.Int32(min=1)
    recent_orders = dy.Int32(min=0)
    recent_spend = dy.Decimal(**_MONEY, nullable=True, min=0)
    gap_days = dy.Float64(nullable=True, min=0)
    late_after = dy.Int32(min=1)
    at_risk_after = dy.Int32(min=1)
    lapsed_after = dy.Int32(min=1)
    reason = dy.String()
