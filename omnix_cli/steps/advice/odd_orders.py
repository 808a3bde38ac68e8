"""Orders that are none: an id for each line, one id for many orders, orders and whole days that are there twice."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from omnix_cli.counted_nouns import counted
from omnix_cli.records import Finding
from omnix_cli.steps.advice.tallies import Tally

_FEW_LINES = 20
"""With fewer lines, nothing is said about the whole file."""
_TOGETHER = 0.2
"""The share of the lines bought at the very same instant as another one, from which a unique order id is an id of
lines."""


def order_findings(tally: Tally) -> Iterator[Finding]:
    """What is odd about orders; `tally` of all purchases."""
    yield from _line_ids(tally)
    yield from _shared_ids(tally)
    yield from _repeated_orders(tally)
    yield from _repeated_days(tally)


def _line_ids(tally: Tally) -> Iterator[Finding]:
    orders = tally.orders
    lines = int(orders["lines"].sum())
    if lines < _FEW_LINES or orders.height < 0.98 * lines:
        return
    baskets = orders.select("customer", "first_instant").unique().height
    if lines - baskets < _TOGETHER * lines:
        return
    example = tally.sales_of(orders.bottom_k(1, by="order"))["order_id"][0]
    text = (
        f"{counted(orders.height, 'order id')} for {counted(lines, 'line')}: the order id is an id of lines, such as "
        f"{example}"
    )
    hint = "Map `order_id` to the column that all lines of one order share, or leave it out and map this one to `line`."
    yield Finding("order_per_line", orders.height, text, hint)


def _shared_ids(tally: Tally) -> Iterator[Finding]:
    orders = tally.orders
    several = orders.filter("customers_differ", pl.col("first_day") < pl.col("last_day"))
    if several.height:
        most = several.sort("lines", "order", descending=[True, False]).head(1)
        example, lines = tally.sales_of(most)["order_id"][0], counted(most["lines"][0], "line")
        text = (
            f"{counted(several.height, 'order id is', 'order ids are')} shared by several customers on several days, "
            f"such as {example} ({lines} from {most['first_day'][0]} to {most['last_day'][0]})"
        )
        hint = "Numbers that start again, or a placeholder: map `order_id` to a column that is unique, or leave it out."
        yield Finding("order_id_shared", several.height, text, hint)
    days = orders.filter(~pl.col("customers_differ"), pl.col("last_day") > pl.col("first_day") + pl.duration(days=1))
    if days.height:
        most = days.sort("lines", "order", descending=[True, False]).head(1)
        text = (
            f"{counted(days.height, 'order id is', 'order ids are')} seen on several days, such as "
            f"{tally.sales_of(most)['order_id'][0]} ({most['first_day'][0]} and {most['last_day'][0]})"
        )
        yield Finding("order_on_days", days.height, text, "Check that the number of an order is used once only.")


def _repeated_orders(tally: Tally) -> Iterator[Finding]:
    orders = tally.orders
    if orders.height == 0 or orders.height >= 0.98 * int(orders["lines"].sum()):
        return
    if orders["first_instant"].dt.time().n_unique() <= 2:
        return  # the input has days only, and equal orders on a day are common
    same = ["customer", "first_instant", "lines"]
    twice = orders.filter(orders.select(same).hash_rows().is_duplicated())
    if twice.is_empty():
        return
    content = pl.struct("product_id", "quantity").sort().implode().hash()
    found = (
        tally.sales_of(twice)
        .group_by("order", "order_id", "customer_id")
        .agg(content=content, day=pl.col("purchase_day").first())
        .join(twice.select("order", *same), on="order")
        .filter(pl.len().over(*same, "content") > 1)
    )
    more = found.height - found.select(*same, "content").n_unique()
    if not more:
        return
    first = found.sort("first_instant", "customer_id", "order_id").row(0, named=True)
    text = (
        f"{counted(more, 'order repeats', 'orders repeat')} another one: same customer, same instant, same lines, "
        f"another order id, such as {first['order_id']} of {first['customer_id']} on {first['day']}"
    )
    hint = "If a system exported them twice, remove the copies from the export."
    yield Finding("order_repeated", more, text, hint)


def _repeated_days(tally: Tally) -> Iterator[Finding]:
    twice = tally.days_twice
    if twice.is_empty():
        return
    lines = int((twice["lines"] - twice["different"]).sum())
    first, last = twice["day"][0], twice["day"][-1]
    span = f"{first}" if first == last else f"{first} to {last}"
    text = (
        f"the lines of {counted(twice.height, 'day')} are in one file twice ({counted(lines, 'line')}, {span}): "
        "exports that overlap"
    )
    hint = "Import the exports as separate files, which never doubles a line, or export the days once."
    yield Finding("days_twice", lines, text, hint)
