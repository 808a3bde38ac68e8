"""The offers of the two shelves of a homepage, and the list of what is due."""

from __future__ import annotations

import polars as pl

from omnix_cli.steps.interest import adjusted
from omnix_cli.steps.shelves import OFFER

DUE = ("overdue", "urgent", "upcoming")
_PAIR = ["customer_id", "product_id"]


def due_again(predictions: pl.DataFrame, baskets: pl.DataFrame, interest: pl.DataFrame) -> pl.DataFrame:
    """Every predicted product of the `baskets` as an offer, scored by `basket_score` moved by open interest.

    The confidence is the predicted chance of a purchase within 14 days, the reason that of the prediction."""
    return (
        predictions.join(baskets, on=_PAIR)
        .join(interest, on=_PAIR, how="left")
        .with_columns(
            pl.col("urgency").cast(pl.String),
            shelf=pl.lit("due_again"),
            score=adjusted(pl.col("basket_score")),
            confidence=pl.col("probability_14d"),
            tags=pl.concat_list(pl.col("urgency").cast(pl.String)),
        )
        .select(OFFER.keys())
    )


def new_for_you(found: pl.DataFrame, baskets: pl.DataFrame, interest: pl.DataFrame) -> pl.DataFrame:
    """The products `found` and those of open interest that were never bought, as offers scored by both.

    Confidence and reason are still to come (see `reasons.explain`)."""
    wanted = interest.filter(pl.col("interest") > 0).join(baskets, on=_PAIR, how="anti")
    return (
        found.join(wanted.select(_PAIR), on=_PAIR, how="full", coalesce=True)
        .join(interest, on=_PAIR, how="left")
        .with_columns(
            shelf=pl.lit("new_for_you"),
            score=adjusted(pl.col("score").fill_null(0.0)),
            confidence=pl.lit(0.0),
            reason=pl.lit(""),
            tags=pl.lit([], pl.List(pl.String)),
            predicted_date=pl.lit(None, pl.Date),
            urgency=pl.lit(None, pl.String),
        )
        .select(OFFER.keys())
    )


def replenishment(predictions: pl.DataFrame, offered: pl.DataFrame, *, count: int) -> pl.DataFrame:
    """Of the predictions that may be `offered`, the `count` of each customer that are due and most probable within
    7 days, as offers in the order of their dates."""
    return (
        predictions.filter(pl.col("urgency").cast(pl.String).is_in(DUE))
        .join(offered.filter(pl.col("shelf") == "due_again"), on=_PAIR, how="semi")
        .sort("customer_id", -pl.col("probability_7d"), "product_id")
        .group_by("customer_id", maintain_order=True)
        .head(count)
        .sort("customer_id", "predicted_date", -pl.col("probability_7d"), "product_id")
        .with_columns(
            pl.col("urgency").cast(pl.String),
            shelf=pl.lit("due_again"),
            score=pl.col("probability_7d"),
            tags=pl.concat_list(pl.col("urgency").cast(pl.String)),
        )
        .select(OFFER.keys())
    )
