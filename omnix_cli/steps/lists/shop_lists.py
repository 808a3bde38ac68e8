"""The lists of the whole shop: similar products, trends, seasons, popular products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from omnix_cli import list_ids
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.reasons import sentences
from omnix_cli.reasons.grammar import Sentence
from omnix_cli.settings import ShopListSettings
from omnix_cli.steps.coded_days import blocks
from omnix_cli.steps.lists.discovery import SHRINK_CUSTOMERS
from omnix_cli.steps.lists.diversity import crowding
from omnix_cli.steps.lists.ranked_lists import listed, stored

SIMILAR_PRICE = 0.8
SIMILAR_TEXT = 0.5
_CANDIDATES_PER_PLACE = 3
_NEIGHBOURS_AT_ONCE = 1 << 20
_SEEN_AT_ONCE = 10
"""The length of a list as people see it; limits of diversity hold for so many items at the top of a longer one."""
_NEIGHBOUR = (
    *("rank", "score", "conditional", "customers"),
    *("same_category", "same_brand", "price_similarity", "text_similarity"),
)
_NO_CUSTOMER = {
    name: pl.lit(None) for name in ("customer_id", "shelf", "predicted_date", "next_expected_date", "urgency")
}


def shop_lists(
    neighbours: pl.LazyFrame,
    popularity: pl.LazyFrame,
    assortment: pl.LazyFrame,
    cycles: pl.LazyFrame,
    *,
    parameters: ShopListSettings,
    min_support: int,
    max_share_of_category: float,
    max_alike: int,
) -> Iterator[StepOutput]:
    """`similar#<product>`, `complements#<product>`, `substitutes#<product>`, `trending#all`, `seasonal#<season>` and
    `popular#all`, without blocked products; in the order of their ids, some at a time.

    Nothing that the `assortment` blocks is listed, nothing bought by fewer than `min_support` customers unless as a
    similar product known by its content, and nothing dormant unless in its season. What is excluded or no product has
    no similar list. The first ten of a list keep to the limits of `diversity` while enough is left.

    Where no customer is known (no `cycles`), reasons count orders. The confidence is the chance of a purchase within
    14 days by a customer who shops now; in the similar lists the share of the product's customers who bought the
    similar one too, times customers / (customers + 10), and 0 if nobody is known to have bought both.
    """
    shop = popularity.collect()
    offered = assortment.collect()
    blocked = offered.filter(pl.col("blocked").is_not_null())
    out = offered.filter(pl.col("blocked").is_not_null() | pl.col("dormant"))
    supported = shop.filter(pl.col("customers") >= min_support)
    in_season = supported.filter(pl.col("kind") == "seasonal").join(blocked, on="product_id", how="anti")
    lately = supported.filter(pl.col("kind") != "seasonal").join(out, on="product_id", how="anti")
    ranked = _without_more_of_the_same(pl.concat([in_season, lately]), offered, max_alike)
    diverse = partial(_diverse, assortment=offered, max_share=max_share_of_category, max_alike=max_alike)
    limits = {
        "trending": parameters.trending_count,
        "seasonal": parameters.seasonal_count,
        "popular": parameters.popular_count,
    }
    shown = pl.when(pl.col("customers") >= min_support).then("customers")
    counted = "customer" if cycles.select("customer_id").head(1).collect().height else "order"
    near = neighbours.with_columns(customers=shown)
    related = {
        "similar": (near, parameters.similar_count),
        "complements": (_related(near, "complement", by="co_purchase"), parameters.complement_count),
        "substitutes": (_related(near, "substitute", by="content"), parameters.substitute_count),
    }
    removed = supported.height - ranked.height
    for kind in sorted(list_ids.SHARED_KINDS):  # the order of the ids
        if kind in limits:
            parts = iter([(_first(ranked, kind, limits[kind], diverse), "scope")])
        else:
            rows, count = related[kind]
            say = partial(_similar, diverse=diverse, count=count, together=sentences.TOGETHER[counted])
            parts = ((say(some, offered, out), "source_id") for some in (_parts(rows) if count else ()))
        for items, subject in parts:
            lists = listed(items, kind=kind, list_id=list_ids.shared(kind, pl.col(subject)))
            frame = stored(lists.with_columns(**_NO_CUSTOMER), offered, frame="shop_lists")
            items_of = dict.fromkeys((*list_ids.PRODUCT_KINDS, *limits), 0) | {kind: frame.height}
            yield StepOutput({"shop_lists": frame}, {**items_of, "removed_blocked": removed})
            removed = 0


def _parts(neighbours: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """The neighbours of some products after the other, in the order of their ids."""
    sizes = neighbours.group_by("product_id").len().sort("product_id").collect(engine="streaming")
    for first, last in blocks(sizes["len"].to_numpy().astype(np.int64), _NEIGHBOURS_AT_ONCE):
        yield neighbours.filter(
            pl.col("product_id").is_between(pl.lit(sizes["product_id"][first]), pl.lit(sizes["product_id"][last - 1]))
        )


def _diverse(rows: pl.DataFrame, *, within: str, count: int, **limits: Any) -> pl.DataFrame:
    """The first `count` rows of each list, of the rows in the order of the lists: first those that are not one too many
    of their kind."""
    number = rows.select(list=pl.col(within).rle_id().cast(pl.Int64), product_id="product_id")
    crowded = crowding(number, within="list", count=min(count, _SEEN_AT_ONCE), **limits).to_numpy()
    lists = number["list"].to_numpy()
    order = np.lexsort((crowded, lists))  # stable
    return rows[order[_places(lists) < count]]


def _places(lists: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The place of each row in its list, from 0; the rows of a list stand together."""
    return np.arange(len(lists)) - np.searchsorted(lists, lists)


def _without_more_of_the_same(ranked: pl.DataFrame, assortment: pl.DataFrame, max_alike: int) -> pl.DataFrame:
    """What trends and what is of a season, without near-identical products that are too many: such a list need not be
    full."""
    rows = ranked.sort("kind", "scope", "rank").with_columns(
        list=pl.concat_str(pl.col("kind").cast(pl.String), "scope")
    )
    too_many = crowding(rows, assortment, within="list", count=rows.height, max_share=1.0, max_alike=max_alike)
    return rows.filter(~too_many | (pl.col("kind") == "popular")).drop("list")


def _first(ranked: pl.DataFrame, kind: str, count: int, diverse: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    rows = ranked.filter(pl.col("kind") == kind).sort("scope", "rank")
    return diverse(rows, within="scope", count=count).with_columns(tags=pl.concat_list(pl.lit(kind)))


def _related(neighbours: pl.LazyFrame, relation: str, *, by: str) -> pl.LazyFrame:
    """The neighbours of one relation, with their rank by the part of the score that makes it."""
    rank = pl.struct(-pl.col(by), "rank").rank("ordinal").over("product_id")
    return neighbours.filter(pl.col("relation") == relation).with_columns(rank=rank)


def _similar(
    neighbours: pl.LazyFrame,
    assortment: pl.DataFrame,
    out: pl.DataFrame,
    diverse: Callable[..., pl.DataFrame],
    *,
    count: int,
    together: Sentence,
) -> pl.DataFrame:
    """The best neighbours of each product with what makes them similar, in words and as tags."""
    never_named = assortment.filter("never_named")
    parts = {
        "bought_together": together.say(customers="customers"),
        "same_category": pl.when("same_category").then(sentences.SAME_CATEGORY.say(category="category")),
        "same_brand": pl.when("same_brand").then(sentences.SAME_BRAND.say(brand="brand")),
        "similar_price": pl.when(pl.col("price_similarity") >= SIMILAR_PRICE).then(sentences.SIMILAR_PRICE.say()),
        "similar_text": pl.when(pl.col("text_similarity") >= SIMILAR_TEXT).then(sentences.SIMILAR_TEXT.say()),
    }
    adoption = pl.col("conditional") * pl.col("customers") / (pl.col("customers") + SHRINK_CUSTOMERS)
    nearest = (
        neighbours.select(*_NEIGHBOUR, source_id="product_id", product_id="neighbour_id")
        .filter(
            ~pl.col("product_id").is_in(out["product_id"].implode()),
            ~pl.col("source_id").is_in(never_named["product_id"].implode()),
        )
        .collect()
    )
    if not nearest.select(pl.struct("source_id", "rank").is_sorted()).item():  # they are, but for relations
        nearest = nearest.sort("source_id", "rank")
    places = _places(nearest["source_id"].rle_id().cast(pl.Int64).to_numpy())
    nearest = nearest.filter(places < _CANDIDATES_PER_PLACE * count)
    return (
        diverse(nearest, within="source_id", count=count)
        .join(assortment.select("product_id", "category", "brand"), on="product_id", how="left", maintain_order="left")
        .with_columns(part.alias(f"said_{tag}") for tag, part in parts.items())
        .with_columns(words=pl.concat_str([f"said_{tag}" for tag in parts], separator="; ", ignore_nulls=True))
        .with_columns(
            reason=pl.when(pl.col("words") != "").then("words").otherwise(sentences.SIMILAR.say()),
            tags=pl.concat_list(
                pl.when(pl.col(f"said_{tag}").is_not_null()).then(pl.lit(tag)) for tag in parts
            ).list.drop_nulls(),
            confidence=adoption.fill_null(0.0),
        )
        .drop("rank", "words", *(f"said_{tag}" for tag in parts))
    )
