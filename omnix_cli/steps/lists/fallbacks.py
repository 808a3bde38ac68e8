"""The fall-backs of a list that came out too short: favourite categories, what rises, the season, what is popular."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import polars as pl

from omnix_cli.steps.lists.shelves import OFFER, Stage

FIRST_BLOCK = 50
BLOCK_GROWTH = 4


def stages(popularity: pl.DataFrame, catalogue: pl.DataFrame, *, season: str) -> Iterator[Stage]:
    """The chain, in order; each takes the people whose lists are short (`missing` items) and returns offers.

    What is popular comes in blocks that grow, so that most people need to look at a few products only. Those who did
    not consent to personalisation get nothing but what is popular with everybody.
    """
    popular = _ranked(popularity, "popular", "all")
    categories = popular.join(catalogue.select("product_id", "category"), on="product_id", how="left")
    yield partial(_favourites, popular=categories.drop_nulls("category").sort("category", "rank"))
    current = pl.concat([_ranked(popularity, "trending", "all"), _ranked(popularity, "seasonal", season)])
    yield partial(_current, ranked=current.sort("rank", maintain_order=True).head(FIRST_BLOCK))
    start, size = 0, FIRST_BLOCK
    while start < popular.height:
        yield partial(_offers, ranked=popular.slice(start, size))
        start, size = start + size, size * BLOCK_GROWTH


def _ranked(popularity: pl.DataFrame, kind: str, scope: str) -> pl.DataFrame:
    rows = popularity.filter(pl.col("kind") == kind, pl.col("scope") == scope).sort("rank")
    return rows.select("product_id", "rank", "score", "confidence", "reason", pl.col("kind").cast(pl.String))


def _favourites(people: pl.DataFrame, popular: pl.DataFrame) -> pl.DataFrame:
    best = popular.group_by("category", maintain_order=True).head(FIRST_BLOCK)
    chosen = (
        people.filter("personalised")
        .select("customer_id", category="favorite_categories")
        .explode("category")
        .join(best, on="category")
        .sort("customer_id", "rank")
    )
    reason = pl.format("in your favourite category {}, {}", "category", "reason")
    return _conformed(chosen.with_columns(reason=reason, kind=pl.lit("favourite_category")))


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
