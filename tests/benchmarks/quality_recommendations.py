"""How much of each household's next basket the recommendations foresee, beside three floors of simple code.

Complete Journey; a basket is a household's day. Products of at least 10 (household, day) rows, households of at least 5
days; the truth is each household's last day, everything before it is known; the whole catalogue is ranked, repeats
allowed. `--validation` ranks the day before the last instead: what is tuned is tuned there.
"""

from __future__ import annotations

import argparse
import os
from datetime import date

import numpy as np
import polars as pl

from omnix_cli import schemas
from omnix_cli.predictors.statistical import StatisticalPredictor
from omnix_cli.protocols.steps import Resources, whole
from omnix_cli.settings import (
    NO_RULES,
    PredictionSettings,
    PrivacySettings,
    RankingSettings,
    RecommendSettings,
    SimilaritySettings,
)
from omnix_cli.steps.cycles import cycles
from omnix_cli.steps.evaluation.basket_baselines import Tifuknn, ranked
from omnix_cli.steps.evaluation.ranked_items import NOTHING
from omnix_cli.steps.evaluation.splits import last_baskets
from omnix_cli.steps.forecasts.rhythms import rhythms
from omnix_cli.steps.lists.assortment import assortment
from omnix_cli.steps.lists.next_basket import next_basket
from omnix_cli.steps.lists.popularity import popularity
from omnix_cli.steps.lists.recommendation import recommend
from omnix_cli.steps.neighbours.similarity import similarity
from omnix_cli.steps.ranking.nightly import fit_ranker, ranking
from tests.complete_journey import products, transactions
from tests.measures import ndcg_at_k, recall_at_k

AS_OF = date(2018, 1, 1)
PLACES = 10
_PAIR = ["customer_id", "product_id"]


def main() -> None:
    """Prints Recall@10 and NDCG@10 of ours and of the floors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validation", action="store_true", help="Rank the day before the last.")
    parser.add_argument("--households", type=int, help="Only the first so many households.")
    options = parser.parse_args()
    known, truth = split(days(options.households), held_out=int(options.validation))
    print(f"{truth['customer_id'].n_unique():,} households, {known['product_id'].n_unique():,} products\n")
    sold = catalogue(options.households).lazy()
    rankings = (
        ("popular", lambda: popular(known, truth)),
        ("personal top frequency", lambda: top_frequency(known)),
        ("TIFUKNN (.9/.9, alpha .3, m 7, k 100)", lambda: tifuknn(known, truth)),
        ("omnix, own products by score alone", lambda: due_again(known)),
        ("omnix, homepage of what is due", lambda: homepages(known, sold, due_share=1.0)),
        ("omnix, homepage, 60 % due", lambda: homepages(known, sold, due_share=0.6)),
    )
    for name, method in rankings:
        recall, ndcg = quality(method(), truth)
        print(f"{name:40} Recall@10 {recall:.4f}   NDCG@10 {ndcg:.4f}", flush=True)


def days(households: int | None = None) -> pl.DataFrame:
    """One row per household, product and local day, with `trip`: the number of the day among the household's, from 0,
    and `trips`: how many there are."""
    local_day = (
        pl.col("transaction_timestamp").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York").dt.date()
    )
    rows = (
        transactions(households)
        .select(
            customer_id=pl.col("household_id").cast(pl.String),
            product_id=pl.col("product_id").cast(pl.String),
            purchase_day=local_day,
        )
        .unique()
        .filter(pl.len().over("product_id") >= 10)
        .collect()
    )
    trip = pl.col("purchase_day").rank("dense").over("customer_id").cast(pl.Int64) - 1
    return (
        rows.with_columns(trip=trip)
        .with_columns(trips=pl.col("trip").max().over("customer_id") + 1)
        .filter(pl.col("trips") >= 5)
        .sort("customer_id", "trip", "product_id")
    )


def split(rows: pl.DataFrame, *, held_out: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is known and the truth; days are moved so that the day of the truth is `AS_OF` for every household."""
    target = pl.col("trips") - 1 - held_out
    moved = rows.with_columns(
        purchase_day=AS_OF
        - (pl.col("purchase_day").filter(pl.col("trip") == target).first().over("customer_id") - pl.col("purchase_day"))
    )
    return moved.filter(pl.col("trip") < target).with_columns(trips=target), moved.filter(pl.col("trip") == target)


def quality(scored: pl.DataFrame, truth: pl.DataFrame) -> tuple[float, float]:
    """Mean Recall@10 and NDCG@10 over households of customer_id, product_id, score; ties by product id."""
    ranked = scored.sort("customer_id", -pl.col("score"), "product_id").with_columns(
        rank=pl.int_range(1, pl.len() + 1).over("customer_id")
    )
    pairs = truth.select(_PAIR)
    return recall_at_k(ranked, pairs, PLACES), ndcg_at_k(ranked, pairs, PLACES)


def popular(known: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Everybody gets the products of the most household days."""
    most = known.group_by("product_id").agg(score=pl.len().cast(pl.Float64)).sort(-pl.col("score"), "product_id")
    return truth.select("customer_id").unique().join(most.head(PLACES), how="cross")


def top_frequency(known: pl.DataFrame) -> pl.DataFrame:
    """Everybody gets the products bought on most of their own days."""
    return known.group_by(_PAIR).agg(score=pl.len().cast(pl.Float64))


def tifuknn(known: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Hu et al., SIGIR 2020, as evaluations have it."""
    days = pl.concat([part.select(*_PAIR, day="trip") for part in (known, truth)])
    split = last_baskets(days, is_dated=False)
    lists = ranked(split, Tifuknn(0.9, 0.9, 7, 100, 0.3).baseline(), places=PLACES).items["all"]
    question, place = np.nonzero(lists != NOTHING)
    return pl.DataFrame(
        {
            "customer_id": split.customers.gather(split.asked[question]),
            "product_id": split.products.gather(lists[question, place]),
            "score": -place.astype(np.float64),
        }
    )


def due_again(known: pl.DataFrame) -> pl.DataFrame:
    """Ours: the order of the shelf `due again` alone."""
    shop = shop_popularity(known)
    rhythm = cycles(as_purchases(known).lazy(), as_of=AS_OF).frames["cycles"]
    ranked = next_basket(rhythm, shop.filter(pl.col("kind") == "popular"), as_of=AS_OF)
    return ranked.select(*_PAIR, score="basket_score")


def homepages(known: pl.DataFrame, products: pl.LazyFrame, *, due_share: float) -> pl.DataFrame:
    """Ours: the whole homepage, both shelves and all rules, through every step of the plan."""
    purchases = as_purchases(known).lazy()
    resources = Resources(threads=os.cpu_count() or 1, memory_bytes=4 * 2**30)
    neighbours = similarity(
        purchases,
        products,
        as_of=AS_OF,
        parameters=SimilaritySettings(),
        privacy=PrivacySettings(),
        resources=resources,
    ).frames["neighbours"]
    habits = cycles(purchases, as_of=AS_OF).frames
    rhythm, settings = habits["cycles"].lazy(), RecommendSettings(due_share=due_share)
    offered = assortment(purchases, products, as_of=AS_OF, rules=NO_RULES, **settings.of_products).frames
    shared = rhythms(purchases, rhythm, products, as_of=AS_OF, personal_purchases=3).frames
    predictor = StatisticalPredictor(PredictionSettings())
    predictions = predictor.predict(
        rhythm, shared["rhythms"].lazy(), shared["forecast_model"].lazy(), products, as_of=AS_OF
    ).frames["predictions"]
    returned, popular_products = habits["returned"].lazy(), shop_popularity(known).lazy()
    bought = {"as_of": AS_OF, "resources": resources}
    fitted = fit_ranker(purchases, products, parameters=RankingSettings(), **bought).frames["ranker"].lazy()
    shop = (rhythm, returned, popular_products, neighbours.lazy())
    rankings = whole(ranking(purchases, products, *shop, fitted, **bought)).frames["rankings"]
    lists = recommend(
        rhythm,
        returned,
        predictions.lazy(),
        rankings.lazy(),
        neighbours.lazy(),
        popular_products,
        offered["assortment"].lazy(),
        schemas.FRAMES["customers"].empty().lazy(),
        schemas.FRAMES["interactions"].empty().lazy(),
        as_of=AS_OF,
        parameters=settings,
        privacy=PrivacySettings(),
    ).frames["recommendations"]
    homepage = lists.filter(pl.col("kind") == "personal")
    return homepage.select(*_PAIR, score=1 / pl.col("rank"))


def shop_popularity(known: pl.DataFrame) -> pl.DataFrame:
    """The frame `popularity`; its days are those of the moved histories, so only its counts mean something."""
    return popularity(
        as_purchases(known).lazy(),
        schemas.FRAMES["interactions"].empty().lazy(),
        schemas.FRAMES["products"].empty().lazy(),
        as_of=AS_OF,
        trending_window_days=28,
        hemisphere="northern",
        min_customers=3,
    ).frames["popularity"]


def catalogue(households: int | None = None) -> pl.DataFrame:
    """The products with category and brand."""
    facts = (
        products(households)
        .select(
            pl.col("product_id").cast(pl.String),
            name=pl.coalesce("product_type", "product_category", "department", pl.lit("product")),
            category="product_category",
            brand="brand",
            tags=pl.lit([], pl.List(pl.String)),
            dietary=pl.lit([], pl.List(pl.String)),
        )
        .collect()
    )
    spec = schemas.FRAMES["products"]
    missing = [name for name in spec.schema.column_names() if name not in facts.columns]
    return spec.conform(facts.with_columns(pl.lit(None).alias(name) for name in missing).sort(spec.sort))


def as_purchases(known: pl.DataFrame) -> pl.DataFrame:
    """The known days as purchase lines of one unit each."""
    lines = known.with_columns(
        purchase_id=pl.format("{}#{}#{}", *_PAIR, "purchase_day"),
        order_id=pl.format("{}#{}", "customer_id", "purchase_day"),
        purchased_at=pl.col("purchase_day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        quantity=pl.lit(1.0),
        promotion_used=pl.lit(False),
        kind=pl.lit("purchase"),
        **{name: pl.lit(None) for name in ("unit_price", "total_price", "store_location", "rating", "review")},
    )
    spec = schemas.FRAMES["purchases"]
    return spec.conform(lines.sort(spec.sort))


if __name__ == "__main__":
    main()
