"""Ranks every product that a customer bought, and the best new ones, for any question: what comes on that day?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from omnix_cli.steps.ranking.baskets import NEVER, Baskets, Floats, Ints, numbers
from omnix_cli.steps.ranking.moments import Moment, Shop
from omnix_cli.steps.ranking.questions import Questions, Rows
from omnix_cli.steps.ranking.ranker import Ranker
from omnix_cli.steps.ranking.training import Labels, fit

NEW_PRODUCTS = 50
"""New products kept for each customer."""
MIN_LABEL_BASKETS = 300
BASKET_DAYS = 7
"""How far apart the baskets of undated histories are taken to be."""
_MOST_FITS = 8
_PAIR = ["customer_id", "product_id"]
RESULT = {"customer_id": pl.String, "product_id": pl.String, "known": pl.Boolean, "rank": pl.Int32, "score": pl.Float64}


def rank(
    baskets: pl.DataFrame,
    questions: pl.DataFrame,
    *,
    products: pl.DataFrame | None = None,
    dated: bool = True,
    labels: pl.DataFrame | None = None,
    method: str = "auto",
    min_label_baskets: int = MIN_LABEL_BASKETS,
    new_products: int = NEW_PRODUCTS,
    threads: int = 1,
) -> pl.DataFrame:
    """What comes in each customer's basket of a day: customer_id, product_id, known, rank (within customer and known,
    from 1) and score, 0..1, which compares known and new products.

    `baskets` has customer_id, product_id and `day`, a date or the number of the customer's basket; `questions` has
    customer_id and `day`, asked the moment before it. All own products are ranked, and the best `new_products` others.
    A customer without a basket before the day gets nothing. `products` may name a `category` for each product_id.

    `dated` says whether days mean the same for everybody: then nothing on or after the day asked is used, of no
    customer. Without dates everything that stands before a customer's own question is used, and `labels` (customer_id,
    product_id), the next baskets of other customers, may be learned from.
    """
    if not dated:
        baskets, questions, taught = _as_days(baskets, questions, labels)
    found = [pl.DataFrame(schema=RESULT)]
    asked = questions.select("customer_id", pl.col("day").to_physical().cast(pl.Int64)).unique("customer_id")
    history = baskets.select(*_PAIR, pl.col("day").to_physical().cast(pl.Int64))
    for some in _together(asked) if dated else [asked]:
        first, last = int(some["day"].min()), int(some["day"].max())  # type: ignore[arg-type]
        rows = history.filter(pl.col("day") < last) if dated else history
        if rows.is_empty():
            continue
        shop = shop_of(Baskets.of(rows), products, barred=None, threads=threads)
        before = np.full(shop.baskets.customers, first)
        halves = None if dated or labels is None else _halves(shop, taught, before)
        ranker = fit(shop, before, method=method, min_label_baskets=min_label_baskets, labels=halves)
        found.append(_ranked(shop, ranker, some, before, new_products))
    return pl.concat(found).sort("customer_id", "known", "rank", descending=[False, True, False])


def shop_of(baskets: Baskets, products: pl.DataFrame | None, *, barred: pl.DataFrame | None, threads: int) -> Shop:
    """The shop of these baskets; the pairs `barred` are never ranked as new."""
    category = np.full(baskets.products, -1)
    if products is not None:
        named = pl.DataFrame({"product_id": baskets.product_ids}).join(
            products.select("product_id", "category").unique("product_id"),
            on="product_id",
            how="left",
            maintain_order="left",
        )
        category = named["category"].rank("dense").fill_null(0).cast(pl.Int64).to_numpy() - 1
    pairs = pl.DataFrame(schema={name: pl.String for name in _PAIR}) if barred is None else barred
    pairs = pairs.filter(
        pl.col("customer_id").is_in(baskets.customer_ids.implode()),
        pl.col("product_id").is_in(baskets.product_ids.implode()),
    )
    places = (numbers(pairs["customer_id"], baskets.customer_ids), numbers(pairs["product_id"], baskets.product_ids))
    return Shop(baskets, category, barred=places, threads=threads)


def _ranked(shop: Shop, ranker: Ranker, asked: pl.DataFrame, before: Ints, new_products: int) -> pl.DataFrame:
    """The answers to questions; others' baskets count until `before`."""
    baskets = shop.baskets
    asked = asked.filter(pl.col("customer_id").is_in(baskets.customer_ids.implode())).sort("customer_id")
    day = np.full(baskets.customers, NEVER)
    day[numbers(asked["customer_id"], baskets.customer_ids)] = asked["day"].to_numpy()
    customers = np.flatnonzero(baskets.last_before(day) > NEVER)
    questions = Questions(shop, Moment(shop, before), day, customers)
    found = [pl.DataFrame(schema=RESULT)]
    for chunk in questions.chunks():
        rows = chunk.rows()
        score, _ = ranker.scores(chunk, rows)
        found.append(ordered(named(shop, rows, score), new_products).select(RESULT.keys()))
    return pl.concat(found)


def named(shop: Shop, rows: Rows, score: Floats) -> pl.DataFrame:
    """The rows with their ids: customer_id, product_id, known, score."""
    return pl.DataFrame(
        {
            "customer_id": shop.baskets.customer_ids.gather(rows.customer),
            "product_id": shop.baskets.product_ids.gather(rows.product),
            "known": rows.known,
            "score": score,
        }
    )


def ordered(rows: pl.DataFrame, new_products: int) -> pl.DataFrame:
    """The rows with their `rank` within customer and known, without new products of lower ranks; equal scores go by
    product id."""
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("customer_id", "known")
    best = rows.sort("customer_id", -pl.col("score"), "product_id").with_columns(rank=rank)
    return best.filter(pl.col("known") | (pl.col("rank") <= new_products))


def _as_days(
    baskets: pl.DataFrame, questions: pl.DataFrame, labels: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Numbers of baskets as days before the question, a week apart, with every question on day 0; and the labels of
    other customers on that day."""
    order = pl.col("day").rank("dense").over("customer_id").cast(pl.Int64)
    asked = questions.select("customer_id", asked="day")
    known = baskets.join(asked, on="customer_id", how="left").filter(
        pl.col("asked").is_null() | (pl.col("day") < pl.col("asked"))
    )
    back = order - pl.col("day").rank("dense").max().over("customer_id").cast(pl.Int64) - 1
    moved = known.with_columns(day=back * BASKET_DAYS).select(*_PAIR, "day")
    at_zero = questions.with_columns(day=pl.lit(0, pl.Int64))
    taught = pl.DataFrame(schema={name: pl.String for name in _PAIR}) if labels is None else labels.select(_PAIR)
    taught = taught.join(asked, on="customer_id", how="anti")
    return pl.concat([moved, taught.with_columns(day=pl.lit(0, pl.Int64))]), at_zero, taught


def _halves(shop: Shop, taught: pl.DataFrame, before: Ints) -> tuple[Labels, Labels] | None:
    """The customers with labels and a basket before them, every second in one half."""
    ids = taught["customer_id"].unique()
    customers = np.sort(numbers(ids, shop.baskets.customer_ids))
    customers = customers[shop.baskets.last_before(before)[customers] > NEVER]
    return (Labels(before, customers[::2]), Labels(before, customers[1::2])) if len(customers) else None


def _together(asked: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Questions that share a ranker: it is fitted as of the first of their days. At most eight rankers, each for twice
    as many days as the one after it."""
    days = asked["day"]
    if days.is_empty():
        return
    latest = int(days.max())  # type: ignore[arg-type]
    age = latest - pl.col("day")
    part = sum(((age >= 2**power).cast(pl.Int32) for power in range(2, 2 + _MOST_FITS - 1)), pl.lit(0))
    yield from asked.with_columns(part=part).partition_by("part", include_key=False, maintain_order=False)
