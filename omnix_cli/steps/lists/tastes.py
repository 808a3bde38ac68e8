"""A customer's tastes, from the profile: favourite categories, then preferred brands."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

MET = 1.1
"""The score of a product that meets a taste is multiplied by this."""
_PAIR = ["customer_id", "product_id"]


@dataclass(frozen=True)
class Taste:
    """Values of an `attribute` of products that a column of the profile names."""

    attribute: str
    profile: str
    tag: str
    wording: str


TASTES = (
    Taste("category", "favorite_categories", "favourite_category", "in your favourite category {}"),
    Taste("brand", "brand_preferences", "preferred_brand", "of {}, a brand you prefer"),
)


def tastes_met(offers: pl.DataFrame, people: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """One row per offer whose product meets a taste of its customer: the pair, the first `taste` in words, its tag."""
    known = (
        offers.select(_PAIR)
        .join(catalogue.select("product_id", *(taste.attribute for taste in TASTES)), on="product_id")
        .join(people.select("customer_id", *(taste.profile for taste in TASTES)), on="customer_id")
    )
    met = [pl.when(pl.col(taste.profile).list.contains(pl.col(taste.attribute))) for taste in TASTES]
    words = [each.then(pl.format(taste.wording, taste.attribute)) for each, taste in zip(met, TASTES, strict=True)]
    tags = [each.then(pl.lit(taste.tag)) for each, taste in zip(met, TASTES, strict=True)]
    return known.select(*_PAIR, taste=pl.coalesce(words), taste_tag=pl.coalesce(tags)).drop_nulls("taste")
