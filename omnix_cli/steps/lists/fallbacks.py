"""The fallbacks for a list that is too short: favourites of the profile, trends, the season, popular products."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import polars as pl

from omnix_cli.steps.lists.shelves import OFFER, Stage
from omnix_cli.steps.lists.tastes import TASTES, Taste

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
    yield partial(_current, ranked=current.sort("rank", maintain_order=True).head(FIRST_BLOCK))
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
    reason = pl.format(f"{taste.wording}, {{}}", taste.attribute, "reason")
    return _conformed(chosen.with_columns(reason=reason, kind=pl.lit(taste.tag)))


def _current(people: pl.DataFrame, ranked: pl.DataFrame) -> pl.DataFrame:
    return _offers(people.filter("personalised"), ranked)


def _offers(people: pl.DataFrame, ranked: pl.DataFrame) -> pl.DataFrame:
    return _conformed(people.select("customer_id").join(ranked, how="cross", maintain_order="left_right"))


def _conformed(chosen: pl.DataFrame) -> pl.DataFrame:
    return chosen.select(
        "customer_id",
        "product_id",
        "score",
        "confidence",
        "reason",
        shelf=pl.lit("fallback"),
        tags=pl.concat_list("kind"),
        predicted_date=pl.lit(None, pl.Date),
        urgency=pl.lit(None, pl.String),
    ).select(list(OFFER))
