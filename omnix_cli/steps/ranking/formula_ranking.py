"""The rankings where no model is fitted: the formula of the lists, which needs no history to learn from."""

from __future__ import annotations

from datetime import date

import polars as pl

from omnix_cli.steps.lists.discovery import NeighbourTable, first_time, new_products, sources
from omnix_cli.steps.lists.next_basket import CYCLE_COLUMNS, next_basket

_PAIR = ["customer_id", "product_id"]


def formula_ranking(
    cycles: pl.LazyFrame,
    returned: pl.LazyFrame,
    popularity: pl.LazyFrame,
    neighbours: pl.LazyFrame,
    *,
    as_of: date,
    most_new: int,
) -> pl.DataFrame:
    """One row per pair bought before, by `next_basket`, and the `most_new` best `new_products` of each customer:
    customer_id, product_id, known, score."""
    popular = popularity.filter(pl.col("kind") == "popular").collect()
    baskets = next_basket(cycles.select(*CYCLE_COLUMNS).collect(), popular, as_of=as_of)
    table = NeighbourTable.of(neighbours)
    heaviest = sources(baskets, table.product_ids)
    bought = pl.concat([baskets, returned.select(_PAIR).collect()], how="diagonal")
    found = new_products(bought, heaviest, table, most=most_new)
    known = baskets.select(*_PAIR, known=pl.lit(True), score=pl.col("basket_score").clip(0, 1))
    return pl.concat([known, found.select(*_PAIR, known=pl.lit(False), score="score")])


def first_chances(pairs: pl.DataFrame, cycles: pl.LazyFrame, popularity: pl.LazyFrame) -> pl.DataFrame:
    """The `pairs` (customer_id, product_id) with the `chance` that the customer buys the product for the first time
    within 14 days, where no model is fitted.

    That of a customer who shops now (`first_time`) holds for the mean number of visits in 28 days of these customers;
    for any other number it is 1 - (1 - chance) ** (visits / mean), half a visit added to both."""
    first = first_time(popularity.collect()).filter(pl.col("kind") == "popular").select("product_id", "confidence")
    visits = cycles.select("customer_id", visits="customer_recent_shopping_days").unique().collect()
    mean = visits.select(pl.col("visits").filter(pl.col("visits") > 0).mean().fill_null(0.0)).item()
    exponent = (pl.col("visits").fill_null(0) + 0.5) / (mean + 0.5)
    return (
        pairs.select(_PAIR)
        .join(first, on="product_id", how="left", maintain_order="left")
        .join(visits, on="customer_id", how="left", maintain_order="left")
        .select(*_PAIR, chance=1 - (1 - pl.col("confidence").fill_null(0.0)) ** exponent)
    )
