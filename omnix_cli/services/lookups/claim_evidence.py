"""What the claims of reasons are held against, and how an outcome is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from omnix_cli.services.lookups.purchase_facts import PurchaseFacts

PAIR = ["customer_id", "product_id"]
FEW = 3
"""So many customers are needed to be counted in a reason."""


@dataclass(frozen=True)
class Evidence:
    """What claims are held against."""

    facts: PurchaseFacts
    interactions: pl.LazyFrame
    customers: pl.LazyFrame
    intervals: pl.DataFrame
    """The interval of each prediction: the text and the date must speak of the same."""
    baskets: bool


Check = Callable[["Evidence", pl.DataFrame], pl.DataFrame]
"""Adds to the claims of a sentence `found`, what the purchases say in words, and `right`."""


def judged(rows: pl.DataFrame, right: pl.Expr, found: pl.Expr) -> pl.DataFrame:
    """The rows with the verdict `right` and what was `found`; what cannot be found is wrong."""
    return rows.with_columns(right=right.fill_null(False), found=pl.coalesce(found, pl.lit("nothing")))
