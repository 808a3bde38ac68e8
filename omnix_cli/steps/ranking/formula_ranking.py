"""The rankings where no model is fitted: the formula of the lists, which needs no history to learn from."""

from __future__ import annotations

from datetime import date

import polars as pl

from omnix_cli.steps.lists.discovery import NeighbourTable, new_products, sources
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
    table = NeighbourTable.of(neighbours, min_customers=1)
    heaviest = sources(baskets, table)
    bought = pl.concat([baskets, returned.select(_PAIR).collect()], how="diagonal")
    found = new_products(bought, heaviest, table, most=most_new)
    known = baskets.select(*_PAIR, known=pl.lit(True), score=pl.col("basket_score").clip(0, 1))
    return pl.concat([known, found.select(*_PAIR, known=pl.lit(False), score="score")])
