"""The candidates for the two shelves of a homepage, why each is offered, and the list of what is due."""

from __future__ import annotations

from datetime import date

import polars as pl

from omnix_cli.reasons import sentences
from omnix_cli.steps.lists.preferences import MET, adjusted
from omnix_cli.steps.lists.ranked_lists import as_offers, best_of_each

DUE = ("overdue", "urgent", "upcoming")
GIVEN_UP = ("lapsed", "unlikely")
_PAIR = ["customer_id", "product_id"]
_DATES = ("predicted_date", "next_expected_date")
_WINDOW = ("interval_days", "date_p10", "date_p90")
_READ = (*_PAIR, "purchase_days", *_DATES, *_WINDOW, "probability_7d", "probability_14d", "urgency", "reason")


def predicted(predictions: pl.LazyFrame, *, as_of: date) -> pl.LazyFrame:
    """What offers need of the predictions, and whether it is too `early`: bought within half its interval."""
    elapsed = (pl.lit(as_of) - pl.col("last_day")).dt.total_days()
    return predictions.select(*_READ, early=(2 * elapsed < pl.col("interval_days")).fill_null(False))


def as_predicted(offers: pl.DataFrame, predictions: pl.DataFrame, chances: pl.DataFrame) -> pl.DataFrame:
    """The offers with the dates, the urgency and the chance of their prediction, wherever there is one; others with
    their row of `chances` (customer_id, product_id, chance)."""
    known = predictions.select(*_PAIR, *_DATES, "urgency", chance="probability_14d")
    without = offers.join(known, on=_PAIR, how="anti")
    stated = chances.join(without, on=_PAIR, how="semi").unique(_PAIR, keep="first", maintain_order=True)
    every = pl.concat([known.with_columns(pl.col("urgency").cast(pl.String)), stated], how="diagonal")
    return (
        offers.join(every.rename({"chance": "confidence"}), on=_PAIR, how="left", suffix="_told", maintain_order="left")
        .with_columns(pl.coalesce(f"{name}_told", name).alias(name) for name in (*_DATES, "confidence", "urgency"))
        .select(offers.columns)
    )


def with_windows(offers: pl.DataFrame, predictions: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """The offers of replenishment lists with the interval and the window of their prediction, and their category; in
    other lists, which would only say it again, these are null."""
    is_due = pl.col("kind") == "replenishment"
    due = offers.filter(is_due).select(*_PAIR, "list_id")
    known = due.join(predictions.select(*_PAIR, *_WINDOW), on=_PAIR, how="left").join(
        catalogue.select("product_id", "category"), on="product_id", how="left"
    )
    return offers.join(known, on=[*_PAIR, "list_id"], how="left", maintain_order="left")


def own_products(
    predictions: pl.DataFrame, interest: pl.DataFrame, durables: pl.DataFrame, *, most: int
) -> pl.DataFrame:
    """The `most` best predicted products of each customer as offers, by the chance of a purchase within 14 days moved
    by open interest.

    Not due, but on the shelf `fallback`, is what was bought within half its interval, what has probably been given up,
    and one of the `durables` (product_id) that was bought once. The confidence is that chance, the reason that of the
    prediction."""
    given_up = pl.col("urgency").cast(pl.String).is_in(GIVEN_UP)
    is_owned = pl.col("product_id").is_in(durables["product_id"].implode()) & (pl.col("purchase_days") == 1)
    is_due = ~pl.col("early") & ~given_up & ~is_owned
    scored = predictions.join(interest.select(*_PAIR, "interest"), on=_PAIR, how="left").with_columns(
        score=adjusted(pl.col("probability_14d")),
        shelf=pl.when(is_due).then(pl.lit("due_again")).otherwise(pl.lit("fallback")),
    )
    best = scored.sort("customer_id", "shelf", -pl.col("score"), "product_id")
    kept = best.group_by("customer_id", "shelf", maintain_order=True).head(most)
    return _own_offers(kept)


def new_for_you(found: pl.DataFrame, known: pl.DataFrame, interest: pl.DataFrame, tastes: pl.DataFrame) -> pl.DataFrame:
    """Offers of products never bought (not `known`): `found` ones and those of open interest. The score combines both;
    a product that meets one of the `tastes` scores a little higher. The confidence is the `chance` of what was found.

    `explain` fills in the reason, and the confidence that is missing."""
    fondness = pl.when(pl.col("taste").is_not_null()).then(MET).otherwise(1.0)
    wanted = interest.filter(pl.col("interest") > 0).join(known, on=_PAIR, how="anti")
    rows = (
        found.join(wanted.select(_PAIR), on=_PAIR, how="full", coalesce=True)
        .join(interest, on=_PAIR, how="left")
        .join(tastes, on=_PAIR, how="left")
    )
    score = adjusted((pl.col("score").fill_null(0.0) * fondness).clip(0, 1))
    tags = pl.lit([], pl.List(pl.String))
    return as_offers(rows, confidence=pl.col("chance"), shelf=pl.lit("new_for_you"), score=score, tags=tags)


def explain(
    offers: pl.DataFrame,
    evidence: pl.DataFrame,
    interest: pl.DataFrame,
    tastes: pl.DataFrame,
    catalogue: pl.DataFrame,
    popular: pl.DataFrame,
) -> pl.DataFrame:
    """Fills in reason and tags on the shelf new_for_you, and a confidence that is missing; other offers stay as they
    are.

    The reason is the customer's own signal (cart, wish), else what links the product to the `source_id` of the
    `evidence`: bought together, else the category, else that it is alike, else the weaker signals; and which of the
    customer's `tastes` it meets. Without a chance of the customer's own, the confidence is that of `popular`.
    """
    names = catalogue.select(source_id="product_id", source_name="name")
    known = (
        offers.with_row_index("row")
        .filter(pl.col("shelf") == "new_for_you")
        .drop("reason")
        .join(evidence, on=_PAIR, how="left")
        .join(names, on="source_id", how="left")
        .join(catalogue.select("product_id", "category"), on="product_id", how="left")
        .join(interest.filter(pl.col("interest") > 0).select(*_PAIR, "signal", "signal_day"), on=_PAIR, how="left")
        .join(tastes, on=_PAIR, how="left")
        .join(
            popular.select("product_id", anybody="confidence", shop_reason="reason"),
            on="product_id",
            how="left",
        )
    )
    chance = pl.coalesce("confidence", "anybody").fill_null(0.0)
    explained = known.with_columns(*_link(pl.coalesce("source_name", "source_id")), confidence=chance).with_columns(
        reason=pl.concat_str(
            pl.coalesce(_signal("add_to_cart", "wishlist"), "link_reason", _signal("view", "search"), "shop_reason"),
            pl.col("taste"),
            separator=", ",
            ignore_nulls=True,
        ),
        tags=pl.concat_list("tags", pl.concat_list("link", "signal", "taste_tag").list.drop_nulls()),
    )
    others = offers.with_row_index("row").filter(pl.col("shelf") != "new_for_you")
    return pl.concat([others, explained.select(others.columns)]).sort("row").drop("row")


def due_now(predictions: pl.DataFrame) -> pl.DataFrame:
    """What is overdue, urgent or upcoming, as offers scored by the chance of a purchase within 7 days."""
    due = predictions.filter(pl.col("urgency").cast(pl.String).is_in(DUE))
    return _own_offers(due.with_columns(score=pl.col("probability_7d"), shelf=pl.lit("due_again")))


def replenishment(due: pl.DataFrame, *, count: int) -> pl.DataFrame:
    """The `count` most probable offers of each customer, in the order of their dates."""
    return best_of_each(due, count).sort("customer_id", "predicted_date", -pl.col("score"), "product_id")


def _own_offers(predicted: pl.DataFrame) -> pl.DataFrame:
    urgency, chance = pl.col("urgency").cast(pl.String), pl.col("probability_14d")
    tags = pl.concat_list(urgency)
    return as_offers(predicted, confidence=chance, tags=tags, urgency=urgency)


def _link(source: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The columns `link` and `link_reason`: what ties the product to its source, as a tag and in words."""
    together = pl.col("together").is_not_null()
    category = pl.col("same_category").fill_null(False) & pl.col("category").is_not_null()
    reason = (
        pl.when(together)
        .then(sentences.TOGETHER_WITH.say(source=source, customers="together"))
        .when(category)
        .then(sentences.CATEGORY_OF.say(source=source, category="category"))
        .otherwise(sentences.SIMILAR_TO.say(source=source))
    )
    link = pl.when(together).then(pl.lit("bought_together")).when(category).then(pl.lit("same_category"))
    has_source = pl.col("source_id").is_not_null()
    return (
        pl.when(has_source).then(link.otherwise(pl.lit("similar"))).alias("link"),
        pl.when(has_source).then(reason).alias("link_reason"),
    )


def _signal(*signals: str) -> pl.Expr:
    return pl.coalesce(
        pl.when(pl.col("signal") == signal).then(sentences.SIGNALS[signal].say(on="signal_day")) for signal in signals
    )
