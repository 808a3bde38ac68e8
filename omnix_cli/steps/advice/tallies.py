"""The purchases counted by product, customer, day and order: everything that the findings look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

_CONTENT = ("customer_id", "order_id", "product_id", "purchased_at", "quantity", "total_price", "kind")
_SAMPLED_LINES = 200_000
"""Above so many lines, a sample of whole orders shows which days may be there twice."""
_TWICE = 0.8
"""The share of a day's lines that are there twice, from which the day is in the input twice."""
_FEWEST_A_DAY = 10

_ORDER = pl.col("order_id").hash()
_CUSTOMER = pl.col("customer_id").hash(1)


@dataclass(frozen=True)
class Tally:
    """Cancelled lines count nowhere; `orders` has the sales with an order id.

    products: product_id, lines, paid (lines with a unit price), price (their sum), highest unit price, highest total.
    customers: customer_id, lines, products (different ones).
    days: day, lines.
    days_twice: day, lines, different (lines that differ from each other), where most lines are there twice.
    orders: order and customer (hashes; of several customers, the lowest), lines, customers_differ, first_day, last_day,
    first_instant. There may be as many as lines, so ids are looked up for the few that are told (see `sales_of`).
    returns: customer_id, product_id, returned, bought, lines; only where something was returned.
    lines: all of them, sales, the highest quantity and the 99th percentile of quantities.
    sales: the lines of purchases.
    """

    products: pl.DataFrame
    customers: pl.DataFrame
    days: pl.DataFrame
    days_twice: pl.DataFrame
    orders: pl.DataFrame
    returns: pl.DataFrame
    lines: Mapping[str, float]
    sales: pl.LazyFrame

    def sales_of(self, orders: pl.DataFrame) -> pl.DataFrame:
        """The lines of these `orders`: order, order_id, customer_id, product_id, purchase_day, quantity."""
        lines = self.sales.select(
            "order_id", "customer_id", "product_id", "purchase_day", "quantity", order=_ORDER
        ).join(orders.lazy().select("order"), on="order", how="semi")
        return lines.sort("order_id", "customer_id", "product_id").collect(engine="streaming")


def tally(purchases: pl.LazyFrame) -> Tally:
    """Counts the purchases over few columns at a time, and holds only the counts in memory.

    Orders are grouped by a hash of their id: with millions of them, texts cost more than all the rest."""
    known = purchases.filter(pl.col("kind") != "cancelled")
    sales = known.filter(pl.col("kind") == "purchase")
    price, total = (pl.col(name).cast(pl.Float64) for name in ("unit_price", "total_price"))
    products = known.group_by("product_id").agg(
        pl.len().alias("lines"),
        paid=price.is_not_null().sum(),
        price=price.sum(),
        highest=price.max(),
        highest_total=total.max(),
    )
    customers = known.group_by("customer_id").agg(
        pl.len().alias("lines"), products=pl.col("product_id").hash().n_unique()
    )
    days = known.group_by(day="purchase_day").agg(pl.len().alias("lines"))
    orders = (
        sales.filter(pl.col("order_id").is_not_null())
        .group_by(order=_ORDER)
        .agg(
            pl.len().alias("lines"),
            customer=_CUSTOMER.min(),
            customers_differ=_CUSTOMER.min() != _CUSTOMER.max(),
            first_day=pl.col("purchase_day").min(),
            last_day=pl.col("purchase_day").max(),
            first_instant=pl.col("purchased_at").min(),
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
        highest=pl.col("quantity").max(),
        usual=pl.col("quantity").quantile(0.99),
    )
    queries = [products, customers, days, orders, returned, lines, _doubtful_days(purchases, known)]
    made = [query.collect(engine="streaming") for query in queries]  # all at once take twice the memory
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
        days_twice=_days_twice(known, made[6]),
        orders=made[3],
        returns=returns.sort(pair),
        lines=facts,
        sales=sales,
    )


def _doubtful_days(purchases: pl.LazyFrame, known: pl.LazyFrame) -> pl.LazyFrame:
    """The days of which most lines seem to be there twice, by some of their content."""
    lines = int(purchases.select(pl.len()).collect().item())
    part = _ORDER.fill_null(0) ^ _CUSTOMER
    alike = part ^ pl.col("product_id").hash(2)
    sampled = known.filter(part % max(1, lines // _SAMPLED_LINES) == 0)
    return _repeated(sampled.group_by(day="purchase_day").agg(pl.len().alias("lines"), different=alike.n_unique()))


def _days_twice(known: pl.LazyFrame, doubtful: pl.DataFrame) -> pl.DataFrame:
    """The doubtful days that are there twice by all of their content."""
    if doubtful.is_empty():
        return doubtful
    content = pl.sum_horizontal(pl.col(name).hash(number) // len(_CONTENT) for number, name in enumerate(_CONTENT))
    lines = known.join(doubtful.lazy().select(purchase_day="day"), on="purchase_day", how="semi")
    days = lines.group_by(day="purchase_day").agg(pl.len().alias("lines"), different=content.n_unique())
    enough = pl.col("lines") >= _FEWEST_A_DAY
    return _repeated(days).filter(enough).collect(engine="streaming").sort("day")


def _repeated(days: pl.LazyFrame) -> pl.LazyFrame:
    return days.filter(2 * (pl.col("lines") - pl.col("different")) >= _TWICE * pl.col("lines"))
