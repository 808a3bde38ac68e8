"""The orders of known customers: order lines that were bought together are one."""

from __future__ import annotations

from datetime import date, time

import polars as pl

from omnix_cli import schemas
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.steps.history import SEEN_COLUMNS, of_customers, seen

NO_HOUR = 24
"""The hour of an order of which only the day is known."""
_MIDNIGHT = time()
MOST_CENTS = 10**18 - 1
"""What the columns of money hold."""


def placed_orders(purchases: pl.LazyFrame, *, as_of: date, timezone: str) -> pl.LazyFrame:
    """One row per order of a known customer before `as_of`: customer_id, `order_day`, `hour`, and what was paid in
    cents (`cents`, null unless every line has a price).

    The lines of a customer with one order id are one order; those without an id are one order a day. Cancelled lines
    and units returned do not count, so neither does an order that went back whole. The order's day is its first one,
    its hour that of its first line in the shop's `timezone`. A time at midnight, there or in UTC, only means that there
    is none."""
    lines = seen(of_customers(purchases).select(*SEEN_COLUMNS, "order_id"), as_of=as_of)
    moment = pl.col("purchased_at")
    local = moment.dt.convert_time_zone(timezone)
    is_timed = (local.dt.time() != _MIDNIGHT) & (moment.dt.time() != _MIDNIGHT)
    cents = (pl.col("total_price") * 100).cast(pl.Int128)
    return (
        lines.with_columns(day=pl.when(pl.col("order_id").is_null()).then("purchase_day"))
        .group_by("customer_id", "order_id", "day")
        .agg(
            order_day=pl.col("purchase_day").min(),
            hour=local.filter(is_timed).min().dt.hour().cast(pl.Int8).fill_null(NO_HOUR),
            cents=pl.when(pl.col("total_price").null_count() == 0).then(cents.sum().clip(0, MOST_CENTS)),
        )
        .select("customer_id", "order_day", "hour", "cents")
    )


def shop_orders(purchases: pl.LazyFrame, *, as_of: date, timezone: str) -> StepOutput:
    """The orders of the whole shop by day and hour: what one customer's habits are compared with."""
    counts = placed_orders(purchases, as_of=as_of, timezone=timezone).group_by("order_day", "hour").agg(orders=pl.len())
    frame = schemas.FRAMES["shop_orders"].conform(counts.collect(engine="streaming").sort("order_day", "hour"))
    return StepOutput({"shop_orders": frame}, {"orders": int(frame["orders"].sum())})


def mean_cents(total: pl.Expr, count: pl.Expr) -> pl.Expr:
    """Whole cents divided by a whole number, halves up, as money with two places; null for a count of 0."""
    mean = pl.when(count > 0).then((2 * total + count) // (2 * count))
    return as_money(mean)


def as_money(cents: pl.Expr) -> pl.Expr:
    """Whole cents as money."""
    return (cents.cast(pl.Decimal(38, 2)) / 100).cast(pl.Decimal(18, 2))
