"""Ranked lists in the form in which they are stored."""

from __future__ import annotations

import polars as pl

from omnix_cli import schemas


def listed(offers: pl.DataFrame, *, kind: str, list_id: pl.Expr) -> pl.DataFrame:
    """The offers with the list each belongs to and the rank in it: the order they come in."""
    return offers.with_columns(list_id=list_id, kind=pl.lit(kind)).with_columns(
        rank=pl.int_range(1, pl.len() + 1).over("list_id")
    )


def stored(lists: pl.DataFrame, catalogue: pl.DataFrame, *, frame: str) -> pl.DataFrame:
    """The lists as the frame `recommendations` or `shop_lists`; a product without a name goes by its id."""
    spec = schemas.FRAMES[frame]
    names = catalogue.select("product_id", product_name="name")
    named = lists.join(names, on="product_id", how="left").with_columns(
        product_name=pl.coalesce("product_name", "product_id")
    )
    return spec.conform(named.sort(spec.sort))
