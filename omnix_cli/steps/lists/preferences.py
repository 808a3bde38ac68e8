"""What a customer likes: open interest (viewed, wished for or put into the cart, and not bought since), and the tastes
of the profile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from omnix_cli.reasons import sentences
from omnix_cli.reasons.grammar import Sentence

MEMORY_DAYS = 90
HALF_LIFE_DAYS = 30
STRENGTHS = {"add_to_cart": 0.5, "wishlist": 0.4, "view": 0.1, "search": 0.1, "remove_from_cart": -0.5}
MET = 1.1
"""The score of a product that meets a taste is multiplied by this."""
_PAIR = ["customer_id", "product_id"]


@dataclass(frozen=True)
class Taste:
    """Values of an `attribute` of products that a column of the profile names."""

    attribute: str
    profile: str
    tag: str
    sentence: Sentence

    def said(self) -> pl.Expr:
        """The sentence about the value in the column of the attribute."""
        return self.sentence.say(**{self.attribute: self.attribute})


TASTES = (
    Taste("category", "favorite_categories", "favourite_category", sentences.FAVOURITE_CATEGORY),
    Taste("brand", "brand_preferences", "preferred_brand", sentences.PREFERRED_BRAND),
)


def open_interest(interactions: pl.DataFrame, bought: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """One row per customer and product with an open interest: `interest` in -0.5..0.5, the `signal` behind it, its
    `signal_day`.

    Of the signals of the last 90 days, the strongest one counts, halved for every 30 days of age; taking a product out
    of the cart undoes what came before it and counts against the product. A purchase (`last_day` of `bought`) on the
    day of a signal or later ends the interest: a product that was bought is no abandoned cart.
    """
    recent = interactions.filter(
        pl.col("interaction_day") < as_of, pl.col("interaction_day") >= as_of - timedelta(days=MEMORY_DAYS)
    )
    signal = pl.col("interaction_type").cast(pl.String)
    removal = (signal == "remove_from_cart").cast(pl.Int64)
    age = (pl.lit(as_of) - pl.col("interaction_day")).dt.total_days()
    forgetting = (age * (-math.log(2) / HALF_LIFE_DAYS)).exp()
    return (
        recent.join(bought.select(*_PAIR, "last_day"), on=_PAIR, how="left")
        .filter(pl.col("last_day").is_null() | (pl.col("last_day") < pl.col("interaction_day")))
        .sort(*_PAIR, "occurred_at", "interaction_id")
        .filter(removal.cum_sum(reverse=True).over(_PAIR) - removal == 0)
        .with_columns(signal=signal, interest=signal.replace_strict(STRENGTHS, return_dtype=pl.Float64) * forgetting)
        .sort(*_PAIR, -pl.col("interest").abs(), -pl.col("interest"), "signal")
        .unique(_PAIR, keep="first", maintain_order=True)
        .select(*_PAIR, "interest", "signal", signal_day="interaction_day")
    )


def adjusted(score: pl.Expr) -> pl.Expr:
    """The score moved by the column `interest` (null: none): toward 1 by its share when positive, toward 0 when not."""
    interest = pl.col("interest").fill_null(0.0)
    return pl.when(interest > 0).then(score + (1 - score) * interest).otherwise(score * (1 + interest))


def tastes_met(offers: pl.DataFrame, people: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """One row per offer whose product meets a taste of its customer: the pair, the first `taste` in words, its tag."""
    profiles = people.select("customer_id", *(taste.profile for taste in TASTES))
    known = (
        profiles.filter(pl.any_horizontal(pl.col(taste.profile).list.len() > 0 for taste in TASTES))
        .join(offers.select(_PAIR), on="customer_id")
        .join(catalogue.select("product_id", *(taste.attribute for taste in TASTES)), on="product_id")
    )
    met = [pl.when(pl.col(taste.profile).list.contains(pl.col(taste.attribute))) for taste in TASTES]
    words = [each.then(taste.said()) for each, taste in zip(met, TASTES, strict=True)]
    tags = [each.then(pl.lit(taste.tag)) for each, taste in zip(met, TASTES, strict=True)]
    return known.select(*_PAIR, taste=pl.coalesce(words), taste_tag=pl.coalesce(tags)).drop_nulls("taste")
