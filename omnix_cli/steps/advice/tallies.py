"""The purchases counted by product, customer, day and order: everything that the findings look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

_CONTENT = ("customer_id", "order_id", "product_id", "purchased_at", "quantity", "total_price", "kind")


@dataclass(frozen=True)
class Tally:
    """Cancelled lines count nowhere; `orders` has the sales with an order id.

    products: product_id, lines, paid (lines with a price), highest, second and total unit price, whether all are free.
    customers: customer_id, lines, products (different ones).
    days: day, lines, different (lines that differ from each other).
    orders: order_id, lines, customers_differ, customer_id (one of them), first and last day, first instant, content.
    returns: customer_id, product_id, returned, bought, lines; only where something was returned.
    lines: all of them, sales, sales without an order, the highest quantity and the 99th percentile of quantities.
    """

    products: pl.DataFrame
    customers: pl.DataFrame
    days: pl.DataFrame
    orders: pl.DataFrame
    returns: pl.DataFrame
    lines: Mapping[str, float]


def tally(purchases: pl.LazyFrame) -> Tally:
    """Counts the purchases; reads them a few times, each time a few columns, and holds only the counts in memory."""
    known = purchases.filter(pl.col("kind") != "cancelled")
    sales = known.filter(pl.col("kind") == "purchase")
    price = pl.col("unit_price").cast(pl.Float64)
    products = known.group_by("product_id").agg(
        pl.len().alias("lines"),
        paid=price.is_not_null().sum(),
        highest=price.max(),
        price=price.sum(),
        at_highest=(price == price.max()).sum(),
    )
    customers = known.group_by("customer_id").agg(pl.len().alias("lines"), products=pl.col("product_id").n_unique())
    content = pl.sum_horizontal(pl.col(name).hash(number) // len(_CONTENT) for number, name in enumerate(_CONTENT))
    days = known.group_by(day="purchase_day").agg(pl.len().alias("lines"), different=content.n_unique())
    customer = pl.col("customer_id")
    item = pl.col("product_id").hash(1) // 2 + pl.col("quantity").hash(2) // 2
    orders = (
        sales.filter(pl.col("order_id").is_not_null())
        .group_by("order_id")
        .agg(
            pl.len().alias("lines"),
            customers_differ=(customer.hash().min() != customer.hash().max()),
            customer_id=customer.first(),
            first_day=pl.col("purchase_day").min(),
            last_day=pl.col("purchase_day").max(),
            first_instant=pl.col("purchased_at").min(),
            content=(item // (1 << 24)).sum(),
        )
    )
    pair = ["customer_id", "product_id"]
    returned = (
        known.filter(pl.col("kind") == "return")
        .group_by(pair)
        .agg(pl.len().alias("lines"), returned=pl.col("quantity").sum())
    )
    lines = known.select(
        pl.len().alias("all"),
        sales=(pl.col("kind") == "purchase").sum(),
        without_order=((pl.col("kind") == "purchase") & pl.col("order_id").is_null()).sum(),
        highest=pl.col("quantity").max(),
        usual=pl.col("quantity").quantile(0.99),
    )
    made = pl.collect_all([products, customers, days, orders, returned, lines], engine="streaming")
    returns = made[4].with_columns(bought=pl.lit(0.0))
    if returns.height:
        bought = sales.join(returns.lazy().select(pair), on=pair, how="semi").group_by(pair)
        totals = bought.agg(bought=pl.col("quantity").sum()).collect(engine="streaming")
        returns = returns.drop("bought").join(totals, on=pair, how="left").with_columns(pl.col("bought").fill_null(0.0))
    facts = {name: float(value or 0) for name, value in made[5].row(0, named=True).items()}
    return Tally(
        products=made[0].sort("product_id"),
        customers=made[1].sort("customer_id"),
        days=made[2].sort("day"),
        orders=made[3],
        returns=returns.sort(pair),
        lines=facts,
    )
