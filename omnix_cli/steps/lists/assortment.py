"""What the shop offers: every product of the catalogue and of the history, and what keeps it out of all lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import polars as pl

from omnix_cli import schemas
from omnix_cli.days.stray_sales import bulk
from omnix_cli.frames.offering import BLOCKS, NEVER_NAMED
from omnix_cli.protocols.checkpoints import Figures
from omnix_cli.protocols.steps import StepOutput
from omnix_cli.settings import ProductRules
from omnix_cli.steps.lists.diversity import name_groups
from omnix_cli.steps.name_patterns import matches, without_amount

_LEAST_LISTED = 10
_LONG_ID = 4
"""From this usual length of ids on, the short codes of the rules are none of products."""


def assortment(
    purchases: pl.LazyFrame,
    products: pl.LazyFrame,
    *,
    as_of: date,
    rules: ProductRules,
    exclusions: Mapping[str, Sequence[str]],
    offer_out_of_stock: Sequence[str],
    offer_free: bool,
    recent_days: int,
) -> StepOutput:
    """The frame `assortment`. All lists, and what is shown of predictions and neighbours, leave out what is `blocked`.

    A product is blocked for the first reason of `frames.offering.BLOCKS` that holds: the settings exclude it; the
    `rules` say that it is no product; whatever is known of its price is 0; there is a catalogue and it is not in it; it
    is gone from a complete catalogue; its stock is 0 or below (unknown stock passes). Where the rules, or a price of 0,
    would block more than half of what is sold, they mean something else in this shop and block nothing.

    It is `dormant` if it was sold, but not within `recent_days` before the newest sale.
    `dietary` is null if the product has no dietary label although it may be food, so nobody knows which diets it fits.
    A category is no food by the rules, or if the catalogue labels other categories, but nothing in this one.
    Figures: the products of each reason.
    """
    known = _known(purchases.filter(pl.col("purchase_day") < as_of), products)
    sold = pl.col("last_day").is_not_null()
    recent = _newest(purchases, as_of) - timedelta(days=recent_days)
    unlabelled = pl.col("dietary").list.len().fill_null(0) == 0
    of_one_kind = pl.col("category").is_not_null() & unlabelled.all().over("category")
    frame = (
        known.with_columns(
            unlisted=~pl.col("listed") & _is_of_this_shop(sold & ~(pl.col("last_day") < recent)),
            not_a_product=_unless_most(is_no_product(known, rules), sold),
            free=_unless_most((pl.col("highest") == 0).fill_null(False), sold) & (not offer_free),
        )
        .with_columns(
            dietary=pl.when(~unlabelled).then(pl.col("dietary").list.eval(pl.element().str.to_lowercase())),
            not_food=(of_one_kind & ~unlabelled.all()) | matches(pl.col("category"), rules.not_food),
            dormant=(pl.col("last_day") < recent).fill_null(False),
            name_group=name_groups(known),
        )
        .with_columns(blocked=_blocked(exclusions, offer_out_of_stock).cast(pl.Enum(BLOCKS)))
        .with_columns(never_named=pl.col("blocked").cast(pl.String).is_in(NEVER_NAMED).fill_null(False))
        .sort("product_id")
    )
    counts = dict(frame.group_by(pl.col("blocked").cast(pl.String)).len().drop_nulls().iter_rows())
    figures: Figures = {reason: counts[reason] for reason in BLOCKS if reason in counts}
    return StepOutput({"assortment": schemas.FRAMES["assortment"].conform(frame)}, figures)


def _known(purchases: pl.LazyFrame, products: pl.LazyFrame) -> pl.DataFrame:
    """The facts of every product, with `listed` (in the catalogue), its last sale, and the highest price known."""
    prices = (pl.col("unit_price").max(), pl.col("total_price").max())
    sales = (
        purchases.filter(pl.col("kind") == "purchase")
        .group_by("product_id")
        .agg(last_day=pl.col("purchase_day").max(), highest_paid=pl.max_horizontal(prices))
    )
    facts = ("name", "category", "brand", "price", "stock", "tags", "dietary", "withdrawn")
    return (
        products.select("product_id", *facts, listed=pl.lit(True))
        .join(sales, on="product_id", how="full", coalesce=True)
        .with_columns(pl.col("listed").fill_null(False), highest=pl.max_horizontal("highest_paid", "price"))
        .sort("product_id")
        .collect(engine="streaming")
    )


def is_no_product(known: pl.DataFrame, rules: ProductRules) -> pl.Expr:
    """Whether the rules say of a row (product_id, name) that it is no product."""
    usual = known.select(pl.col("product_id").str.len_chars().median()).item() or 0
    code = pl.col("product_id").str.strip_chars()
    short = code.is_in(rules.short_codes) & (usual >= _LONG_ID)
    name = [matches(spelled, rules.names) for spelled in (pl.col("name"), without_amount(pl.col("name")))]
    return pl.any_horizontal(short, matches(code, rules.codes), *name)


def _unless_most(found: pl.Expr, sold: pl.Expr) -> pl.Expr:
    return found & ((found & sold).sum() * 2 <= sold.sum())


def _is_of_this_shop(lately: pl.Expr) -> pl.Expr:
    """Whether the catalogue has a tenth of the products sold lately."""
    return (pl.col("listed") & lately).sum() * _LEAST_LISTED >= lately.sum().clip(1)


def _blocked(exclusions: Mapping[str, Sequence[str]], to_order: Sequence[str]) -> pl.Expr:
    ordered = matches(pl.col("category").fill_null(""), to_order) | _tagged(to_order)
    conditions = {
        "excluded_product": matches(pl.col("product_id"), exclusions["product"]),
        "excluded_name": matches(pl.col("name"), exclusions["name"]),
        "excluded_tag": _tagged(exclusions["tag"]),
        "excluded_brand": matches(pl.col("brand"), exclusions["brand"]),
        "excluded_category": matches(pl.col("category"), exclusions["category"]),
        "not_a_product": pl.col("not_a_product"),
        "free": pl.col("free"),
        "not_in_catalogue": pl.col("unlisted"),
        "withdrawn": pl.col("withdrawn").fill_null(False),
        "out_of_stock": (pl.col("stock") <= 0).fill_null(False) & ~ordered,
    }
    return pl.coalesce(pl.when(conditions[reason]).then(pl.lit(reason)) for reason in BLOCKS)


def _tagged(patterns: Sequence[str]) -> pl.Expr:
    return pl.col("tags").list.eval(matches(pl.element(), patterns)).list.any().fill_null(False)


def _newest(purchases: pl.LazyFrame, as_of: date) -> date:
    days = purchases.filter(pl.col("purchase_day") < as_of).group_by("purchase_day").len().sort("purchase_day")
    counts = bulk(days.collect(engine="streaming").rows())
    return counts[-1][0] if counts else as_of
