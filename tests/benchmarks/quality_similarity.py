"""How well the neighbours name what is bought together later, on Complete Journey.

    python -m tests.benchmarks.quality_similarity [--known 0.6 --until 0.8] [--every 6]

The baskets (a household's day) of the first share of the days are known, those until the second share are the truth
(see `steps.evaluation.similarity`). Choose settings on 0.6 to 0.8; 0.8 to 1 is the test. To beat: cosine of 0/1
purchases times n / (n + 10), by customers, at least 3 of them. Also shown: the share of neighbours of the product's own
category, how many different products are named, and how often the ten most popular of all are.
"""

from __future__ import annotations

import argparse
import time
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from omnix_cli.protocols.steps import Resources
from omnix_cli.schemas import FRAMES
from omnix_cli.settings import PrivacySettings, SimilaritySettings
from omnix_cli.steps.evaluation.similarity import PLACES, judge, known_products, later_partners
from omnix_cli.steps.neighbours.similarity import similarity
from tests.complete_journey import DATA, canonical

VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "co-purchase only": {"co_purchase_weight": 1.0},
    "content only": {"co_purchase_weight": 0.0},
    "half-life of 90 days": {"half_life_days": 90.0},
    "baskets": {"basis": "basket"},
}
_ROWS_AT_A_TIME = 256


def catalogue() -> pl.DataFrame:
    """The catalogue as the mapping `complete-journey` reads it, in short."""
    raw = pl.read_parquet(DATA / "products.parquet")
    return FRAMES["products"].conform(
        raw.select(
            product_id=pl.col("product_id").cast(pl.Int64).cast(pl.String),
            name=pl.concat_str("product_type", "package_size", separator=" ", ignore_nulls=True),
            category="product_category",
            brand="brand",
            supplier=pl.col("manufacturer_id").cast(pl.Int64).cast(pl.String),
            **{
                name: pl.lit(None, dtype)
                for name, dtype in FRAMES["products"].empty().schema.items()
                if name not in ("product_id", "name", "category", "brand", "supplier", "tags", "dietary")
            },
            tags=pl.lit([], pl.List(pl.String)),
            dietary=pl.lit([], pl.List(pl.String)),
        )
        .with_columns(pl.col("name").fill_null("?").replace("", "?"))
        .sort("product_id")
    )


def shrunk_cosine(known: pl.DataFrame, products: pl.Series) -> pl.DataFrame:
    """The rule to beat, by plain sparse matrices: the ten nearest of these products."""
    pairs = known.select("customer_id", "product_id").unique()
    ids = pairs["product_id"].unique().sort()
    product = pairs["product_id"].cast(pl.Enum(ids)).to_physical().to_numpy()
    customer = pairs["customer_id"].rank("dense").to_numpy() - 1
    bought = sp.csr_array((np.ones(len(pairs), np.float32), (customer.astype(np.int64), product.astype(np.int64))))
    degree = np.asarray(bought.sum(axis=0)).ravel()
    rows = np.flatnonzero(ids.is_in(products.implode()).to_numpy())
    transposed, found = bought.T.tocsr(), []
    for first in range(0, len(rows), _ROWS_AT_A_TIME):
        block = rows[first : first + _ROWS_AT_A_TIME]
        counts = (transposed[block] @ bought).toarray()
        for place, row in enumerate(block):
            count = counts[place]
            count[row] = 0
            others = np.flatnonzero(count >= 3)
            shared = count[others]
            score = shared / np.sqrt(degree[row] * degree[others]) * shared / (shared + 10)
            best = others[np.argsort(-score, kind="stable")[:PLACES]]
            found.extend((int(row), rank, int(other)) for rank, other in enumerate(best, 1))
    table = pl.DataFrame(found, schema=["row", "rank", "other"], orient="row")
    return table.select(ids.gather(table["row"]).alias("product_id"), "rank", neighbour_id=ids.gather(table["other"]))


def main() -> None:
    """Prints the figures of each variant of the settings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--known", type=float, default=0.6, help="this share of the days is known")
    parser.add_argument("--until", type=float, default=0.8, help="the truth ends at this share of the days")
    parser.add_argument("--every", type=int, default=1, help="only every n-th household")
    parser.add_argument("--days", type=int, default=365, help="only so many days: a shop with a short history")
    parser.add_argument("--by-category", action="store_true", help="categories as products: a small assortment")
    options = parser.parse_args()
    lines = canonical(2_000_000).filter(pl.col("customer_id").cast(pl.Int64) % options.every == 0)
    local_day = pl.col("purchased_at").dt.convert_time_zone("America/New_York").dt.date()
    lines = lines.with_columns(purchase_day=local_day).with_columns(basket=pl.struct("customer_id", "purchase_day"))
    first = lines["purchase_day"].min()
    assert isinstance(first, date)
    days = min(options.days, lines["purchase_day"].n_unique())
    described = catalogue()
    if options.by_category:
        lines = lines.join(described.drop_nulls("category").select("product_id", "category"), on="product_id")
        lines = lines.drop("product_id").rename({"category": "product_id"})
        described = described.clear()
    cut, end = (first + timedelta(days=round(share * days)) for share in (options.known, options.until))
    known = lines.filter(pl.col("purchase_day") < cut)
    later = lines.filter(pl.col("purchase_day") >= cut, pl.col("purchase_day") < end)
    judged = known_products(known)
    partners = later_partners(later, judged)
    categories = described.select("product_id", "category")
    popular = known.group_by("product_id").agg(pl.col("customer_id").n_unique()).sort("customer_id", "product_id")
    top = popular.tail(PLACES)["product_id"]

    def show(name: str, neighbours: pl.DataFrame, seconds: float = 0.0) -> None:
        named = (
            neighbours.filter(pl.col("rank") <= PLACES, pl.col("product_id").is_in(judged.implode()))
            .join(categories, on="product_id", how="left")
            .join(categories, left_on="neighbour_id", right_on="product_id", how="left", suffix="_other")
        )
        same = (named["category"] == named["category_other"]).mean() or 0.0
        crowd = named["neighbour_id"].is_in(top.implode()).mean()
        found = judge(neighbours, partners)
        print(
            f"{name:22} NDCG@{PLACES} {found.ndcg:.4f} of {found.products:,} products; same category {same:.3f}; "
            f"{named['neighbour_id'].n_unique():,} different; popular {crowd:.3f}; "
            f"{seconds:.1f} s",
            flush=True,
        )

    show("shrunk cosine", shrunk_cosine(known, judged))
    everywhere = pl.DataFrame({"product_id": judged}).join(
        pl.DataFrame({"neighbour_id": top.reverse()}).with_row_index("rank", 1), how="cross"
    )
    show("popular", everywhere)
    for name, variant in VARIANTS.items():
        began = time.perf_counter()
        frame = similarity(
            known.drop("basket").lazy(),
            described.lazy(),
            as_of=cut,
            parameters=SimilaritySettings(**variant),
            privacy=PrivacySettings(),
            resources=Resources(threads=2, memory_bytes=4 * 2**30),
        ).frames["neighbours"]
        show(name, frame, time.perf_counter() - began)


if __name__ == "__main__":
    main()
