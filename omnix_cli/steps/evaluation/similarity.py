"""Judging neighbours by later baskets: are the products named here bought together afterwards?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

PLACES = 10
MIN_CUSTOMERS = 2
MIN_BASKETS = 20
_PAIR = ["product_id", "neighbour_id"]


@dataclass(frozen=True)
class Judgement:
    """What later baskets say about neighbours: a mean of `products` products, each weighing alike."""

    ndcg: float
    products: int
    by_product: pl.DataFrame
    """product_id and its `ndcg`, sorted by product: what intervals are drawn from."""


def known_products(baskets: pl.DataFrame, *, min_baskets: int = MIN_BASKETS) -> pl.Series:
    """The products of the known history with enough baskets to be judged. `baskets` has basket and product_id."""
    counts = baskets.group_by("product_id").agg(pl.col("basket").n_unique())
    return counts.filter(pl.col("basket") >= min_baskets)["product_id"].sort()


def later_partners(baskets: pl.DataFrame, known: pl.Series, *, min_customers: int = MIN_CUSTOMERS) -> pl.DataFrame:
    """What was bought together later: product_id, neighbour_id, `gain`, both ways.

    `baskets` are the later lines (customer_id, basket, product_id). Partners are two `known` products that at least
    `min_customers` customers bought in one basket, and that share more baskets than chance explains (lift above 1, of
    all later baskets). The gain is the number of these customers, so that no heavy buyer decides."""
    lines = baskets.select("customer_id", "basket", "product_id").unique()
    total = lines["basket"].n_unique()
    lines = lines.filter(pl.col("product_id").is_in(known.implode()))
    degree = lines.group_by("product_id").agg(degree=pl.len())
    pairs = (
        lines.join(lines.select("basket", neighbour_id="product_id"), on="basket")
        .filter(pl.col("product_id") < pl.col("neighbour_id"))
        .group_by(_PAIR)
        .agg(support=pl.len(), gain=pl.col("customer_id").n_unique())
        .filter(pl.col("gain") >= min_customers)
        .join(degree, on="product_id")
        .join(degree.rename({"product_id": "neighbour_id"}), on="neighbour_id", suffix="_of_neighbour")
        .filter(pl.col("support") * total > pl.col("degree") * pl.col("degree_of_neighbour"))
        .select(*_PAIR, "gain")
    )
    mirrored = pairs.select(product_id="neighbour_id", neighbour_id="product_id", gain="gain")
    return pl.concat([pairs, mirrored]).sort(_PAIR)


def judge(neighbours: pl.DataFrame, partners: pl.DataFrame, *, places: int = PLACES) -> Judgement:
    """NDCG at `places` (Jarvelin and Kekalainen 2002) of the first neighbours of each product that has partners.

    The gain of a place is that of the partner named there, its discount log2(place + 1); the ideal list names the
    partners of the largest gains. A product without neighbours counts 0. `neighbours` has product_id, rank and
    neighbour_id; of each product the first `places` by rank count."""
    discount = pl.col("place").add(1).cast(pl.Float64).log(2)
    place = pl.int_range(1, pl.len() + 1).over("product_id")
    ideal = (
        partners.sort("product_id", pl.col("gain"), descending=[False, True])
        .with_columns(place=place)
        .filter(pl.col("place") <= places)
        .group_by("product_id")
        .agg(ideal=(pl.col("gain") / discount).sum())
    )
    reached = (
        neighbours.sort("product_id", "rank")
        .with_columns(place=place)
        .filter(pl.col("place") <= places)
        .join(partners, on=_PAIR)
        .group_by("product_id")
        .agg(reached=(pl.col("gain") / discount).sum())
    )
    by_product = (
        ideal.join(reached, on="product_id", how="left")
        .select("product_id", ndcg=pl.col("reached").fill_null(0.0) / pl.col("ideal"))
        .sort("product_id")
    )
    mean = float(np.mean(by_product["ndcg"].to_numpy())) if by_product.height else 0.0
    return Judgement(mean, by_product.height, by_product)
