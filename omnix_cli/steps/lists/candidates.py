"""The candidates for the two shelves of a homepage and for the list of what is due."""

from __future__ import annotations

from datetime import date

import polars as pl

from omnix_cli.steps.lists.preferences import MET, adjusted
from omnix_cli.steps.lists.ranked_lists import as_offers, best_of_each

DUE = ("overdue", "urgent", "upcoming")
_PAIR = ["customer_id", "product_id"]
_READ = (*_PAIR, "predicted_date", "probability_7d", "probability_14d", "confidence", "urgency", "reason")


def dated(predictions: pl.LazyFrame, *, as_of: date) -> pl.LazyFrame:
    """What offers need of the predictions, with dates that fit their urgency: what is overdue is due now, what has
    lapsed is not due."""
    # Lapsed pairs stay: without them Recall@10 of the homepage falls from 0.176 to 0.163 on Complete Journey.
    urgency = pl.col("urgency").cast(pl.String)
    return predictions.select(_READ).with_columns(
        predicted_date=pl.when(urgency == "overdue")
        .then(pl.min_horizontal("predicted_date", pl.lit(as_of)))
        .when(urgency != "lapsed")
        .then("predicted_date")
    )


def due_again(predictions: pl.DataFrame, baskets: pl.DataFrame, interest: pl.DataFrame, *, most: int) -> pl.DataFrame:
    """The `most` best predicted products of each customer as offers, by `basket_score` moved by open interest.

    The confidence is the predicted chance of a purchase within 14 days, the reason that of the prediction."""
    scored = (
        predictions.select(_PAIR)
        .join(baskets.select(*_PAIR, "basket_score"), on=_PAIR)
        .join(interest.select(*_PAIR, "interest"), on=_PAIR, how="left")
        .select(*_PAIR, score=adjusted(pl.col("basket_score")))
    )
    return _due_offers(best_of_each(scored, most).join(predictions, on=_PAIR, how="left"), confidence="probability_14d")


def new_for_you(
    found: pl.DataFrame, baskets: pl.DataFrame, interest: pl.DataFrame, tastes: pl.DataFrame
) -> pl.DataFrame:
    """Offers of products never bought: `found` ones and those of open interest. The score combines both; a product
    that meets one of the `tastes` scores a little higher.

    `reasons.explain` fills in confidence and reason."""
    fondness = pl.when(pl.col("taste").is_not_null()).then(MET).otherwise(1.0)
    wanted = interest.filter(pl.col("interest") > 0).join(baskets, on=_PAIR, how="anti")
    rows = (
        found.join(wanted.select(_PAIR), on=_PAIR, how="full", coalesce=True)
        .join(interest, on=_PAIR, how="left")
        .join(tastes, on=_PAIR, how="left")
    )
    score = adjusted((pl.col("score").fill_null(0.0) * fondness).clip(0, 1))
    return as_offers(rows, shelf=pl.lit("new_for_you"), score=score, tags=pl.lit([], pl.List(pl.String)))


def due_now(predictions: pl.DataFrame) -> pl.DataFrame:
    """What is overdue, urgent or upcoming, as offers scored by the chance of a purchase within 7 days."""
    due = predictions.filter(pl.col("urgency").cast(pl.String).is_in(DUE))
    return _due_offers(due.with_columns(score=pl.col("probability_7d")), confidence="confidence")


def replenishment(due: pl.DataFrame, *, count: int) -> pl.DataFrame:
    """The `count` most probable offers of each customer, in the order of their dates."""
    return best_of_each(due, count).sort("customer_id", "predicted_date", -pl.col("score"), "product_id")


def _due_offers(predicted: pl.DataFrame, *, confidence: str) -> pl.DataFrame:
    urgency, chance = pl.col("urgency").cast(pl.String), pl.col(confidence)
    tags = pl.concat_list(urgency)
    return as_offers(predicted, shelf=pl.lit("due_again"), confidence=chance, tags=tags, urgency=urgency)
