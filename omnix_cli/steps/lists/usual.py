"""The list of what one customer usually buys, in the order of the ranker."""

from __future__ import annotations

import polars as pl

from omnix_cli.reasons.sentences import BOUGHT_ON_DAYS, BOUGHT_ONCE, BOUGHT_TWICE
from omnix_cli.steps.lists.ranked_lists import as_offers

_PAIR = ["customer_id", "product_id"]


def usual(offers: pl.DataFrame, predictions: pl.DataFrame, bought: pl.DataFrame) -> pl.DataFrame:
    """The offers of products `bought` before, in their order: none is left out for when it was bought last.

    Date, urgency, confidence and reason are those of the prediction. A product without one is hardly bought again: its
    confidence is 0, and the reason says how often it was bought and when."""
    times, on = pl.col("purchase_days"), pl.col("last_day")
    past = (
        pl.when(times == 1)
        .then(BOUGHT_ONCE.say(on=on))
        .when(times == 2)
        .then(BOUGHT_TWICE.say(on=on))
        .otherwise(BOUGHT_ON_DAYS.say(times=times, on=on))
    )
    predicted, past_of = (rows.join(offers, on=_PAIR, how="semi") for rows in (predictions, bought))
    rows = (
        offers.select(*_PAIR, "score")
        .join(predicted.drop("purchase_days", "last_day", strict=False), on=_PAIR, how="left", maintain_order="left")
        .join(past_of.select(*_PAIR, "purchase_days", "last_day"), on=_PAIR, how="left", maintain_order="left")
    )
    urgency = pl.col("urgency").cast(pl.String)
    return as_offers(
        rows,
        confidence=pl.col("probability_14d").fill_null(0.0),
        reason=pl.coalesce("reason", past),
        tags=pl.concat_list(urgency).list.drop_nulls(),
        urgency=urgency,
    )
