"""The hard rules of recommending: what is offered to nobody, and what is not offered to one customer."""

from __future__ import annotations

from collections import Counter

import polars as pl

RULES = ("excluded_category", "withdrawn", "out_of_stock", "min_support", "budget", "dietary")


def catalogue(
    products: pl.LazyFrame, popularity: pl.DataFrame, *, excluded_categories: tuple[str, ...]
) -> pl.DataFrame:
    """What the rules and the lists need of each product: its facts, its customers, and whether it is blocked.

    `blocked` is `excluded_category` (compared without case), `withdrawn` (gone from a complete catalogue) or
    `out_of_stock` (a stock of 0; unknown stock passes).
    `dietary` is null if the product has no dietary label although it may be food, so nobody knows which diets it fits.
    A category is no food if the catalogue labels other categories, but nothing in this one.
    """
    excluded = [name.lower() for name in excluded_categories]
    unlabelled = pl.col("dietary").list.len() == 0
    not_food = pl.col("category").is_not_null() & unlabelled.all().over("category") & ~unlabelled.all()
    return (
        products.with_columns(pl.col("dietary").list.eval(pl.element().str.to_lowercase()))
        .select(
            "product_id",
            "name",
            "category",
            "brand",
            "price",
            dietary=pl.when(~unlabelled).then("dietary"),
            not_food=not_food,
            blocked=pl.when(pl.col("category").str.to_lowercase().is_in(excluded))
            .then(pl.lit("excluded_category"))
            .when(pl.col("withdrawn"))
            .then(pl.lit("withdrawn"))
            .when(pl.col("stock") == 0)
            .then(pl.lit("out_of_stock")),
        )
        .join(
            popularity.lazy().filter(pl.col("kind") == "popular").select("product_id", "customers"),
            on="product_id",
            how="full",
            coalesce=True,
        )
        .sort("product_id")
        .collect()
    )


class Rules:
    """The rules as a filter of offers (customer_id, product_id, shelf, ...) that counts what it removes.

    An offer counts at the first rule it breaks, in the order of `RULES`: the blocks of the catalogue; fewer than
    `min_support` customers, unless the customer buys the product again; a known price outside of the budget; a
    restriction of the customer's diet that the product's labels do not cover, or cannot be known to cover.
    """

    def __init__(self, catalogue: pl.DataFrame, people: pl.DataFrame, *, min_support: int) -> None:
        self._catalogue = catalogue
        self._people = people.select("customer_id", "dietary_restrictions", "budget_min", "budget_max")
        self._broken = _broken(min_support)
        self.removed = Counter({f"removed_{rule}": 0 for rule in RULES})

    def __call__(self, offers: pl.DataFrame) -> pl.DataFrame:
        """The offers that break no rule, in their order."""
        judged = (
            offers.join(self._catalogue, on="product_id", how="left", maintain_order="left")
            .join(self._people, on="customer_id", how="left", maintain_order="left")
            .select(*offers.columns, rule=self._broken)
        )
        self.removed.update({f"removed_{rule}": int((judged["rule"] == rule).sum()) for rule in RULES})
        return judged.filter(pl.col("rule").is_null()).drop("rule")


def _broken(min_support: int) -> pl.Expr:
    price = pl.col("price")
    restricted = pl.col("dietary_restrictions").list.len() > 0
    uncovered = pl.col("dietary_restrictions").list.set_difference(pl.col("dietary")).list.len() > 0
    return (
        pl.when(pl.col("blocked").is_not_null())
        .then("blocked")
        .when(pl.col("shelf") != "due_again", pl.col("customers").fill_null(0) < min_support)
        .then(pl.lit("min_support"))
        .when((price < pl.col("budget_min")).fill_null(False) | (price > pl.col("budget_max")).fill_null(False))
        .then(pl.lit("budget"))
        .when(restricted & ~pl.col("not_food").fill_null(False) & uncovered.fill_null(True))
        .then(pl.lit("dietary"))
    )
