"""The fallbacks for a list that is too short: favourites of the profile, trends, the season, popular products."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import polars as pl

from omnix_cli.steps.lists.preferences import TASTES, Taste
from omnix_cli.steps.lists.ranked_lists import Stage, as_offers

FIRST_BLOCK = 50
BLOCK_GROWTH = 4


def stages(popularity: pl.DataFrame, catalogue: pl.DataFrame, *, season: str) -> Iterator[Stage]:
    """The chain, in order; each stage gets the people with short lists (`missing` items) and returns offers.

    Popular products come in growing blocks, so that for most people a few products are enough. People without consent
    to personalisation get popular products only.
    """
    popular = _ranked(popularity, "popular", "all")
    described = popular.join(catalogue.select("product_id", "category", "brand"), on="product_id", how="left")
    for taste in TASTES:
        ranked = described.drop_nulls(taste.attribute).sort(taste.attribute, "rank")
        yield partial(_favourites, popular=ranked, taste=taste)
    current = pl.concat([_ranked(popularity, "trending", "all"), _ranked(popularity, "seasonal", season)])
    first = current.sort("rank", maintain_order=True).head(FIRST_BLOCK)
    yield lambda people: _offers(people.filter("personalised"), first)
    start, size = 0, FIRST_BLOCK
    while start < popular.height:
        yield partial(_offers, ranked=popular.slice(start, size))
        start, size = start + size, size * BLOCK_GROWTH


def _ranked(popularity: pl.DataFrame, kind: str, scope: str) -> pl.DataFrame:
    rows = popularity.filter(pl.col("kind") == kind, pl.col("scope") == scope).sort("rank")
    return rows.select("product_id", "rank", "score", "confidence", "reason", pl.col("kind").cast(pl.String))


def _favourites(people: pl.DataFrame, popular: pl.DataFrame, taste: Taste) -> pl.DataFrame:
    best = popular.group_by(taste.attribute, maintain_order=True).head(FIRST_BLOCK)
    chosen = (
        people.filter("personalised")
        .select("customer_id", pl.col(taste.profile).alias(taste.attribute))
        .explode(taste.attribute)
        .join(best, on=taste.attribute)
        .sort("customer_id", "rank")
    )
    reason = pl.concat_str(taste.said(), "reason", separator=", ")
    tags = pl.concat_list(pl.lit(taste.tag))
    return as_offers(chosen, shelf=pl.lit("fallback"), reason=reason, tags=tags)


def _offers(people: pl.DataFrame, ranked: pl.DataFrame) -> pl.DataFrame:
    offered = people.select("customer_id").join(ranked, how="cross", maintain_order="left_right")
    return as_offers(offered, shelf=pl.lit("fallback"), tags=pl.concat_list("kind"))
