"""The lists of the whole shop: similar products, trends, seasons, popular products."""

from __future__ import annotations

import polars as pl

from omnix_cli import list_ids
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.settings import ShopListSettings
from omnix_cli.steps.lists.discovery import SHRINK_CUSTOMERS
from omnix_cli.steps.lists.eligibility import catalogue
from omnix_cli.steps.lists.ranked_lists import listed, stored

SIMILAR_PRICE = 0.8
SIMILAR_TEXT = 0.5
_NO_CUSTOMER = {
    name: pl.lit(None) for name in ("customer_id", "shelf", "predicted_date", "next_expected_date", "urgency")
}


def shop_lists(
    neighbours: pl.LazyFrame,
    popularity: pl.LazyFrame,
    products: pl.LazyFrame,
    *,
    parameters: ShopListSettings,
    min_support: int,
    excluded_categories: tuple[str, ...],
) -> StepOutput:
    """`similar#<product>`, `complements#<product>`, `substitutes#<product>`, `trending#all`, `seasonal#<season>` and
    `popular#all`, without blocked products.

    Nothing from an excluded category, out of stock, or bought by fewer than `min_support` customers is listed, unless
    as a similar product known by its content. The confidence is the chance of a purchase within 14 days by a customer
    who shops now; in the similar lists the share of the product's customers who bought the similar one too, times
    customers / (customers + 10), and 0 if nobody is known to have bought both.
    """
    shop = popularity.collect()
    popular = shop.filter(pl.col("kind") == "popular")
    known = catalogue(products, popular, excluded_categories=excluded_categories)
    blocked = known.filter(pl.col("blocked").is_not_null()).select("product_id")
    supported = shop.filter(pl.col("customers") >= min_support)
    ranked = supported.join(blocked, on="product_id", how="anti")
    limits = {
        "trending": parameters.trending_count,
        "seasonal": parameters.seasonal_count,
        "popular": parameters.popular_count,
    }
    lists = [
        listed(_first(ranked, kind, count), kind=kind, list_id=list_ids.shared(kind, pl.col("scope")))
        for kind, count in limits.items()
    ]
    shown = pl.when(pl.col("customers") >= min_support).then("customers")
    near = neighbours.with_columns(customers=shown)
    for kind, rows, count in (
        ("similar", near, parameters.similar_count),
        ("complements", _related(near, "complement", by="co_purchase"), parameters.complement_count),
        ("substitutes", _related(near, "substitute", by="content"), parameters.substitute_count),
    ):
        if count:  # the first 0 rows of a group are a row of nulls in polars
            items = _similar(rows, known, blocked, count=count)
            lists.append(listed(items, kind=kind, list_id=list_ids.shared(kind, pl.col("source_id"))))
    frame = stored(pl.concat(lists, how="diagonal_relaxed").with_columns(**_NO_CUSTOMER), known, frame="shop_lists")
    figures = {kind: int((frame["kind"] == kind).sum()) for kind in (*list_ids.PRODUCT_KINDS, *limits)}
    return StepOutput({"shop_lists": frame}, {**figures, "removed_blocked": supported.height - ranked.height})


def _first(ranked: pl.DataFrame, kind: str, count: int) -> pl.DataFrame:
    rows = ranked.filter(pl.col("kind") == kind).sort("scope", "rank").group_by("scope", maintain_order=True)
    return rows.head(count).with_columns(tags=pl.concat_list(pl.lit(kind)))


def _related(neighbours: pl.LazyFrame, relation: str, *, by: str) -> pl.LazyFrame:
    """The neighbours of one relation, with their rank by the part of the score that makes it."""
    rank = pl.struct(-pl.col(by), "rank").rank("ordinal").over("product_id")
    return neighbours.filter(pl.col("relation") == relation).with_columns(rank=rank)


def _similar(neighbours: pl.LazyFrame, catalogue: pl.DataFrame, blocked: pl.DataFrame, *, count: int) -> pl.DataFrame:
    """The best neighbours of each product with what makes them similar, in words and as tags."""
    parts = {
        "bought_together": pl.format("bought together by {} customers", "customers"),
        "same_category": pl.when("same_category").then(pl.format("same category: {}", "category")),
        "same_brand": pl.when("same_brand").then(pl.format("same brand: {}", "brand")),
        "similar_price": pl.when(pl.col("price_similarity") >= SIMILAR_PRICE).then(pl.lit("similar price")),
        "similar_text": pl.when(pl.col("text_similarity") >= SIMILAR_TEXT).then(pl.lit("similar description")),
    }
    words = pl.concat_str(list(parts.values()), separator="; ", ignore_nulls=True)
    adoption = pl.col("conditional") * pl.col("customers") / (pl.col("customers") + SHRINK_CUSTOMERS)
    return (
        neighbours.rename({"product_id": "source_id", "neighbour_id": "product_id"})
        .join(blocked.lazy(), on="product_id", how="anti")
        .sort("source_id", "rank")
        .group_by("source_id", maintain_order=True)
        .head(count)
        .join(catalogue.lazy().select("product_id", "category", "brand"), on="product_id", how="left")
        .sort("source_id", "rank")
        .with_columns(
            reason=words.replace("", "similar product"),
            tags=pl.concat_list(
                pl.when(part.is_not_null()).then(pl.lit(tag)) for tag, part in parts.items()
            ).list.drop_nulls(),
            confidence=adoption.fill_null(0.0),
        )
        .drop("rank")
        .collect()
    )
