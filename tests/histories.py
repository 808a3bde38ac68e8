"""Generated purchase histories with a known truth."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from tests.conftest import purchases

START = date(2024, 1, 1)


def households(count: int, *, days: int, seed: int) -> pl.DataFrame:
    """Lines of customers who buy up to five products, each at gamma-distributed gaps around its own rhythm, and who
    stop buying a product after a purchase with a chance of 5 %."""
    random = np.random.default_rng(seed)
    lines: list[tuple[str, str, str]] = []
    for customer in range(count):
        for product, rhythm in (("milk", 5), ("bread", 7), ("soap", 25), ("oil", 40), ("tea", 14)):
            if random.random() < 0.3:
                continue
            day = int(random.integers(0, rhythm))
            while day < days:
                lines.append((f"c{customer:04}", product, str(START + timedelta(days=day))))
                if random.random() < 0.05:
                    break
                day += max(1, round(random.gamma(8, rhythm / 8)))
    return purchases(*lines)


def catalogue() -> pl.LazyFrame:
    """The products of `households`, tea in no category."""
    categories = {"milk": "fresh", "bread": "fresh", "soap": "household", "oil": "pantry", "tea": None}
    names = [f"Fine {product}" for product in categories]
    return pl.LazyFrame({"product_id": list(categories), "name": names, "category": list(categories.values())})
