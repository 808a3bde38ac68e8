"""Orders that are none: an id for each line, one id for many orders, orders and whole days that are there twice."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from omnix_cli.records import Finding
from omnix_cli.steps.advice.tallies import Tally

_FEW_LINES = 20
"""With fewer lines, nothing is said about the whole file."""
_TOGETHER = 0.2
"""The share of the lines bought at the very same instant as another one, from which a unique order id is an id of
lines."""
_TWICE = 0.8
"""The share of a day's lines that are there twice, from which the day is in the input twice."""


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
    baskets = orders.select("customer_id", "first_instant").unique().height
    if lines - baskets < _TOGETHER * lines:
        return
    text = f"{orders.height:,} order ids for {lines:,} lines: the order id is an id of lines, such as {_least(orders)}"
    hint = "Map `order_id` to the column that all lines of one order share, or leave it out and map this one to `line`."
    yield Finding("order_per_line", orders.height, text, hint)


def _shared_ids(tally: Tally) -> Iterator[Finding]:
    orders = tally.orders
    several = orders.filter("customers_differ", pl.col("first_day") < pl.col("last_day"))
    if several.height:
        most = several.sort("lines", "order_id", descending=[True, False]).row(0, named=True)
        text = (
            f"{several.height:,} order ids are shared by several customers on several days, such as {most['order_id']} "
            f"({most['lines']:,} lines from {most['first_day']} to {most['last_day']})"
        )
        hint = "Numbers that start again, or a placeholder: map `order_id` to a column that is unique, or leave it out."
        yield Finding("order_id_shared", several.height, text, hint)
    days = orders.filter(~pl.col("customers_differ"), pl.col("last_day") > pl.col("first_day") + pl.duration(days=1))
    if days.height:
        most = days.sort("lines", "order_id", descending=[True, False]).row(0, named=True)
        text = (
            f"{days.height:,} order ids are seen on several days, such as {most['order_id']} "
            f"({most['first_day']} and {most['last_day']})"
        )
        yield Finding("order_on_days", days.height, text, "Check that the number of an order is used once only.")


def _repeated_orders(tally: Tally) -> Iterator[Finding]:
    orders = tally.orders
    if orders.height == 0:
        return
    instants = orders["first_instant"]
    timed = instants.dt.time().n_unique() > 2  # else the input has days only, and equal orders on a day are common
    if not timed or orders.height >= 0.98 * int(orders["lines"].sum()):
        return
    same = ["customer_id", "first_instant", "lines", "content"]
    twice = orders.filter(pl.len().over(same) > 1)
    more = twice.height - twice.select(same).n_unique()
    if not more:
        return
    first = twice.sort("first_instant", "customer_id", "order_id").row(0, named=True)
    text = (
        f"{more:,} orders repeat another one: same customer, same instant, same lines, another order id, such as "
        f"{first['order_id']} of {first['customer_id']} on {first['first_day']}"
    )
    hint = "If a system exported them twice, remove the copies from the export."
    yield Finding("order_repeated", more, text, hint)


def _repeated_days(tally: Tally) -> Iterator[Finding]:
    days = tally.days
    twice = days.filter(
        pl.col("lines") >= _FEW_LINES // 2, 2 * (pl.col("lines") - pl.col("different")) >= _TWICE * pl.col("lines")
    )
    if twice.is_empty():
        return
    lines = int((twice["lines"] - twice["different"]).sum())
    span = f"{twice['day'][0]} to {twice['day'][-1]}"
    text = f"the lines of {twice.height:,} days stand in one file twice ({lines:,} lines, {span}): exports that overlap"
    hint = "Import the exports as separate files, which never doubles a line, or export the days once."
    yield Finding("days_twice", lines, text, hint)


def _least(orders: pl.DataFrame) -> str:
    return str(orders["order_id"].min())
