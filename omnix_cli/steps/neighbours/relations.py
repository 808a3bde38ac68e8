"""What two neighbours are to each other: substitutes for the same need, or complements that are bought together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from omnix_cli.schemas import RELATIONS
from omnix_cli.steps.neighbours.purchase_lines import PurchaseLines

if TYPE_CHECKING:
    from omnix_cli.kernels.overlaps import GroupLists

RARELY_TOGETHER = 0.05
NEARLY_IDENTICAL = 0.9


def baskets_of_products(lines: PurchaseLines, product: NDArray[np.uint32], *, products: int) -> GroupLists:
    """The baskets of each product of the assortment (`product` is each line's): a group of the lines, on one day."""
    from omnix_cli.kernels.overlaps import GroupLists

    earliest = lines.day.min(initial=0)
    days = int(lines.day.max(initial=0)) - int(earliest) + 1
    basket = lines.group.astype(np.int64) * days + (lines.day - earliest)
    order = np.lexsort((basket, product))
    product, basket = product[order], basket[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (product[1:] != product[:-1]) | (basket[1:] != basket[:-1])
    start = np.concatenate([[0], np.cumsum(np.bincount(product[first], minlength=products))])
    return GroupLists(start, basket[first])


def relation(same_need: pl.Expr) -> pl.Expr:
    """`substitute` or `complement`, or null. Reads `shared_baskets` (of the baskets of the rarer product the share that
    holds both), `co_purchase`, `text_similarity` and `same_category`.

    Substitutes meet the same need and are hardly ever in one basket. Complements are bought together more than by
    chance, and are not nearly the same product: a second flavour completes nothing."""
    substitute = same_need & (pl.col("shared_baskets") <= RARELY_TOGETHER)
    twins = same_need & (pl.col("text_similarity") >= NEARLY_IDENTICAL)
    complement = pl.col("co_purchase").is_not_null() & ~twins.fill_null(False)
    return (
        pl.when(substitute)
        .then(pl.lit("substitute"))
        .when(complement)
        .then(pl.lit("complement"))
        .cast(pl.Enum(RELATIONS))
    )
