"""Why a product that is new to a customer is offered, and how likely the customer buys it."""

from __future__ import annotations

import polars as pl

_PAIR = ["customer_id", "product_id"]
_SIGNAL_REASONS = {
    "add_to_cart": "you put this into your cart {} days ago",
    "wishlist": "you wished for this {} days ago",
    "view": "you looked at this {} days ago",
    "search": "you searched for this {} days ago",
}


def explain(
    offers: pl.DataFrame,
    evidence: pl.DataFrame,
    interest: pl.DataFrame,
    tastes: pl.DataFrame,
    catalogue: pl.DataFrame,
    popular: pl.DataFrame,
) -> pl.DataFrame:
    """Fills in confidence, reason and tags on the shelf new_for_you; other offers stay as they are.

    The reason is the customer's own signal (cart, wish), else what links the product to the `source_id` of the
    `evidence`: bought together, else the category, else that it is alike, else the weaker signals; and which of the
    customer's `tastes` it meets. The confidence: of the customers who shop now, the share who buy the product within 14
    days (`popular`) and do so for the first time (1 - repeat_share), times the lift of the evidence.
    """
    names = catalogue.select(source_id="product_id", source_name="name")
    known = (
        offers.with_row_index("row")
        .filter(pl.col("shelf") == "new_for_you")
        .drop("confidence", "reason")
        .join(evidence, on=_PAIR, how="left")
        .join(names, on="source_id", how="left")
        .join(catalogue.select("product_id", "category"), on="product_id", how="left")
        .join(interest.filter(pl.col("interest") > 0).select(*_PAIR, "signal", "days_ago"), on=_PAIR, how="left")
        .join(tastes, on=_PAIR, how="left")
        .join(popular.select("product_id", "repeat_share", anybody="confidence"), on="product_id", how="left")
    )
    first_time = pl.col("anybody") * (1 - pl.col("repeat_share").fill_null(0.0))
    chance = (first_time * pl.col("lift").fill_null(1.0)).clip(0, 1).fill_null(0.0)
    explained = known.with_columns(*_link(pl.coalesce("source_name", "source_id")), confidence=chance).with_columns(
        reason=pl.concat_str(
            pl.coalesce(_signal("add_to_cart", "wishlist"), "link_reason", _signal("view", "search")),
            pl.col("taste"),
            separator=", ",
            ignore_nulls=True,
        ),
        tags=pl.concat_list("tags", pl.concat_list("link", "signal", "taste_tag").list.drop_nulls()),
    )
    others = offers.with_row_index("row").filter(pl.col("shelf") != "new_for_you")
    return pl.concat([others, explained.select(others.columns)]).sort("row").drop("row")


def _link(source: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The columns `link` and `link_reason`: what ties the product to its source, as a tag and in words."""
    together = pl.col("together").is_not_null()
    category = pl.col("same_category").fill_null(False) & pl.col("category").is_not_null()
    reason = (
        pl.when(together)
        .then(pl.format("bought together with {} by {} customers", source, "together"))
        .when(category)
        .then(pl.format("same category as {}: {}", source, "category"))
        .otherwise(pl.format("similar to {}, which you buy", source))
    )
    link = pl.when(together).then(pl.lit("bought_together")).when(category).then(pl.lit("same_category"))
    has_source = pl.col("source_id").is_not_null()
    return (
        pl.when(has_source).then(link.otherwise(pl.lit("similar"))).alias("link"),
        pl.when(has_source).then(reason).alias("link_reason"),
    )


def _signal(*signals: str) -> pl.Expr:
    return pl.coalesce(
        pl.when(pl.col("signal") == signal).then(pl.format(_SIGNAL_REASONS[signal], "days_ago")) for signal in signals
    )
