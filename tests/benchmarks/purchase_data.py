"""Generated purchase histories for benchmarks: a few popular products, a few whales, the rest of both in the tail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from omnix_cli.schemas import FRAMES

_FIRST_DAY = 17167  # 2017-01-01
_DAYS = 364


def write_purchases(path: Path, rows: int, *, seed: int = 7) -> None:
    """Writes purchases in canonical form: 200,000 customers and 50,000 products at 10M rows, fewer below.

    Products follow Zipf's law with exponent 0.9, customers a log-normal size with sigma 1, five of them 50-fold."""
    random = np.random.default_rng(seed)
    customers, products = max(100, rows // 50), int(50_000 * min(1, rows / 1e7) ** 0.5)
    size = random.lognormal(0, 1, customers)
    size[:5] *= 50
    customer = np.sort(random.choice(customers, rows, p=size / size.sum()))
    popularity = 1 / (np.arange(products) + 10) ** 0.9
    product = random.permutation(products)[random.choice(products, rows, p=popularity / popularity.sum())]
    day = random.integers(0, _DAYS, rows)
    by_customer_and_day = np.lexsort((day, customer))
    lines = pl.DataFrame(
        {
            "customer": customer,
            "product": product[by_customer_and_day],
            "day": day[by_customer_and_day],
            "quantity": random.geometric(0.6, rows).astype(np.float64),
        }
    ).with_row_index("line")
    empty = FRAMES["purchases"].empty()
    filled = {
        "purchase_id": pl.format("{}", "line"),
        "customer_id": pl.format("C{}", pl.col("customer").cast(pl.String).str.zfill(7)),
        "product_id": pl.format("P{}", pl.col("product").cast(pl.String).str.zfill(6)),
        "order_id": pl.format("{}-{}", "customer", "day"),
        "purchased_at": (pl.col("day") + _FIRST_DAY).cast(pl.Int32).cast(pl.Date),
        "purchase_day": (pl.col("day") + _FIRST_DAY).cast(pl.Int32).cast(pl.Date),
        "quantity": pl.col("quantity"),
        "promotion_used": pl.lit(False),
        "kind": pl.lit("purchase"),
    }
    lines.select(
        filled.get(name, pl.lit(None)).cast(kind).alias(name) for name, kind in empty.schema.items()
    ).write_parquet(path)
